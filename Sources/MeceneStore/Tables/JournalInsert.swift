/// Inserts rows of a journal table, and puts the same columns into the commit's canonical bytes.
struct JournalInsert {
  private let table: JournalTable
  private let statement: Statement

  /// - Parameter others: Columns that don't stand in the chain, except the salt: what is written into them, "?" for a value of
  ///   the row's own.
  init(
    _ connection: SQLiteConnection, _ table: JournalTable, others: KeyValuePairs<String, String> = [:]
  ) throws(StoreError) {
    self.table = table
    let salt = table.hasCommitments ? [JournalTable.salt.name] : []
    let columns = table.columns.map(\.name) + salt + others.map(\.key)
    let values = table.columns.map { _ in "?" } + salt.map { _ in "?" } + others.map(\.value)
    statement = try connection.prepare(
      """
      INSERT INTO \(table.name) (\(columns.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))
      """)
  }

  /// - Parameters:
  ///   - row: As many values as the table has columns.
  ///   - others: One for each other column that has a "?".
  func append(
    _ row: [Statement.Value], _ others: Statement.Value..., to commit: inout OpenCommit
  ) throws(StoreError) {
    guard table.hasCommitments else {
      commit.rows.append(table, row)
      return try statement.run(row + others)
    }
    let salt = commit.takeSalt(of: table.number, table.saltBytes(row))
    commit.rows.append(table, row, salt: salt)
    try statement.run(row + [salt.isEmpty ? .null : .blob(salt)] + others)
  }
}
