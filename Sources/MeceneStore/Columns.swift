internal import CSQLite
internal import GRDB

/// The columns of a statement's current row, read where SQLite holds them. A column of another kind reads as 0 or as an
/// empty text; `verify` names it.
@safe struct Columns {
  private let statement: OpaquePointer

  init(_ statement: OpaquePointer) { unsafe self.statement = statement }

  func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

  func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(statement, column) == SQLITE_NULL }

  /// nil when there is nothing in the column.
  func optional(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

  func text(_ column: Int32) -> String {
    guard let text = unsafe sqlite3_column_text(statement, column) else { return "" }
    return unsafe String(cString: text)
  }

  func blob(_ column: Int32) -> [UInt8] {
    let count = unsafe Int(sqlite3_column_bytes(statement, column))
    guard let bytes = unsafe sqlite3_column_blob(statement, column) else { return [] }
    return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// A column as it is stored.
  func value(_ column: Int32) -> Statement.Value {
    switch unsafe sqlite3_column_type(statement, column) {
    case SQLITE_NULL: .null
    case SQLITE_INTEGER: .integer(integer(column))
    // The bytes that are there, though they were no text.
    default: .blob(blob(column))
    }
  }
}

/// Where SQL is read: each row as `Columns`.
protocol RowSource {
  /// Calls `body` for each row until it returns false.
  func readRows(
    _ sql: String, _ arguments: StatementArguments, while body: (Columns) throws -> Bool
  ) throws
}

extension RowSource {
  /// Calls `body` for each row.
  func forEachRow(
    _ sql: String, _ arguments: StatementArguments = [], _ body: (Columns) throws -> Void
  ) throws {
    try readRows(sql, arguments) { row in
      try body(row)
      return true
    }
  }

  /// All rows by `body`.
  func all<T>(
    _ sql: String, _ arguments: StatementArguments = [], _ body: (Columns) throws -> T
  ) throws -> [T] {
    var all: [T] = []
    try forEachRow(sql, arguments) { all.append(try body($0)) }
    return all
  }

  /// The first row by `body`; nil when there is none.
  func first<T>(
    _ sql: String, _ arguments: StatementArguments = [], _ body: (Columns) throws -> T
  ) throws -> T? {
    var first: T?
    try readRows(sql, arguments) { row in
      first = try body(row)
      return false
    }
    return first
  }

  func hasRow(_ sql: String, _ arguments: StatementArguments = []) throws -> Bool {
    try first(sql, arguments) { _ in true } ?? false
  }

  /// The number in the first row; 0 when there is none, or nothing in it.
  func integer(_ sql: String, _ arguments: StatementArguments = []) throws -> Int64 {
    try first(sql, arguments) { $0.integer(0) } ?? 0
  }
}

extension Database: RowSource {
  func readRows(
    _ sql: String, _ arguments: StatementArguments, while body: (Columns) throws -> Bool
  ) throws {
    let cursor = try ColumnsCursor(cachedStatement(sql: sql), arguments)
    while let row = try cursor.next() {
      guard try body(row) else { return }
    }
  }
}

/// GRDB's cursor over a statement without GRDB's rows: these look up the names of their columns, which took a third of the
/// time of a short read.
private final class ColumnsCursor: DatabaseCursor {
  typealias Element = Columns

  let _statement: GRDB.Statement
  var _isDone = false

  init(_ statement: GRDB.Statement, _ arguments: StatementArguments) throws {
    _statement = statement
    // Resets it too.
    try statement.setArguments(arguments)
  }

  deinit {
    // A statement that is not reset would hold its snapshot.
    if !_isDone { try? _statement.setArguments(_statement.arguments) }
  }

  func _element(sqliteStatement: SQLiteStatement) throws -> Columns { unsafe Columns(sqliteStatement) }
}
