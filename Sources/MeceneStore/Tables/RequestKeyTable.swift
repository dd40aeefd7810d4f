internal import MeceneLedger

/// The keys that clients gave to requests, each with the transfer that it made: 0 stands for the account of the fees.
struct RequestKeyTable {
  static let table = JournalTable(
    number: .requestKey, name: "request_key", order: .transfers,
    columns: [.integer("account_id"), .text("key").committed, .integer("transfer_id").primaryKey])
  /// Keys as they are looked up: projected.
  static let projected = StoredTable(
    name: "key_transfer", derived: [.integer("account_id"), .text("key"), .integer("transfer_id")],
    key: ["account_id", "key"])

  private let insert: JournalInsert
  private let project, lookUp, recent: Statement
  /// Those that `key_transfer` does not have.
  var recentKeys = RecentKeys()

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(connection, Self.table)
    // Two of one key are damage that `verify` names.
    project = try connection.prepare(
      """
      INSERT OR IGNORE INTO key_transfer (account_id, key, transfer_id)
      SELECT account_id, key, transfer_id FROM request_key WHERE transfer_id = ?
      """)
    let columns = """
      t.id, t.kind, t.account_id, t.amount_micros, t.period, t.available_after_micros, t.pots_after_micros, c.time_ms
      """
    let joins = """
      JOIN transfer t ON t.id = k.transfer_id LEFT JOIN commit_log c ON c.sequence = t.commit_sequence
      """
    lookUp = try connection.prepare(
      "SELECT \(columns) FROM key_transfer k \(joins) WHERE k.account_id = ? AND k.key = ?")
    recent = try connection.prepare(
      """
      SELECT \(columns) FROM request_key k \(joins)
      WHERE k.transfer_id = ?3 AND k.account_id = ?1 AND k.key = ?2
      """)
  }

  mutating func append(
    _ key: RequestKey, _ account: AccountID?, _ transfer: TransferID, to commit: inout OpenCommit
  ) throws(StoreError) {
    let number = account?.rawValue ?? 0
    try insert.append([.integer(number), .text(key.text), .integer(transfer.rawValue)], to: &commit)
    if account != nil {
      recentKeys.insert(number, key.text, transfer)
    } else {
      // Passes go over accounts, and the fees have none.
      try project(transfer)
    }
  }

  /// What a row of a log does.
  static func effect(_ row: JournalRow) throws(Finding) -> Effect {
    let (account, transfer) = (row.integer(0), TransferID(row.integer(2)))
    do throws(Refusal) {
      return .keyBound(account == 0 ? nil : AccountID(account), try RequestKey(row.text(1)), transfer)
    } catch {
      throw Finding(
        table: table.name, key: "\(transfer)", expected: "a key that can be", found: error.sentence)
    }
  }

  func project(_ transfer: TransferID) throws(StoreError) { try project.run(.integer(transfer.rawValue)) }

  /// What an earlier request with this key made.
  func transfer(
    _ account: AccountID?, _ key: RequestKey, in commit: OpenCommit
  ) throws(StoreError) -> Transfer? {
    let account = account?.rawValue ?? 0
    var found: Transfer?
    for transfer in recentKeys.candidates(account, key.text) where found == nil {
      try recent.forEachRow(.integer(account), .text(key.text), .integer(transfer.rawValue)) { row in
        found = Self.transfer(row, in: commit)
      }
    }
    if found == nil {
      try lookUp.forEachRow(.integer(account), .text(key.text)) { found = Self.transfer($0, in: commit) }
    }
    return found
  }

  private static func transfer(_ row: Columns, in commit: OpenCommit) -> Transfer? {
    guard let kind = Transfer.Kind(rawValue: Int(row.integer(1))) else { return nil }
    return Transfer(
      id: TransferID(row.integer(0)), kind: kind, account: row.optional(2).map(AccountID.init),
      amount: Micros(row.integer(3)), period: Period(number: Int(row.integer(4))), forPeriod: nil, cause: nil,
      committedAt: commit.time(row, 7), availableAfter: Micros(row.integer(5)),
      potsAfter: Micros(row.integer(6)))
  }

  /// Reads the keys that `key_transfer` does not have. A pass that was under way goes on with all of them.
  mutating func restore(from book: BookWriter, after transfer: TransferID) throws(StoreError) {
    var keys = RecentKeys()
    try book.query(
      "SELECT account_id, key, transfer_id FROM request_key WHERE transfer_id > \(transfer.rawValue) AND account_id > 0"
    ) { keys.insert($0.integer(0), $0.text(1), TransferID($0.integer(2))) }
    recentKeys = keys
  }
}
