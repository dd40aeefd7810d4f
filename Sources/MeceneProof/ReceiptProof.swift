package import MeceneLedger

/// One person's part of a settlement, with the proof that it is part of what the settlement's digest stands for. It
/// needs no ledger and no daemon, and holds nothing of anybody else but hashes.
package struct ReceiptProof: Sendable, Hashable {
  package enum Leaf: Sendable, Hashable {
    case patron(PatronLeaf)
    case owner(OwnerLeaf)
  }

  /// The most clicks that a receipt is of: as a message, more would not fit the memory of one, or a frame.
  package static let clicksMax = 500_000

  package let header: SettlementHeader
  package let leaf: Leaf
  /// What hides the leaf from others, 32 bytes.
  package let blind: [UInt8]
  /// The leaf's position in its tree.
  package let index: UInt64
  /// The siblings on the way to the tree's root, the lowest first, 32 bytes each.
  package let path: [[UInt8]]
  /// The root of the tree that the leaf is not in.
  package let otherRoot: [UInt8]

  package init(
    header: SettlementHeader, leaf: Leaf, blind: [UInt8], index: UInt64, path: [[UInt8]], otherRoot: [UInt8]
  ) {
    self.header = header
    self.leaf = leaf
    self.blind = blind
    self.index = index
    self.path = path
    self.otherRoot = otherRoot
  }

  /// The digest of the settlement that this leaf is part of; nil when leaf and path fit no tree, or a hash has not 32
  /// bytes.
  package var digest: [UInt8]? {
    let words: [UInt64]
    let count: Int64
    switch leaf {
    case .patron(let patron): (words, count) = (patron.words, header.pots)
    case .owner(let owner): (words, count) = (owner.words, header.owners)
    }
    let siblings = path.compactMap(Hash.init)
    guard let size = UInt64(exactly: count), let blind = Hash(blind), let otherRoot = Hash(otherRoot),
      siblings.count == path.count,
      let root = MerkleTree.root(of: LeafHash.of(words, blind: blind), at: index, of: size, path: siblings)
    else { return nil }
    switch leaf {
    case .patron: return header.digest(patronRoot: root, ownerRoot: otherRoot)
    case .owner: return header.digest(patronRoot: otherRoot, ownerRoot: root)
    }
  }

  /// What contradicts the rules of the split in a patron's part; nil when each share is as it must be, and for owners,
  /// whose part says too little to recompute it.
  package var contradiction: String? {
    guard case .patron(let patron) = leaf else { return nil }
    guard patron.pot > .zero, (0...10_000).contains(header.feeBps), header.period.number >= 0 else {
      return "a pot is above 0 and a fee at most 10000"
    }
    let split = Split(
      pot: patron.pot, feeBps: Int(header.feeBps), clicks: patron.clicks.count, patron: patron.id,
      period: header.period)
    if patron.fee != split.fee { return "the fee is \(patron.fee) and has to be \(split.fee)" }
    for (position, click) in patron.clicks.enumerated() {
      if position > 0, patron.clicks[position - 1].thing >= click.thing {
        return "clicks stand by thing, each once"
      }
      let share = split.share(at: position)
      if click.share != share {
        return "the share of thing \(click.thing) is \(click.share) and has to be \(share)"
      }
    }
    return nil
  }
}
