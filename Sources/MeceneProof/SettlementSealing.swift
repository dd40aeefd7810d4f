package import MeceneConcurrency
package import MeceneLedger

extension SettlementPlan {
  /// Seals the plan: the root of two Merkle trees, one leaf for each patron and each owner, blinded with the account's
  /// secret so that a receipt shows nothing of anybody else.
  ///
  /// - Parameters:
  ///   - secrets: Those of all accounts of the plan.
  ///   - cores: Those that hash.
  ///   - pause: Called after each block of leaves, on the thread that hashed it.
  package func seal(
    secrets: AccountSecrets, cores: Cores = .one, pause: @escaping @Sendable () -> Void = {}
  ) -> SettlementSeal {
    var blocks: [SettlementSeal.Block] = []
    let sealing = Sealing(plan: self, secrets: secrets, cores: cores, pause: pause)
    let patronRoot = sealing.root(.patrons, count: patrons.count, &blocks) { position, words in
      appendPatronLeaf(at: position, to: &words)
      return patrons[position].id
    }
    let ownerRoot = sealing.root(.owners, count: owners.count, &blocks) { position, words in
      words += ownerLeaf(at: position).words
      return owners[position].id
    }
    return SettlementSeal(digest: header.digest(patronRoot: patronRoot, ownerRoot: ownerRoot), blocks: blocks)
  }
}

private struct Sealing: Sendable {
  let plan: SettlementPlan
  let secrets: AccountSecrets
  let cores: Cores
  let pause: @Sendable () -> Void

  /// A tree's root, block by block.
  ///
  /// - Parameter leaf: Appends a leaf's words, and says whose it is.
  func root(
    _ tree: SettlementSeal.Tree, count: Int, _ blocks: inout [SettlementSeal.Block],
    leaf: @Sendable (Int, inout [UInt64]) -> AccountID
  ) -> Hash {
    let blockCount = (count + SettlementSeal.leavesPerBlock - 1) / SettlementSeal.leavesPerBlock
    let parts = min(cores.count, blockCount)
    let roots = Locked([[(first: AccountID, root: Hash)]](repeating: [], count: parts))
    cores.perform(parts) { part in
      let range = blockCount * part / parts..<blockCount * (part + 1) / parts
      let found = range.map { block in
        let start = block * SettlementSeal.leavesPerBlock
        return blockRoot(start..<min(start + SettlementSeal.leavesPerBlock, count), leaf)
      }
      roots.withLock { $0[part] = found }
    }
    let all = roots.withLock { $0.joined().map(\.self) }
    blocks += all.map { SettlementSeal.Block(tree: tree, first: $0.first, hash: $0.root.bytes) }
    return MerkleTree(hashes: all.map(\.root)).root
  }

  private func blockRoot(
    _ positions: Range<Int>, _ leaf: (Int, inout [UInt64]) -> AccountID
  ) -> (first: AccountID, root: Hash) {
    var tree = MerkleTree()
    var hasher = WordHasher()
    var words: [UInt64] = []
    var first: AccountID?
    for position in positions {
      words.removeAll(keepingCapacity: true)
      let id = leaf(position, &words)
      first = first ?? id
      let blind = LeafHash.blind(id, plan.period, secret: secrets.of(id), &hasher)
      tree.append(hash: LeafHash.of(words, blind: blind, &hasher))
    }
    pause()
    return (first ?? AccountID(0), tree.root)
  }
}

extension SettlementHeader {
  /// The digest that two roots give, 32 bytes.
  package func digest(patronRoot: Hash, ownerRoot: Hash) -> [UInt8] {
    var hasher = WordHasher()
    hasher.update(words)
    hasher.update(patronRoot)
    hasher.update(ownerRoot)
    return hasher.finish().bytes
  }
}

/// The hashes of blinded leaves.
package enum LeafHash {
  /// What hides a leaf from whoever does not hold its receipt: `H(secret | m | id)`.
  ///
  /// - Parameter secret: The account's, 32 bytes.
  package static func blind(_ id: AccountID, _ period: Period, secret: ArraySlice<UInt8>) -> Hash {
    var hasher = WordHasher()
    return blind(id, period, secret: secret, &hasher)
  }

  static func blind(
    _ id: AccountID, _ period: Period, secret: ArraySlice<UInt8>, _ hasher: inout WordHasher
  ) -> Hash {
    hasher.update(secret)
    hasher.update(UInt64(bitPattern: Int64(period.number)))
    hasher.update(UInt64(bitPattern: id.rawValue))
    return hasher.finish()
  }

  /// The hash of somebody's leaf: `H(0x00 | blind(id) | words)`.
  package static func of(
    _ words: [UInt64], _ id: AccountID, _ period: Period, secret: ArraySlice<UInt8>
  ) -> Hash {
    of(words, blind: blind(id, period, secret: secret))
  }

  /// `H(0x00 | blind | words)`.
  package static func of(_ words: [UInt64], blind: Hash) -> Hash {
    var hasher = WordHasher()
    return of(words, blind: blind, &hasher)
  }

  static func of(_ words: [UInt64], blind: Hash, _ hasher: inout WordHasher) -> Hash {
    hasher.update(0 as UInt8)
    hasher.update(blind)
    hasher.update(words)
    return hasher.finish()
  }
}
