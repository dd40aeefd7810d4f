/// Inserts rows of whole numbers; `nothing` stands for NULL.
///
/// They go 32 to a statement while there are so many: binding and stepping once for 32 rows takes half the time of 32
/// statements (0.22 µs a row of the click log instead of 0.43, in commits of 8,192 rows).
struct RowsStatement {
  // The same word, so that one row serves the table and the chain.
  static let nothing = CanonicalRows.nothing
  private static let rowsPerStatement = 32
  private let one: Statement
  private let many: Statement
  private let columns: Int

  /// - Parameter insert: The statement up to and with `VALUES`.
  init(_ connection: SQLiteConnection, _ insert: String, columns: Int) throws(StoreError) {
    let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
    one = try connection.prepare("\(insert) \(row)")
    many = try connection.prepare(
      "\(insert) " + Array(repeating: row, count: Self.rowsPerStatement).joined(separator: ", "))
    self.columns = columns
  }

  func begin() -> Rows { Rows(statement: self) }

  /// Rows on their way.
  struct Rows {
    fileprivate let statement: RowsStatement
    private var values: [Int64] = []

    fileprivate init(statement: RowsStatement) {
      self.statement = statement
      values.reserveCapacity(statement.columns * RowsStatement.rowsPerStatement)
    }

    /// - Parameter row: As many numbers as there are columns.
    mutating func add<let count: Int>(_ row: InlineArray<count, Int64>) throws(StoreError) {
      for column in row.indices { values.append(row[column]) }
      guard values.count == statement.columns * RowsStatement.rowsPerStatement else { return }
      statement.many.bind(values[...])
      try statement.many.finish()
      values.removeAll(keepingCapacity: true)
    }

    /// Inserts what is left.
    mutating func end() throws(StoreError) {
      for start in stride(from: 0, to: values.count, by: statement.columns) {
        statement.one.bind(values[start..<start + statement.columns])
        try statement.one.finish()
      }
      values.removeAll()
    }
  }
}
