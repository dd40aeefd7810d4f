// The words over which a settlement's digest is taken: see the two Merkle trees in `docs/economy.md`. All words are
// little-endian 64-bit when hashed.

/// One patron's part of a settlement, as the patron tree's leaf holds it.
package struct PatronLeaf: Sendable, Hashable {
  package struct Click: Sendable, Hashable {
    package let thing: ThingID
    package let owner: AccountID
    package let share: Micros

    package init(thing: ThingID, owner: AccountID, share: Micros) {
      self.thing = thing
      self.owner = owner
      self.share = share
    }
  }

  package let id: AccountID
  package let pot: Micros
  package let fee: Micros
  /// By thing id.
  package let clicks: [Click]

  package init(id: AccountID, pot: Micros, fee: Micros, clicks: [Click]) {
    self.id = id
    self.pot = pot
    self.fee = fee
    self.clicks = clicks
  }

  /// The leaf's words, after its blind.
  package var words: [UInt64] {
    var words: [UInt64] = []
    Self.append(id: id, pot: pot, fee: fee, clicks: clicks.indices, to: &words) { clicks[$0] }
    return words
  }

  /// Appends a leaf's words.
  static func append(
    id: AccountID, pot: Micros, fee: Micros, clicks: Range<Int>, to words: inout [UInt64],
    click: (Int) -> Click
  ) {
    words.append(word(id.rawValue))
    words.append(word(pot.rawValue))
    words.append(word(fee.rawValue))
    words.append(UInt64(clicks.count))
    for position in clicks {
      let click = click(position)
      words.append(word(click.thing.rawValue))
      words.append(word(click.owner.rawValue))
      words.append(word(click.share.rawValue))
    }
  }
}

/// One owner's part of a settlement, as the owner tree's leaf holds it.
package struct OwnerLeaf: Sendable, Hashable {
  package let id: AccountID
  package let clicks: Int64
  package let micros: Micros

  package init(id: AccountID, clicks: Int64, micros: Micros) {
    self.id = id
    self.clicks = clicks
    self.micros = micros
  }

  /// The leaf's words, after its blind.
  package var words: [UInt64] { [word(id.rawValue), word(clicks), word(micros.rawValue)] }
}

/// What stands before the two roots in a settlement's digest.
package struct SettlementHeader: Sendable, Hashable {
  /// The version of the rule that leaves and shares follow.
  package static let ruleVersion: Int64 = 1

  package let period: Period
  package let feeBps: Int64
  package let pots: Int64
  package let clicks: Int64
  package let owners: Int64
  package let potsMicros: Micros
  package let feesMicros: Micros
  package let revenueMicros: Micros

  package init(
    period: Period, feeBps: Int64, pots: Int64, clicks: Int64, owners: Int64, potsMicros: Micros,
    feesMicros: Micros,
    revenueMicros: Micros
  ) {
    self.period = period
    self.feeBps = feeBps
    self.pots = pots
    self.clicks = clicks
    self.owners = owners
    self.potsMicros = potsMicros
    self.feesMicros = feesMicros
    self.revenueMicros = revenueMicros
  }

  package init(_ period: Period, feeBps: Int, _ totals: SettlementPlan.Totals) {
    self.init(
      period: period, feeBps: Int64(feeBps), pots: Int64(totals.pots), clicks: Int64(totals.clicks),
      owners: Int64(totals.owners), potsMicros: totals.potsMicros, feesMicros: totals.feesMicros,
      revenueMicros: totals.revenueMicros)
  }

  package var words: [UInt64] {
    [
      Self.ruleVersion, Int64(period.number), feeBps, pots, clicks, owners, potsMicros.rawValue,
      feesMicros.rawValue,
      revenueMicros.rawValue,
    ].map(word)
  }
}

/// What fixes a plan: its digest, and the roots of blocks of leaves, from which receipts are made fast.
package struct SettlementSeal: Sendable, Hashable {
  package enum Tree: Int64, Sendable, Hashable {
    case patrons = 1
    case owners = 2
  }

  /// A complete subtree of up to `leavesPerBlock` leaves.
  package struct Block: Sendable, Hashable {
    package let tree: Tree
    /// Whose leaf is the block's first.
    package let first: AccountID
    /// 32 bytes.
    package let hash: [UInt8]

    package init(tree: Tree, first: AccountID, hash: [UInt8]) {
      self.tree = tree
      self.first = first
      self.hash = hash
    }
  }

  /// A power of two. A receipt hashes one block's leaves again and reads the block roots of both trees: with a million
  /// patrons, 128 leaves and 7,813 roots.
  package static let leavesPerBlock = 128

  /// 32 bytes.
  package let digest: [UInt8]
  /// By tree and first leaf.
  package let blocks: [Block]

  package init(digest: [UInt8], blocks: [Block]) {
    self.digest = digest
    self.blocks = blocks
  }
}

private func word(_ value: Int64) -> UInt64 { UInt64(bitPattern: value) }
