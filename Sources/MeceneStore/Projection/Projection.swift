internal import MeceneConcurrency
internal import MeceneLedger

/// What follows from the journal and lies anywhere in the file: balances and pots, and the transfers of each account and of each key.
/// The writer brings it up later, in passes over all accounts by id, a slice of accounts between two commits. Until a pass has
/// reached an account, readers add what is in the tail.
///
/// Written with each transfer it cost three pages anywhere in the file: 8,190 first clicks left 53 MB in the log, and now leave 0.6.
struct Projection {
  /// A patron's pot of a month: all that went in, and what is still there.
  static let potTable = StoredTable(
    name: "pot",
    derived: [
      .integer("period"), .integer("account_id"), .integer("set_aside_micros"), .integer("held_micros"),
    ], key: ["period", "account_id"])
  static let accountTransferTable = StoredTable(
    name: "account_transfer", derived: [.integer("account_id"), .integer("transfer_id")],
    key: ["account_id", "transfer_id"])

  private let movement, balance, pot, reach: Statement
  private let accountTransfers: RowsStatement
  /// The transfers that it lacks. Shared with the readers.
  let tail: Locked<JournalTail>
  private(set) var position = ProjectionPosition()
  private var positionIsKnown = false
  /// The last transfer that is durable.
  private(set) var committed = TransferID(0)

  init(_ connection: SQLiteConnection, _ tail: Locked<JournalTail>) throws(StoreError) {
    self.tail = tail
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
    reach = try connection.prepare(
      "UPDATE projection SET through_transfer = ?, next_transfer = ?, through_account = ? WHERE id = 1")
  }

  /// How many transfers it lacks at most.
  var transfersBehind: Int { Int(clamping: newest.rawValue - position.through.rawValue) }

  /// The last transfer that was appended.
  var newest: TransferID { tail.withLock { $0.last } }

  /// What was appended is durable.
  mutating func commit() { committed = newest }

  /// What was appended since the last commit was taken back.
  func rollback() { tail.withLock { $0.removeAll(after: committed) } }

  /// Reads how far it is. The tail then begins there.
  mutating func restore(from book: BookWriter) throws(StoreError) {
    committed = try readPosition(from: book)
    tail.withLock { $0.reach(position.through) }
  }

  /// - Returns: The journal's last transfer.
  @discardableResult
  private mutating func readPosition(from book: BookWriter) throws(StoreError) -> TransferID {
    var row: ProjectionPosition.Found?
    try book.query(ProjectionPosition.sql) { row = ProjectionPosition.read($0) }
    let found = try ProjectionPosition.check(row)
    position = found.position
    positionIsKnown = true
    return found.newest
  }

  /// Projects the transfers of the next accounts, in a transaction of its own.
  ///
  /// - Parameter limit: The most accounts.
  mutating func advance(
    accounts limit: Int, keys: inout RequestKeyTable, in book: BookWriter
  ) throws(StoreError) {
    if !positionIsKnown { try readPosition(from: book) }
    guard transfersBehind > 0 else { return }
    var reached = position
    if reached.isBetweenPasses {
      reached.next = newest
      keys.recentKeys.beginPass()
    }
    let slice = tail.withLock {
      $0.accounts(behind: reached.account, limit: limit, after: reached.through, through: reached.next)
    }
    reached.account = slice.last?.account ?? reached.account
    if slice.count < limit { reached = ProjectionPosition(through: reached.next, next: reached.next) }
    do {
      try book.begin()
      for (account, transfers) in slice { try project(account, transfers, keys) }
      try reach.run(reached.through.rawValue, reached.next.rawValue, reached.account.rawValue)
      try book.commit()
    } catch {
      book.takeBack()
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

  private func project(
    _ account: AccountID, _ transfers: [TransferID], _ keys: RequestKeyTable
  ) throws(StoreError) {
    var balances: (available: Int64, pots: Int64) = (0, 0)
    var pots = PotChanges()
    var rows = accountTransfers.begin()
    for transfer in transfers {
      var kind: Transfer.Kind?
      try movement.forEachRow(.integer(transfer.rawValue)) { row in
        kind = Transfer.Kind(rawValue: Int(row.integer(0)))
        pots.add(
          account: account.rawValue, kind: kind, amount: row.integer(1),
          period: row.isNull(2) ? nil : row.integer(2))
        balances = (row.integer(3), row.integer(4))
      }
      if kind?.line.carries.contains(.key) ?? false { try keys.project(transfer) }
      try rows.add([account.rawValue, transfer.rawValue])
    }
    try rows.end()
    try balance.run(balances.available, balances.pots, account.rawValue)
    for change in pots.changes {
      try pot.run(
        .integer(change.period), .integer(account.rawValue), .integer(change.setAside),
        .integer(change.held))
    }
  }
}

extension BookWriter {
  /// How many transfers the projection lacks at most.
  package var transfersBehind: Int { projection.transfersBehind }

  /// Projects the transfers of the next accounts. Called between commits, after `load`.
  ///
  /// - Parameter limit: The most accounts.
  package func project(accounts limit: Int) throws(StoreError) {
    try projection.advance(accounts: limit, keys: &keys, in: self)
  }
}
