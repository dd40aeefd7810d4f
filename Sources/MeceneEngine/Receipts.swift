internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

extension BookFile {
  /// Makes an account's receipt of a settled period, from the block of leaves that its leaf is in and the roots of all
  /// blocks.
  ///
  /// - Throws: A `Refusal` when the period is not settled, the account has no such part in it, or the part is of more clicks
  ///   than a message holds; a `Finding` when the
  ///   rows don't give the digest that the settlement has.
  func receipt(
    _ reference: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree,
    clicksMax: Int = ReceiptProof.clicksMax
  ) throws -> (account: AccountID, proof: ReceiptProof) {
    let (account, settled) = try read { snapshot in
      let account = try snapshot.account(reference, field: "account").id
      _ = try snapshot.terms(of: period)
      return (account, try snapshot.settlement(period))
    }
    guard let settled, settled.state == .settled else { throw Refusal.settlementNotFound(period) }
    let header = SettlementHeader(period, feeBps: settled.feeBps, settled.totals)
    let blocks = try storedBlocks(period)
    let own = blocks.filter { $0.tree == tree }
    let roots = own.compactMap { Hash($0.hash) }
    guard roots.count == own.count else {
      throw Finding(
        table: "settlement_block", key: "\(period) \(tree)", expected: "32 bytes in each",
        found: "another number")
    }
    guard let position = own.lastIndex(where: { $0.first <= account }) else {
      throw Refusal.noReceipt(reference, period, tree)
    }
    let end = position + 1 < own.count ? own[position + 1].first : AccountID(.max)
    var hashes: [Hash] = []
    var found: (offset: Int, part: ReceiptProof.Leaf, blind: Hash)?
    try forEachLeaf(period, tree, from: own[position].first, to: end, feeBps: settled.feeBps) { leaf in
      let blind = LeafHash.blind(leaf.id, period, secret: leaf.secret[...])
      if leaf.id == account { found = (hashes.count, leaf.part, blind) }
      hashes.append(LeafHash.of(leaf.words, blind: blind))
    }
    guard let (offset, part, blind) = found else { throw Refusal.noReceipt(reference, period, tree) }
    if case .patron(let leaf) = part, leaf.clicks.count > clicksMax {
      throw Refusal(
        .messageTooLarge, field: "account",
        "the receipt would be of \(leaf.clicks.count) clicks, and one is of at most \(clicksMax)",
        ["clicks": "\(leaf.clicks.count)", "clicks_max": "\(clicksMax)"])
    }
    let proof = ReceiptProof(
      header: header, leaf: part, blind: blind.bytes,
      index: UInt64(position * SettlementSeal.leavesPerBlock + offset),
      path: (MerkleTree.path(to: offset, in: hashes[...]) + MerkleTree.path(to: position, in: roots[...]))
        .map(\.bytes),
      otherRoot: MerkleTree(hashes: blocks.filter { $0.tree != tree }.compactMap { Hash($0.hash) }).root.bytes
    )
    guard proof.digest == settled.digest else {
      throw Finding(
        table: "settlement", key: "\(period)", expected: "digest \(settled.digest.hexadecimal)",
        found: proof.digest.map { "digest \($0.hexadecimal)" } ?? "leaves that fit no tree")
    }
    return (account, proof)
  }

  private struct BlockLeaf {
    let id: AccountID
    let secret: [UInt8]
    let words: [UInt64]
    let part: ReceiptProof.Leaf
  }

  /// Hands the leaves of a block over one by one: together those of patrons with many clicks took a gigabyte.
  private func forEachLeaf(
    _ period: Period, _ tree: SettlementSeal.Tree, from first: AccountID, to end: AccountID, feeBps: Int,
    _ body: (BlockLeaf) -> Void
  ) throws {
    switch tree {
    case .patrons:
      try forEachPatronPart(period, from: first, to: end) { id, secret, pot, clicks in
        let split = Split(pot: pot, feeBps: feeBps, clicks: clicks.count, patron: id, period: period)
        let leaf = PatronLeaf(id: id, pot: pot, fee: split.fee, clicks: clicks)
        body(BlockLeaf(id: leaf.id, secret: secret, words: leaf.words, part: .patron(leaf)))
      }
    case .owners:
      for (leaf, secret) in try ownerLeaves(period, from: first, to: end) {
        body(BlockLeaf(id: leaf.id, secret: secret, words: leaf.words, part: .owner(leaf)))
      }
    }
  }
}

extension Refusal {
  fileprivate static func noReceipt(
    _ reference: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree
  ) -> Refusal {
    let name =
      switch reference {
      case .id(let id): "number \(id)"
      case .name(let name, _): name
      }
    let lacks = tree == .patrons ? "set nothing aside for \(period)" : "received nothing for \(period)"
    return Refusal(
      .receiptNotFound, field: "account", "the account \(name) \(lacks), so there is no such receipt",
      ["period": "\(period)"])
  }
}
