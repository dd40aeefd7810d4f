internal import MeceneConcurrency
package import MeceneLedger

// Rebuilding the ledger's state at start, and after a commit that failed.
extension BookWriter {
  /// Reads the state that follows from the last commit.
  ///
  /// - Parameter terms: Those that the next month opens with.
  /// - Returns: nil when there was no commit yet.
  /// - Throws: `StoreError.damaged` when rows contradict each other.
  package func load(terms: Terms) throws(StoreError) -> Ledger? {
    let period = try openPeriod()
    let clickRows = period.map { ClickLogTable.readAhead(location, on: runtime, $0) }
    let accountRows = AccountTable.readAhead(location, on: runtime)
    let thingRows = ThingTable.readAhead(location, on: runtime)
    defer {
      accountRows.cancel()
      thingRows.cancel()
      clickRows?.cancel()
    }
    var months = LedgerBuilder()
    try PeriodTable.restore(&months, from: self)
    try projection.restore(from: self)
    let last = try lastCommit()
    guard var accounts = (consume months).accounts(currency: identity.currency, terms: terms, at: last.time)
    else {
      if last.sequence == 0 { return nil }
      throw .damaged("\(Finding(table: "period", key: "number", expected: "a month", found: "none"))")
    }
    accounts.reserve(try atMost("SELECT max(id) FROM account"))
    try restore(accountRows) { rows throws(Finding) in for row in rows { try accounts.add(row) } }
    var things = (consume accounts).things()
    things.reserve(try atMost("SELECT max(id) FROM thing"))
    try restore(thingRows) { rows throws(Finding) in for row in rows { try things.add(row) } }
    var holdings = (consume things).holdings()
    try restorePots(&holdings, changes: try restoreUnprojected(&holdings))
    try SettlementTable.restore(&holdings, from: self)
    var clicks = (consume holdings).clicks()
    if let clickRows, let period {
      clicks.reserve(try atMost("SELECT max(sequence) FROM \(ClickLogTable.name(period))"))
      try restore(clickRows) { rows throws(Finding) in try clicks.add(rows) }
    }
    return try LedgerTable.restoreTotals(consume clicks, from: self)
  }

  private func restore<Row>(
    _ rows: ReadAhead<Row>, _ body: ([Row]) throws(Finding) -> Void
  ) throws(StoreError) {
    while let piece = try rows.next() {
      do throws(Finding) { try body(piece) } catch { throw .damaged("\(error)") }
    }
  }

  func restore(
    _ sql: String, _ body: (Columns) throws(Finding) -> Void
  ) throws(StoreError) {
    var finding: Finding?
    try query(sql) { row in
      guard finding == nil else { return }
      do throws(Finding) { try body(row) } catch { finding = error }
    }
    if let finding { throw .damaged("\(finding)") }
  }

  /// Follows the transfers that the projection lacks: puts them into the tail, and what they left of balances into memory.
  ///
  /// - Returns: What they changed of pots.
  private func restoreUnprojected(
    _ holdings: inout LedgerBuilder.Holdings
  ) throws(StoreError) -> PotChanges {
    var changes = PotChanges()
    let (position, tail) = (projection.position, projection.tail)
    try restore(
      """
      SELECT id, account_id, kind, amount_micros, for_period, available_after_micros, pots_after_micros
      FROM transfer WHERE id > \(position.through.rawValue) ORDER BY id
      """
    ) { row throws(Finding) in
      let (id, account) = (TransferID(row.integer(0)), row.optional(1).map(AccountID.init))
      tail.withLock { $0.append(id, account: account) }
      guard let account, id > position.through(account) else { return }
      try holdings.setBalances(
        of: account, available: Micros(row.integer(5)), pots: Micros(row.integer(6)))
      changes.add(
        account: account.rawValue, kind: Transfer.Kind(rawValue: Int(row.integer(2))), amount: row.integer(3),
        period: row.isNull(4) ? nil : row.integer(4))
    }
    let last = projection.newest
    guard last == projection.committed else {
      throw .damaged(
        "\(Finding(table: "transfer", key: "id", expected: "\(last.rawValue + 1)", found: "a later one"))")
    }
    try keys.restore(from: self, after: position.through)
    return changes
  }

  private func restorePots(
    _ holdings: inout LedgerBuilder.Holdings, changes: PotChanges
  ) throws(StoreError) {
    var pots = changes
    try query(
      """
      SELECT period, account_id, held_micros FROM pot WHERE held_micros <> 0 ORDER BY period, account_id
      """
    ) {
      pots.add(
        PotChanges.Change(period: $0.integer(0), account: $0.integer(1), setAside: 0, held: $0.integer(2)))
    }
    if !changes.changes.isEmpty { pots.combine() }
    for pot in pots.changes where pot.held != 0 {
      do throws(Finding) {
        try holdings.addPot(
          of: Period(number: Int(clamping: pot.period)), AccountID(pot.account), Micros(pot.held))
      } catch { throw .damaged("\(error)") }
    }
  }

  /// A number of rows to make room for: the highest key that is selected, but never more than fit into the file.
  private func atMost(_ highestKey: String) throws(StoreError) -> Int {
    var (key, bytes) = (Int64(0), Int64(0))
    try query(highestKey) { key = $0.integer(0) }
    try? query("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") {
      bytes = $0.integer(0)
    }
    return Int(clamping: min(max(key, 0), bytes / 8))
  }
}
