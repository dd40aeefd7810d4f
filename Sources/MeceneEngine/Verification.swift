internal import MeceneLedger
internal import MeceneStore

extension BookFile {
  private static let pieceRows = 50_000

  /// Proves the books from clicks and transfers alone, and names the first row that is wrong: rule 10.
  func verify(progress: (StageProgress) -> Void) throws -> Verdict {
    var verdict = Verdict()
    do {
      try verify(&verdict, progress)
    } catch let finding as BookAudit.Finding {
      verdict.finding = finding
    }
    return verdict
  }

  private func verify(_ verdict: inout Verdict, _ progress: (StageProgress) -> Void) throws {
    var audit = BookAudit()
    let total = try read { try $0.status().transfers }
    // Pieces until little is left, then the rest together with the derived columns in one snapshot.
    while true {
      let after = audit.transferCount
      let piece = try read { try $0.transfers(after: after, limit: Self.pieceRows) }
      for transfer in piece { try audit.check(transfer) }
      progress(StageProgress("checking transfers", Int(audit.transferCount), of: total))
      if piece.count < Self.pieceRows { break }
    }
    let periods = try read { snapshot in
      while true {
        let piece = try snapshot.transfers(after: audit.transferCount, limit: Self.pieceRows)
        if piece.isEmpty { break }
        for transfer in piece { try audit.check(transfer) }
      }
      try snapshot.checkDerivedColumns(against: audit)
      return try snapshot.periods().map(\.period)
    }
    verdict.transfers = Int(audit.transferCount)
    try verifyPeriods(periods, audit, &verdict, progress)
  }

  private func verifyPeriods(
    _ periods: [Period], _ audit: BookAudit, _ verdict: inout Verdict, _ progress: (StageProgress) -> Void
  ) throws {
    let owners = try owners()
    var unsettled: Period?
    for (position, period) in periods.enumerated() {
      let settled = try read { try $0.settlement(period) }
      if let settled, settled.state == .settled {
        if let unsettled {
          throw BookAudit.Finding(
            table: "settlement", key: "\(period)", expected: "\(unsettled) settled before", found: "a gap")
        }
        verdict.clicks += try verifySettled(settled, owners, audit)
        verdict.settlements += 1
      } else {
        unsettled = unsettled ?? period
        verdict.clicks += try verifyUnsettled(period, settled, owners)
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
    var clicks: [(patron: AccountID, thing: ThingID)] = []
    var shares: [Micros] = []
    try forEachFiledClick(period) { patron, thing, share in
      clicks.append((patron, thing))
      shares.append(share)
    }
    let pots = try pots(period)
    try checkClicks(clicks, pots, owners, table: "click", period)
    let plan = SettlementPlan(
      period: period, terms: try read { try $0.terms(of: period) }, pots: pots, clicks: clicks,
      owner: { owners[Int($0.rawValue) - 1] })
    for (position, share) in shares.enumerated() where share != plan.shares[position] {
      throw BookAudit.Finding(
        table: "click", key: "\(period) \(clicks[position].patron) \(clicks[position].thing)",
        expected: "share_micros \(plan.shares[position].rawValue)", found: "\(share.rawValue)")
    }
    let filed = try filedRevenue(period)
    let expected = plan.owners.flatMap { owner in plan.revenue[owner.things].map { (owner.id, $0) } }
    for (position, row) in filed.enumerated() {
      guard position < expected.count, expected[position].0 == row.owner, expected[position].1 == row.revenue
      else {
        throw BookAudit.Finding(
          table: "revenue", key: "\(period) \(row.owner) \(row.revenue.thing)",
          expected: "what the clicks' shares sum to",
          found: "\(row.revenue.micros.rawValue) for \(row.revenue.clicks)")
      }
    }
    try expect("revenue", key, "\(expected.count) rows", "\(filed.count) rows")
    let digest = hexadecimal(plan.digest(secret: identity.secret))
    try expect("settlement", key, "digest \(digest)", "digest \(hexadecimal(settled.digest))")
    try expect("settlement", key, "\(plan.totals)", "\(settled.totals)")
    let given = audit.given[period] ?? .zero
    try expect("transfer", "give of \(period)", "\(plan.totals.revenueMicros)", "\(given)")
    try expect("transfer", "revenue of \(period)", "\(given)", "\(audit.received[period] ?? .zero)")
    try expect("transfer", "clearing of \(period)", "0.00", "\(audit.balance(.clearing(period)))")
    for pot in pots where audit.balance(.pot(pot.patron, period)) != .zero {
      throw BookAudit.Finding(
        table: "pot", key: "\(period) \(pot.patron)", expected: "nothing left after the settlement",
        found: "\(audit.balance(.pot(pot.patron, period)))")
    }
    return clicks.count
  }

  private func verifyUnsettled(
    _ period: Period, _ planned: SettlementRecord?, _ owners: [AccountID]
  ) throws -> Int {
    let data: PeriodData
    do {
      data = try periodData(period) { _, _ in }
    } catch let error as StoreError {
      // It may have been settled, and its log dropped, since the list of periods was read.
      if try read({ try $0.settlement(period) })?.state == .settled { return 0 }
      throw error
    }
    // A thing that was added since the list of owners was read is not clicked by its owner either: its click was
    // decided by the same rule.
    try checkClicks(data.clicks, data.pots, owners, table: "click_log", period)
    if let planned {
      let plan = SettlementPlan(
        period: period, terms: data.terms, pots: data.pots, clicks: data.clicks,
        owner: { owners[Int($0.rawValue) - 1] })
      try expect(
        "settlement", "\(period)", "digest \(hexadecimal(plan.digest(secret: identity.secret)))",
        "digest \(hexadecimal(planned.digest))")
    }
    return data.clicks.count
  }

  private func checkClicks(
    _ clicks: [(patron: AccountID, thing: ThingID)], _ pots: [(patron: AccountID, pot: Micros)],
    _ owners: [AccountID], table: String, _ period: Period
  ) throws {
    var pot = pots.startIndex
    for click in clicks {
      let key = "\(period) \(click.patron) \(click.thing)"
      while pot < pots.endIndex, pots[pot].patron < click.patron { pot += 1 }
      guard pot < pots.endIndex, pots[pot].patron == click.patron else {
        throw BookAudit.Finding(table: table, key: key, expected: "a patron with a pot", found: "none")
      }
      guard click.thing.rawValue >= 1, click.thing.rawValue <= owners.count else { continue }
      if owners[Int(click.thing.rawValue) - 1] == click.patron {
        throw BookAudit.Finding(
          table: table, key: key, expected: "a thing of another owner", found: "an own thing")
      }
    }
  }

  private func expect(_ table: String, _ key: String, _ expected: String, _ found: String) throws {
    if expected != found { throw BookAudit.Finding(table: table, key: key, expected: expected, found: found) }
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String { bytes.hexadecimal }
}

extension [UInt8] {
  /// Two digits for each byte.
  package var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
