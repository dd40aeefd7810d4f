package import MeceneLedger

extension SettlementPlan {
  /// The digest of the plan: the root of two Merkle trees, one leaf for each patron and each owner, blinded with the
  /// ledger's secret so that a receipt shows nothing of anybody else.
  ///
  /// - Parameter secret: 32 bytes.
  /// - Returns: 32 bytes.
  package func digest(secret: [UInt8]) -> [UInt8] {
    var patronTree = MerkleTree()
    for position in patrons.indices {
      patronTree.append(leaf: leaf(patrons[position].id, leafWords(ofPatronAt: position), secret))
    }
    var ownerTree = MerkleTree()
    for position in owners.indices {
      ownerTree.append(leaf: leaf(owners[position].id, leafWords(ofOwnerAt: position), secret))
    }
    var hasher = WordHasher()
    hasher.update(headerWords)
    hasher.update(patronTree.root)
    hasher.update(ownerTree.root)
    return hasher.finish()
  }

  private func leaf(_ id: AccountID, _ words: [UInt64], _ secret: [UInt8]) -> [UInt8] {
    var hasher = WordHasher()
    hasher.update(secret)
    hasher.update([UInt64(period.number), UInt64(id.rawValue)])
    var leaf = hasher.finish()
    leaf.reserveCapacity(32 + 8 * words.count)
    for word in words {
      for shift in stride(from: 0, to: 64, by: 8) {
        leaf.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return leaf
  }
}
