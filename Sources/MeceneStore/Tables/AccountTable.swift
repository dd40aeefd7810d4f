internal import MeceneConcurrency
internal import MeceneLedger

/// Accounts as they were opened, and derived, what is in force of them.
struct AccountTable {
  static let table = JournalTable(
    number: .account, name: "account", order: .numbered,
    columns: [
      .integer("id").primaryKey, .blob("fingerprint").unique, .text("name").committed,
      .blob("secret").committed,
    ],
    derived: [
      .text("display_name"), .integer("budget_micros"), .integer("available_micros"), .integer("pots_micros"),
      .integer("closed"),
    ])

  private let insert: JournalInsert
  private let update, select: Statement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(
      connection, Self.table,
      others: [
        "commit_sequence": "?", "display_name": "?", "budget_micros": "?", "available_micros": "0",
        "pots_micros": "0", "closed": "0",
      ])
    update = try connection.prepare(
      """
      UPDATE account SET display_name = coalesce(?1, display_name), budget_micros = coalesce(?2, budget_micros),
        closed = coalesce(?3, closed)
      WHERE id = ?4
      """)
    select = try connection.prepare(
      """
      SELECT a.name, a.display_name, a.closed, c.time_ms
      FROM account a LEFT JOIN commit_log c ON c.sequence = a.commit_sequence
      WHERE a.id = ?
      """)
  }

  func append(
    _ id: AccountID, name: String, _ fingerprint: Fingerprint, displayName: String, budget: Micros,
    to commit: inout OpenCommit
  ) throws(StoreError) {
    let secret = commit.takeSecret()
    try insert.append(
      [.integer(id.rawValue), .blob(fingerprint.bytes), .text(name), .blob(secret)],
      .integer(commit.sequence), .text(displayName), .integer(budget.rawValue), to: &commit)
  }

  /// What a row of a log does, with the first change that stands beside it.
  static func effect(_ row: JournalRow, _ change: AccountChange) throws(Finding) -> Effect {
    let fingerprint = try Finding.fingerprint(
      Fingerprint(bytes: row.bytes(1)), of: table.name, "\(id(row))")
    return .accountOpened(
      id(row), name: row.text(2), fingerprint, displayName: change.displayName ?? "",
      budget: change.budget ?? .zero)
  }

  static func id(_ row: JournalRow) -> AccountID { AccountID(row.integer(0)) }

  static func secret(_ row: JournalRow) -> [UInt8] { row.bytes(3) }

  func apply(_ change: AccountChange, to id: AccountID) throws(StoreError) {
    try update.run(
      .init(change.displayName), .init(change.budget?.rawValue), .init(change.closed), .integer(id.rawValue))
  }

  /// Its texts with what was appended so far, and the money that the ledger knows of.
  func record(
    _ id: AccountID, money: AccountMoney, terms: Terms, in commit: OpenCommit
  ) throws(StoreError) -> AccountRecord? {
    var record: AccountRecord?
    try select.forEachRow(.integer(id.rawValue)) { row in
      record = AccountRecord(
        id: id, name: row.text(0), displayName: row.text(1), money: money, terms: terms,
        isClosed: row.integer(2) != 0, openedAt: commit.time(row, 3))
    }
    return record
  }

  static func readAhead(_ location: DatabaseLocation, on runtime: any Runtime) -> ReadAhead<
    AccountRow
  > {
    ReadAhead(
      location, on: runtime,
      "SELECT id, fingerprint, budget_micros, available_micros, pots_micros, closed FROM account ORDER BY id"
    ) { row in
      AccountRow(
        id: AccountID(row.integer(0)), fingerprint: Fingerprint(bytes: row.blob(1)),
        budget: Micros(row.integer(2)),
        available: Micros(row.integer(3)), pots: Micros(row.integer(4)), isClosed: row.integer(5) != 0)
    }
  }
}
