internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

// What is filed of settlements, against the plans that lead to it.
extension BookFile {
  /// Recomputes a settled period from its filed clicks and its pots.
  ///
  /// - Returns: How many clicks were paid.
  func verifySettled(
    _ settled: SettlementRecord, _ owners: [AccountID], _ secrets: inout AccountSecrets?, _ audit: BookAudit
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
    try verifyRevenue(plan)
    try expect(
      "settlement", "\(key) drained_through", "\(plan.patrons.last?.id ?? AccountID(0))",
      "\(filed.cursors.drainedThrough)")
    try expect(
      "settlement", "\(key) paid_through", "\(plan.owners.last?.id ?? AccountID(0))",
      "\(filed.cursors.paidThrough)")
    try verifySeal(plan, settled, &secrets)
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

  /// Makes the plan, which looks at each click and pot, and compares it with the one that was begun.
  ///
  /// - Returns: How many clicks stand.
  func verifyUnsettled(
    _ period: Period, _ begun: SettlementRecord?, _ owners: inout [AccountID],
    _ secrets: inout AccountSecrets?
  ) throws -> Int {
    let plan: SettlementPlan
    do {
      plan = try self.plan(period, owners: &owners, progress: { _ in })
    } catch {
      // It may have been settled, and its log dropped, since the periods were read.
      if try read({ try $0.settlement(period) })?.state == .settled { return 0 }
      throw error
    }
    if let begun {
      let hasDrained = try verifyFiledClicks(plan)
      try verifySeal(plan, begun, &secrets, isWhole: hasDrained)
      try verifyRevenue(plan)
    }
    return plan.totals.clicks
  }

  /// - Parameters:
  ///   - secrets: Those of all accounts, once they were read: whoever is part of a settlement was there before it began.
  ///   - isWhole: Whether all blocks are filed; before the first pot is drained it may be the first of them.
  private func verifySeal(
    _ plan: SettlementPlan, _ record: SettlementRecord, _ secrets: inout AccountSecrets?,
    isWhole: Bool = true
  ) throws {
    let known = try secrets ?? accountSecrets()
    secrets = known
    let seal = plan.seal(secrets: known)
    try expect(
      "settlement", "\(plan.period)", "digest \(seal.digest.hexadecimal)",
      "digest \(record.digest.hexadecimal)")
    let stored = try storedBlocks(plan.period)
    for (found, expected) in zip(stored, seal.blocks) where found != expected {
      throw Finding(
        table: "settlement_block", key: "\(plan.period) \(expected.tree) \(expected.first)",
        expected: expected.hash.hexadecimal, found: "\(found.tree) \(found.first) \(found.hash.hexadecimal)")
    }
    if isWhole || stored.count > seal.blocks.count {
      try expect(
        "settlement_block", "\(plan.period)", "\(seal.blocks.count) rows", "\(stored.count) rows")
    }
    try expect("settlement", "\(plan.period) totals", "\(plan.totals)", "\(record.totals)")
  }

  /// While a settlement is under way, the clicks of drained pots are filed, and no others.
  ///
  /// - Returns: Whether a pot is drained.
  private func verifyFiledClicks(_ plan: SettlementPlan) throws -> Bool {
    var filed: [(patron: AccountID, thing: ThingID, share: Micros)] = []
    let cursors = try forEachFiledClick(plan.period) { filed.append(($0, $1, $2)) }
    let drained = plan.patrons.prefix { $0.id <= cursors.drainedThrough }
    for (cursor, last) in [
      (cursors.drainedThrough, drained.last?.id), (cursors.lastDrained, drained.last?.id),
    ] {
      try expect("settlement", "\(plan.period) drained_through", "\(last ?? AccountID(0))", "\(cursor)")
    }
    var rows = filed[...]
    for patron in drained {
      for click in patron.clicks {
        let expected = (plan.things[click], plan.shares[click])
        guard let row = rows.popFirst(), row.patron == patron.id, (row.thing, row.share) == expected else {
          throw Finding(
            table: "click", key: "\(plan.period) \(patron.id) \(expected.0)",
            expected: "share_micros \(expected.1.rawValue)", found: "another row, or none")
        }
      }
    }
    // Of whoever is next, many clicks are filed in pieces before the pot is drained.
    if let next = plan.patrons.dropFirst(drained.count).first,
      next.clicks.count > SettlementPlan.rowsAtOnce
    {
      for click in next.clicks {
        guard let row = rows.first, row.patron == next.id, row.thing == plan.things[click],
          row.share == plan.shares[click]
        else { break }
        rows.removeFirst()
      }
    }
    guard let extra = rows.first else { return !drained.isEmpty }
    throw Finding(
      table: "click", key: "\(plan.period) \(extra.patron) \(extra.thing)",
      expected: "no click of a pot that is not drained", found: "one")
  }

  /// What is filed of owners who were paid: all of them, once it has settled.
  private func verifyRevenue(_ plan: SettlementPlan) throws {
    let (rows, cursors) = try filedRevenue(plan.period)
    let paid = plan.owners.prefix { $0.id <= cursors.paidThrough }
    try expect(
      "settlement", "\(plan.period) paid_through", "\(paid.last?.id ?? AccountID(0))",
      "\(cursors.paidThrough)")
    var expected = paid.flatMap { owner in plan.revenue[owner.things].map { (owner.id, $0) } }
    if let next = plan.owners.dropFirst(paid.count).first, next.things.count > SettlementPlan.rowsAtOnce,
      rows.count > expected.count
    {
      expected += plan.revenue[next.things].prefix(rows.count - expected.count).map { (next.id, $0) }
    }
    for (position, row) in rows.enumerated() {
      guard position < expected.count, expected[position] == (row.owner, row.revenue) else {
        throw Finding(
          table: "revenue", key: "\(plan.period) \(row.owner) \(row.revenue.thing)",
          expected: "what the clicks' shares sum to",
          found: "\(row.revenue.micros.rawValue) for \(row.revenue.clicks)")
      }
    }
    try expect("revenue", "\(plan.period)", "\(expected.count) rows", "\(rows.count) rows")
  }
}
