internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

extension BookFile {
  private static let pieceRows = 50_000

  /// Proves the books from clicks and transfers alone, and names the first row that is wrong: rule 10.
  ///
  /// - Parameter kept: A commit that was kept outside: the chain has to hold it.
  func verify(against kept: CommitPoint? = nil, progress: (StageProgress) -> Void) throws -> Verdict {
    var verdict = Verdict()
    do {
      try verify(kept, &verdict, progress)
    } catch let finding as Finding {
      verdict.finding = finding
    }
    return verdict
  }

  private func verify(
    _ kept: CommitPoint?, _ verdict: inout Verdict, _ progress: (StageProgress) -> Void
  ) throws {
    try checkSchema()
    // First, because the others trust the kinds of their columns.
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
      let after = TransferID(audit.transferCount)
      let piece = try read { try $0.transfers(after: after, limit: Self.pieceRows) }
      for transfer in piece { try audit.check(transfer) }
      progress(StageProgress("checking transfers", Int(audit.transferCount), of: total))
      if piece.count < Self.pieceRows { break }
    }
    // From here on only this snapshot tells which periods are settled: what settles later is told by later rows.
    let periods = try read { snapshot in
      while true {
        let piece = try snapshot.transfers(after: TransferID(audit.transferCount), limit: Self.pieceRows)
        if piece.isEmpty { break }
        for transfer in piece { try audit.check(transfer) }
      }
      try snapshot.checkDerivedColumns(against: audit)
      return try snapshot.periods().map { ($0.period, try snapshot.settlement($0.period)) }
    }
    verdict.transfers = Int(audit.transferCount)
    try verifyFingerprints(progress)
    // The chain comes last: it catches every change, and the others can say more of theirs.
    try verifyPeriods(periods, audit, &verdict, progress)
    try verifyChain(kept, &verdict, progress)
  }

  private func verifyPeriods(
    _ periods: [(Period, SettlementRecord?)], _ audit: BookAudit, _ verdict: inout Verdict,
    _ progress: (StageProgress) -> Void
  ) throws {
    var owners = try owners()
    var secrets: AccountSecrets?
    var unsettled: Period?
    for (position, (period, settlement)) in periods.enumerated() {
      if let settlement, settlement.state == .settled {
        if let unsettled {
          throw Finding(
            table: "settlement", key: "\(period)", expected: "\(unsettled) settled before", found: "a gap")
        }
        verdict.clicks += try verifySettled(settlement, owners, &secrets, audit)
        verdict.settlements += 1
      } else {
        unsettled = unsettled ?? period
        verdict.clicks += try verifyUnsettled(period, settlement, &owners, &secrets)
      }
      progress(StageProgress("checking periods", position + 1, of: periods.count))
    }
  }

  /// Recomputes every link, and every hash of rows that are still there. Filed clicks, whose log is gone, are anchored by
  /// their settlement's digest, which is itself a row of a commit.
  private func verifyChain(
    _ kept: CommitPoint?, _ verdict: inout Verdict, _ progress: (StageProgress) -> Void
  ) throws {
    var chain = ChainProof()
    try forEachCommit { commit, rows, last in
      try chain.check(commit, rows)
      if let kept, kept.number == commit.sequence {
        guard kept.link == chain.last.link else {
          throw Finding(
            table: "commit_log", key: "\(commit.sequence)",
            expected: "link \(kept.link.hexadecimal), which was kept",
            found: "link \(chain.last.link.hexadecimal)")
        }
      }
      if commit.sequence % 256 == 0 || commit.sequence == last {
        progress(StageProgress("checking commits", Int(commit.sequence), of: Int(last)))
      }
    }
    if let kept, kept.number > chain.last.number {
      throw Finding(
        table: "commit_log", key: "\(kept.number)", expected: "a commit with the link that was kept",
        found: "commit \(chain.last.number) as the last")
    }
    verdict.last = chain.last
  }

  /// Accounts and things are found by their fingerprints, which follow from their names and URLs.
  private func verifyFingerprints(_ progress: (StageProgress) -> Void) throws {
    let key = FingerprintKey(secret: identity.secret)
    for table in Fingerprinted.allCases {
      try forEachFingerprint(of: table) { id, text, fingerprint, last in
        // Stored URLs are canonical: what two spellings share is what follows the scheme.
        let scheme = table == .thing ? text.firstRange(of: "://") : nil
        if key.fingerprint(of: String(text[(scheme?.upperBound ?? text.startIndex)...])) != fingerprint {
          throw Finding(
            table: "\(table)", key: "\(id) fingerprint", expected: "what \(text) gives", found: "another")
        }
        if id % 100_000 == 0 || id == last {
          progress(StageProgress("checking \(table)s", Int(clamping: id), of: Int(clamping: last)))
        }
      }
    }
  }

  func expect(_ table: String, _ key: String, _ expected: String, _ found: String) throws {
    if expected != found { throw Finding(table: table, key: key, expected: expected, found: found) }
  }
}
