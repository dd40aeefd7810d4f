/// Inserts rows of a journal table, and puts the same columns into the commit's canonical bytes.
struct JournalInsert {
  private let table: JournalTable
  private let statement: Statement

  /// - Parameter others: Columns that don't stand in the chain: what is written into them, "?" for a value of the row's own.
  init(
    _ connection: SQLiteConnection, _ table: JournalTable, others: KeyValuePairs<String, String> = [:]
  ) throws(StoreError) {
    self.table = table
    let columns = table.columns.map(\.name) + others.map(\.key)
    let values = table.columns.map { _ in "?" } + others.map(\.value)
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
    commit.rows.append(table, row)
    try statement.run(row + others)
  }
}
