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
    let clicks = try readOpenClicks()
    let accounts = readAccounts(fingerprint)
    let things = readThings()
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
    try restore(
      """
      SELECT p.number, p.fee_bps, p.minimum_micros, p.receive_requires_giving, s.settled_sequence
      FROM period p LEFT JOIN settlement s ON s.period = p.number ORDER BY p.number
      """
    ) { row throws(Finding) in
      try ledger.restorePeriod(
        Period(number: Int(row.integer(0))),
        Terms(
          feeBps: Int(row.integer(1)), minimum: Micros(row.integer(2)),
          receiveRequiresGiving: row.integer(3) != 0),
        isSettled: !row.isNull(4))
    }
    try loadPots(into: &ledger, changes: try readUnprojected(&ledger))
    try loadSettlementUnderWay(into: &ledger)
    if let clicks {
      try query("SELECT coalesce(max(sequence), 0) FROM \(Schema.clickLogTable(ledger.openPeriod))") {
        ledger.reserveClicks(self.atMost($0.integer(0)))
      }
      try restore(clicks) { rows throws(Finding) in try ledger.restoreClicks(rows) }
    }
    try loadTotals(into: &ledger)
  }

  private func readAccounts(
    _ fingerprint: @escaping @Sendable (String) -> Fingerprint
  ) -> ReadAhead<Ledger.RestoredAccount> {
    ReadAhead(
      location,
      "SELECT id, name, budget_micros, available_micros, pots_micros, closed FROM account ORDER BY id"
    ) { row in
      Ledger.RestoredAccount(
        id: AccountID(row.integer(0)), fingerprint: fingerprint(row.text(1)), budget: Micros(row.integer(2)),
        available: Micros(row.integer(3)), pots: Micros(row.integer(4)), isClosed: row.integer(5) != 0)
    }
  }

  private func readThings() -> ReadAhead<Ledger.RestoredThing> {
    ReadAhead(location, "SELECT id, fingerprint, owner_id, retired FROM thing ORDER BY id") { row in
      Ledger.RestoredThing(
        id: ThingID(row.integer(0)), fingerprint: Fingerprint(bytes: row.blob(1)),
        owner: AccountID(row.integer(2)), isRetired: row.integer(3) != 0)
    }
  }

  /// nil before the first period.
  private func readOpenClicks() throws(StoreError) -> ReadAhead<ClickEffect>? {
    var newest: Int64?
    try query("SELECT number FROM period ORDER BY number DESC LIMIT 1") { newest = $0.integer(0) }
    guard let newest else { return nil }
    let table = Schema.clickLogTable(Period(number: Int(newest)))
    return ReadAhead(location, "SELECT patron_id, thing_id, undone FROM \(table) ORDER BY sequence") {
      row in
      ClickEffect(
        patron: AccountID(row.integer(0)), thing: ThingID(row.integer(1)), isUndone: row.integer(2) != 0)
    }
  }

  private func restore<Row>(
    _ rows: ReadAhead<Row>, _ body: ([Row]) throws(Finding) -> Void
  ) throws(StoreError) {
    while let piece = try rows.next() {
      do throws(Finding) { try body(piece) } catch { throw .damaged("\(error)") }
    }
  }

  private func restore(
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
    try projectKeys()
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

  /// Puts the keys that `key_transfer` does not have into memory. A pass that was under way goes on with all of them.
  private func projectKeys() throws(StoreError) {
    var keys = RecentKeys()
    try query(
      "SELECT account_id, key, transfer_id FROM request_key WHERE transfer_id > \(position.through) AND account_id > 0"
    ) { keys.insert($0.integer(0), $0.text(1), TransferID($0.integer(2))) }
    recentKeys = keys
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

  private func loadSettlementUnderWay(into ledger: inout Ledger) throws(StoreError) {
    try restore(
      """
      SELECT s.period, s.digest, s.drained_through, s.paid_through,
        coalesce((SELECT sum(CASE
            WHEN kind IN (\(Transfer.Kind.intoClearing)) THEN amount_micros
            WHEN kind IN (\(Transfer.Kind.outOfClearing)) THEN -amount_micros ELSE 0 END)
          FROM transfer WHERE for_period = s.period AND commit_sequence >= s.commit_sequence), 0)
      FROM settlement s WHERE s.settled_sequence IS NULL
      """
    ) { row throws(Finding) in
      try ledger.restoreSettlement(
        of: Period(number: Int(row.integer(0))), digest: row.blob(1),
        drainedThrough: AccountID(row.integer(2)),
        paidThrough: AccountID(row.integer(3)), clearing: Micros(row.integer(4)))
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

  private func loadTotals(into ledger: inout Ledger) throws(StoreError) {
    try restore(
      """
      SELECT money_micros, fees_micros, (SELECT coalesce(max(id), 0) FROM transfer),
        (SELECT coalesce(max(id), 0) FROM account_change), (SELECT coalesce(max(id), 0) FROM thing_change)
      FROM ledger
      """
    ) { row throws(Finding) in
      try ledger.restoreTotals(
        money: Micros(row.integer(0)), fees: Micros(row.integer(1)), transfers: row.integer(2),
        accountChanges: row.integer(3), thingChanges: row.integer(4))
    }
  }

  /// Drops the click logs that a crash left behind after their settlement had ended.
  package func dropLeftoverLogs() throws(StoreError) {
    var leftovers: [Period] = []
    try query("SELECT period FROM settlement WHERE settled_sequence IS NOT NULL") {
      leftovers.append(Period(number: Int($0.integer(0))))
    }
    for period in leftovers { try drop(period) }
  }
}
