internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

extension BookFile {
  private static let pieceRows = 50_000

  /// Proves the books from clicks and transfers alone, and names the first row that is wrong: rule 10.
  func verify(progress: (StageProgress) -> Void) throws -> Verdict {
    var verdict = Verdict()
    do {
      try verify(&verdict, progress)
    } catch let finding as Finding {
      verdict.finding = finding
    }
    return verdict
  }

  private func verify(_ verdict: inout Verdict, _ progress: (StageProgress) -> Void) throws {
    // First, for the others trust the kinds of their columns.
    for table in try tables() {
      try Task.checkCancellation()
      progress(StageProgress("checking pages of \(table)", 0, of: 0))
      try checkIntegrity(of: table)
    }
    var audit = BookAudit()
    let total = try read { try $0.status().transfers }
    // Pieces until little is left, then the rest together with the derived columns in one snapshot.
    while true {
      try Task.checkCancellation()
      let after = audit.transferCount
      let piece = try read { try $0.transfers(after: after, limit: Self.pieceRows) }
      for transfer in piece { try audit.check(transfer) }
      progress(StageProgress("checking transfers", Int(audit.transferCount), of: total))
      if piece.count < Self.pieceRows { break }
    }
    // From here on only this snapshot tells which periods are settled: what settles later is told by later rows.
    let periods = try read { snapshot in
      while true {
        let piece = try snapshot.transfers(after: audit.transferCount, limit: Self.pieceRows)
        if piece.isEmpty { break }
        for transfer in piece { try audit.check(transfer) }
      }
      try snapshot.checkDerivedColumns(against: audit)
      return try snapshot.periods().map { ($0.period, try snapshot.settlement($0.period)) }
    }
    verdict.transfers = Int(audit.transferCount)
    try verifyThings(progress)
    // The chain comes last: it catches every change, and the others can say more of theirs.
    try verifyPeriods(periods, audit, &verdict, progress)
    try verifyChain(&verdict, progress)
  }

  private func verifyPeriods(
    _ periods: [(Period, SettlementRecord?)], _ audit: BookAudit, _ verdict: inout Verdict,
    _ progress: (StageProgress) -> Void
  ) throws {
    var owners = try owners()
    var unsettled: Period?
    for (position, (period, settlement)) in periods.enumerated() {
      if let settlement, settlement.state == .settled {
        if let unsettled {
          throw Finding(
            table: "settlement", key: "\(period)", expected: "\(unsettled) settled before", found: "a gap")
        }
        verdict.clicks += try verifySettled(settlement, owners, audit)
        verdict.settlements += 1
      } else {
        unsettled = unsettled ?? period
        verdict.clicks += try verifyUnsettled(period, settlement, &owners)
      }
      progress(StageProgress("checking periods", position + 1, of: periods.count))
    }
  }

  /// Recomputes a settled period from its filed clicks and its pots.
  private func verifySettled(
    _ settled: SettlementRecord, _ owners: [AccountID], _ audit: BookAudit
  ) throws -> Int {
    let period = settled.period
    let key = "\(period)"
    let filed = try filedPeriod(period)
    let plan = try filed.plan(owners)
    for (position, share) in filed.shares.enumerated() where share != plan.shares[position] {
      let click = filed.clicks[position]
      throw Finding(
        table: "click", key: "\(period) \(click.patron) \(click.thing)",
        expected: "share_micros \(plan.shares[position].rawValue)", found: "\(share.rawValue)")
    }
    try verifyRevenue(period, plan)
    let seal = plan.seal(secret: identity.secret)
    try expect(
      "settlement", key, "digest \(seal.digest.hexadecimal)", "digest \(settled.digest.hexadecimal)")
    try verifyBlocks(period, seal)
    try expect("settlement", key, "\(plan.totals)", "\(settled.totals)")
    let given = audit.given[period] ?? .zero
    try expect("transfer", "give of \(period)", "\(plan.totals.revenueMicros)", "\(given)")
    try expect("transfer", "revenue of \(period)", "\(given)", "\(audit.received[period] ?? .zero)")
    try expect("transfer", "clearing of \(period)", "0.00", "\(audit.balance(.clearing(period)))")
    for pot in filed.pots where audit.balance(.pot(pot.patron, period)) != .zero {
      throw Finding(
        table: "pot", key: "\(period) \(pot.patron)", expected: "nothing left after the settlement",
        found: "\(audit.balance(.pot(pot.patron, period)))")
    }
    return filed.clicks.count
  }

  /// Receipts are made from the blocks; a ledger that settled before they were kept has none.
  private func verifyBlocks(_ period: Period, _ seal: SettlementSeal) throws {
    let stored = try storedBlocks(period)
    if stored.isEmpty { return }
    for (found, expected) in zip(stored, seal.blocks) where found != expected {
      throw Finding(
        table: "settlement_block", key: "\(period) \(expected.tree) \(expected.first)",
        expected: expected.hash.hexadecimal, found: "\(found.tree) \(found.first) \(found.hash.hexadecimal)")
    }
    try expect("settlement_block", "\(period)", "\(seal.blocks.count) rows", "\(stored.count) rows")
  }

  private func verifyRevenue(_ period: Period, _ plan: SettlementPlan) throws {
    let filed = try filedRevenue(period)
    let expected = plan.owners.flatMap { owner in plan.revenue[owner.things].map { (owner.id, $0) } }
    for (position, row) in filed.enumerated() {
      guard position < expected.count, expected[position].0 == row.owner, expected[position].1 == row.revenue
      else {
        throw Finding(
          table: "revenue", key: "\(period) \(row.owner) \(row.revenue.thing)",
          expected: "what the clicks' shares sum to",
          found: "\(row.revenue.micros.rawValue) for \(row.revenue.clicks)")
      }
    }
    try expect("revenue", "\(period)", "\(expected.count) rows", "\(filed.count) rows")
  }

  /// Makes the plan, which looks at each click and pot, and compares it with the one that was begun.
  private func verifyUnsettled(
    _ period: Period, _ begun: SettlementRecord?, _ owners: inout [AccountID]
  ) throws -> Int {
    let plan: SettlementPlan
    do {
      plan = try self.plan(period, owners: &owners, progress: { _ in })
    } catch let error as StoreError {
      // It may have been settled, and its log dropped, since the periods were read.
      if try read({ try $0.settlement(period) })?.state == .settled { return 0 }
      throw error
    }
    if let begun {
      try expect(
        "settlement", "\(period)", "digest \(plan.seal(secret: identity.secret).digest.hexadecimal)",
        "digest \(begun.digest.hexadecimal)")
    }
    return plan.totals.clicks
  }

  /// Recomputes every link, and every hash of rows that are still there. Filed clicks, whose log is gone, are anchored by
  /// their settlement's digest, which is itself a row of a commit.
  private func verifyChain(_ verdict: inout Verdict, _ progress: (StageProgress) -> Void) throws {
    var previous = [UInt8](repeating: 0, count: 32)
    var commits: Int64 = 0
    try forEachCommit { commit, rows, last in
      try expect("commit_log", "\(commit.sequence)", "sequence \(commits + 1)", "sequence \(commit.sequence)")
      commits += 1
      try verifyClicks(commit, rows)
      let hash = CommitChain.rowsHash(rows.bytes)
      if hash != commit.rowsHash {
        throw Finding(
          table: "commit_log", key: "\(commit.sequence)",
          expected: "rows_hash \(commit.rowsHash.hexadecimal)",
          found: "\(hash.hexadecimal) over " + (rows.names.isEmpty ? "no rows" : rows.names))
      }
      previous = CommitChain.link(
        previous: previous, sequence: commit.sequence, time: commit.time, rowsHash: commit.rowsHash)
      try expect(
        "commit_log", "\(commit.sequence)", "link \(previous.hexadecimal)", "link \(commit.link.hexadecimal)")
      if commits % 256 == 0 || commits == last {
        progress(StageProgress("checking commits", Int(commits), of: Int(last)))
      }
    }
    verdict.commits = Int(commits)
  }

  private func verifyClicks(_ commit: CommitRecord, _ rows: CommitRows) throws {
    try expect(
      "commit_log", "\(commit.sequence)",
      commit.clickRows > 0 ? "a clicks_hash" : "no clicks and no clicks_hash",
      commit.clicksHash != nil
        ? "a clicks_hash" : commit.clickRows == 0 ? "no clicks and no clicks_hash" : "none")
    guard let clicksHash = commit.clicksHash, let bytes = rows.clickBytes else { return }
    let hash = CommitChain.rowsHash(bytes)
    if hash != clicksHash {
      throw Finding(
        table: "commit_log", key: "\(commit.sequence)", expected: "clicks_hash \(clicksHash.hexadecimal)",
        found: "\(hash.hexadecimal) over \(rows.names)")
    }
  }

  /// Things are found by their fingerprints, which follow from their URLs.
  private func verifyThings(_ progress: (StageProgress) -> Void) throws {
    try forEachThing { id, url, fingerprint, last in
      // Stored URLs are canonical: what two spellings share is what follows the scheme.
      let identity = url.firstRange(of: "://").map { String(url[$0.upperBound...]) } ?? url
      if Fingerprint(of: identity) != fingerprint {
        throw Finding(
          table: "thing", key: "\(id) fingerprint", expected: "what \(url) gives", found: "another")
      }
      if id.rawValue % 100_000 == 0 || id == last {
        progress(StageProgress("checking things", Int(id.rawValue), of: Int(last.rawValue)))
      }
    }
  }

  private func expect(_ table: String, _ key: String, _ expected: String, _ found: String) throws {
    if expected != found { throw Finding(table: table, key: key, expected: expected, found: found) }
  }
}
