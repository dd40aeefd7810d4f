internal import MeceneLedger

/// What changed of accounts; NULL = unchanged.
struct AccountChangeTable {
  static let table = JournalTable(
    number: .accountChange, name: "account_change", order: .numbered,
    columns: [
      .integer("account_id"), .text("display_name").orNothing.committed, .integer("budget_micros").orNothing,
      .integer("closed").orNothing,
    ], own: [.integer("id").primaryKey])

  private let insert: JournalInsert

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(connection, Self.table, others: ["id": "?", "commit_sequence": "?"])
  }

  /// - Parameter id: nil = the next.
  func append(
    id: Int64?, _ account: AccountID, _ change: AccountChange, to commit: inout OpenCommit
  ) throws(StoreError) {
    try insert.append(
      [
        .integer(account.rawValue), .init(change.displayName), .init(change.budget?.rawValue),
        .init(change.closed),
      ], .init(id), .integer(commit.sequence), to: &commit)
  }

  /// A row of a log.
  static func change(_ row: JournalRow) -> (AccountID, AccountChange) {
    (
      AccountID(row.integer(0)),
      AccountChange(
        displayName: row.optionalText(1), budget: row.optional(2).map(Micros.init), closed: row.flag(3))
    )
  }
}
