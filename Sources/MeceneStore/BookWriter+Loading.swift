internal import MeceneConcurrency
package import MeceneLedger

// Rebuilding the ledger's state at start, and after a commit that failed.
extension BookWriter {
  /// Reads the state that follows from the last commit.
  ///
  /// - Parameters:
  ///   - ledger: An empty ledger with the settings in force.
  ///   - fingerprint: Makes a name's fingerprint.
  /// - Throws: `StoreError.damaged` when rows contradict each other.
  package func load(
    into ledger: inout Ledger, fingerprint: @escaping @Sendable (String) -> Fingerprint
  ) throws(StoreError) {
    let clicks = try openPeriod().map { ClickLogTable.readAhead(location, on: runtime, $0) }
    let accounts = AccountTable.readAhead(location, on: runtime, fingerprint)
    let things = ThingTable.readAhead(location, on: runtime)
    defer {
      accounts.cancel()
      things.cancel()
      clicks?.cancel()
    }
    try query("SELECT (SELECT max(id) FROM account), (SELECT max(id) FROM thing)") {
      ledger.reserve(accounts: self.atMost($0.integer(0)), things: self.atMost($0.integer(1)))
    }
    try restore(accounts) { rows throws(Finding) in
      for row in rows { try ledger.restoreAccount(row) }
    }
    try restore(things) { rows throws(Finding) in
      for row in rows { try ledger.restoreThing(row) }
    }
    try PeriodTable.restore(&ledger, from: self)
    try loadPots(into: &ledger, changes: try readUnprojected(&ledger))
    try SettlementTable.restore(&ledger, from: self)
    if let clicks {
      try query("SELECT coalesce(max(sequence), 0) FROM \(ClickLogTable.name(ledger.openPeriod))") {
        ledger.reserveClicks(self.atMost($0.integer(0)))
      }
      try restore(clicks) { rows throws(Finding) in try ledger.restoreClicks(rows) }
    }
    try LedgerTable.restoreTotals(&ledger, from: self)
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

  /// Reads the transfers that the projection lacks: puts them into the tail, and what they left of
  /// balances into the ledger.
  ///
  /// - Returns: What they changed of pots.
  private func readUnprojected(_ ledger: inout Ledger) throws(StoreError) -> PotChanges {
    let newest = try readPosition()
    committedTransfers = newest
    var changes = PotChanges()
    tail.withLock { $0.reach(position.through) }
    try restore(
      """
      SELECT id, account_id, kind, amount_micros, for_period, available_after_micros, pots_after_micros
      FROM transfer WHERE id > \(position.through) ORDER BY id
      """
    ) { row throws(Finding) in
      let (id, account) = (row.integer(0), row.integer(1))
      tail.withLock { $0.append(id, account: account) }
      guard account > 0, id > position.through(account) else { return }
      try ledger.restoreBalances(
        of: AccountID(account), available: Micros(row.integer(5)), pots: Micros(row.integer(6)))
      changes.add(
        account: account, kind: Transfer.Kind(rawValue: Int(row.integer(2))), amount: row.integer(3),
        period: row.isNull(4) ? nil : row.integer(4))
    }
    let last = tail.withLock { $0.last }
    guard last == newest else {
      throw .damaged(
        "\(Finding(table: "transfer", key: "id", expected: "\(last + 1)", found: "a later one"))")
    }
    try keys.restore(from: self, after: position.through)
    return changes
  }

  /// Reads how far the projection is.
  ///
  /// - Returns: The journal's last transfer.
  @discardableResult
  func readPosition() throws(StoreError) -> Int64 {
    var row: ProjectionPosition.Found?
    try query(ProjectionPosition.sql) { row = ProjectionPosition.read($0) }
    let found = try ProjectionPosition.check(row)
    position = found.position
    positionIsKnown = true
    return found.newest
  }

  private func loadPots(into ledger: inout Ledger, changes: PotChanges) throws(StoreError) {
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
        try ledger.restorePot(
          of: Period(number: Int(clamping: pot.period)), patron: AccountID(pot.account), Micros(pot.held))
      } catch { throw .damaged("\(error)") }
    }
  }

  /// A number of rows to make room for: the highest key, but never more than fit into the file.
  private func atMost(_ key: Int64) -> Int {
    var bytes: Int64 = 0
    try? query("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") {
      bytes = $0.integer(0)
    }
    return Int(clamping: min(max(key, 0), bytes / 8))
  }
}
