internal import MeceneConcurrency
internal import MeceneLedger

/// What follows from the journal and lies anywhere in the file.
struct ProjectionStatements {
  /// A patron's pot of a month: all that went in, and what is still there.
  static let potTable = StoredTable(
    name: "pot",
    derived: [
      .integer("period"), .integer("account_id"), .integer("set_aside_micros"), .integer("held_micros"),
    ], key: ["period", "account_id"])
  static let accountTransferTable = StoredTable(
    name: "account_transfer", derived: [.integer("account_id"), .integer("transfer_id")],
    key: ["account_id", "transfer_id"])
  let movement, balance, pot, position: Statement
  let accountTransfers: RowsStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    movement = try connection.prepare(
      """
      SELECT kind, amount_micros, for_period, available_after_micros, pots_after_micros FROM transfer WHERE id = ?
      """)
    balance = try connection.prepare("UPDATE account SET available_micros = ?, pots_micros = ? WHERE id = ?")
    pot = try connection.prepare(
      """
      INSERT INTO pot (period, account_id, set_aside_micros, held_micros) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (period, account_id) DO UPDATE SET
        set_aside_micros = set_aside_micros + ?3, held_micros = held_micros + ?4
      """)
    // A row that is there already is damage that `verify` names.
    accountTransfers = try RowsStatement(
      connection, "INSERT OR IGNORE INTO account_transfer (account_id, transfer_id) VALUES", columns: 2)
    position = try connection.prepare(
      "UPDATE projection SET through_transfer = ?, next_transfer = ?, through_account = ? WHERE id = 1")
  }
}

// Balances, pots, the transfers of each account and keys are projected from the journal in passes over all accounts by id, a slice of
// accounts between two commits. Written with each transfer they cost three pages anywhere in the file: 8,190 first
// clicks left 53 MB in the log, and now leave 0.6. Until a pass has reached an account, readers add what is in the tail.
extension BookWriter {
  /// How many transfers the projection lacks at most.
  package var transfersBehind: Int { Int(clamping: tail.withLock { $0.last } - position.through) }

  /// Projects the transfers of the next accounts. Called between commits, after `load`.
  ///
  /// - Parameter accounts: The most accounts.
  package func project(accounts limit: Int) throws(StoreError) {
    if !positionIsKnown { try readPosition() }
    guard transfersBehind > 0 else { return }
    var reached = position
    if reached.account == 0 {
      reached.next = tail.withLock { $0.last }
      keys.recentKeys.beginPass()
    }
    let slice = tail.withLock {
      $0.accounts(behind: reached.account, limit: limit, after: reached.through, through: reached.next)
    }
    reached.account = slice.last?.account ?? reached.account
    if slice.count < limit { reached = ProjectionPosition(through: reached.next, next: reached.next) }
    do {
      try begin()
      for (account, transfers) in slice { try project(account, transfers) }
      try projecting.position.run(reached.through, reached.next, reached.account)
      try commit()
    } catch {
      takeBack()
      // A commit that failed may have reached the disk all the same.
      positionIsKnown = false
      throw error
    }
    // Snapshots that began before still need what this pass has worked off; the next pass's end lets go of it.
    if reached.through > position.through {
      let before = position.through
      tail.withLock { $0.removeAll(through: before) }
      keys.recentKeys.endPass()
    }
    position = reached
  }

  private func project(_ account: Int64, _ transfers: [Int64]) throws(StoreError) {
    var balances: (available: Int64, pots: Int64) = (0, 0)
    var pots = PotChanges()
    var rows = projecting.accountTransfers.begin()
    for transfer in transfers {
      var kind: Transfer.Kind?
      try projecting.movement.forEachRow(.integer(transfer)) { row in
        kind = Transfer.Kind(rawValue: Int(row.integer(0)))
        pots.add(
          account: account, kind: kind, amount: row.integer(1), period: row.isNull(2) ? nil : row.integer(2))
        balances = (row.integer(3), row.integer(4))
      }
      if kind?.line.carries.contains(.key) ?? false { try keys.project(TransferID(transfer)) }
      try rows.add([account, transfer])
    }
    try rows.end()
    try projecting.balance.run(balances.available, balances.pots, account)
    for change in pots.changes {
      try projecting.pot.run(
        .integer(change.period), .integer(account), .integer(change.setAside), .integer(change.held))
    }
  }
}
