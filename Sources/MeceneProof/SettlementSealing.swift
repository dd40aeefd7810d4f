package import MeceneLedger

extension SettlementPlan {
  /// Seals the plan: the root of two Merkle trees, one leaf for each patron and each owner, blinded with the ledger's
  /// secret so that a receipt shows nothing of anybody else.
  ///
  /// - Parameter secret: 32 bytes.
  package func seal(secret: [UInt8]) -> SettlementSeal {
    var blocks: [SettlementSeal.Block] = []
    let patronRoot = Self.root(
      .patrons, count: patrons.count, &blocks, id: { patrons[$0].id },
      leaf: { LeafHash.of(patronLeaf(at: $0), period, secret) })
    let ownerRoot = Self.root(
      .owners, count: owners.count, &blocks, id: { owners[$0].id },
      leaf: { LeafHash.of(ownerLeaf(at: $0), period, secret) })
    return SettlementSeal(digest: header.digest(patronRoot: patronRoot, ownerRoot: ownerRoot), blocks: blocks)
  }

  /// A tree's root, block by block.
  private static func root(
    _ tree: SettlementSeal.Tree, count: Int, _ blocks: inout [SettlementSeal.Block], id: (Int) -> AccountID,
    leaf: (Int) -> [UInt8]
  ) -> [UInt8] {
    var whole = MerkleTree()
    for start in stride(from: 0, to: count, by: SettlementSeal.leavesPerBlock) {
      var block = MerkleTree()
      for position in start..<min(start + SettlementSeal.leavesPerBlock, count) {
        block.append(hash: leaf(position))
      }
      blocks.append(SettlementSeal.Block(tree: tree, first: id(start), hash: block.root))
      whole.append(hash: block.root)
    }
    return whole.root
  }
}

extension SettlementHeader {
  /// The digest that two roots give.
  package func digest(patronRoot: [UInt8], ownerRoot: [UInt8]) -> [UInt8] {
    var hasher = WordHasher()
    hasher.update(words)
    hasher.update(patronRoot)
    hasher.update(ownerRoot)
    return hasher.finish()
  }
}

/// The hashes of blinded leaves.
package enum LeafHash {
  /// What hides a leaf from whoever does not hold its receipt: `H(secret | m | id)`.
  package static func blind(_ id: AccountID, _ period: Period, secret: [UInt8]) -> [UInt8] {
    var hasher = WordHasher()
    hasher.update(secret)
    hasher.update([UInt64(bitPattern: Int64(period.number)), UInt64(bitPattern: id.rawValue)])
    return hasher.finish()
  }

  package static func of(_ leaf: PatronLeaf, _ period: Period, _ secret: [UInt8]) -> [UInt8] {
    of(leaf.words, blind: blind(leaf.id, period, secret: secret))
  }

  package static func of(_ leaf: OwnerLeaf, _ period: Period, _ secret: [UInt8]) -> [UInt8] {
    of(leaf.words, blind: blind(leaf.id, period, secret: secret))
  }

  /// `H(0x00 | blind | words)`.
  package static func of(_ words: [UInt64], blind: [UInt8]) -> [UInt8] {
    var hasher = WordHasher(room: 33 + 8 * words.count)
    hasher.update([0] as [UInt8])
    hasher.update(blind)
    hasher.update(words)
    return hasher.finish()
  }
}
