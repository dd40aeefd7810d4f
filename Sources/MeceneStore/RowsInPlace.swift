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
}

/// GRDB's cursor over a statement without GRDB's rows: these look up the names of their columns, which took a third of the
/// time of a short read.
final class RowsInPlace<Element>: DatabaseCursor {
  let _statement: GRDB.Statement
  var _isDone = false
  private let element: (Columns) throws -> Element

  init(
    _ statement: GRDB.Statement, _ arguments: StatementArguments,
    _ element: @escaping (Columns) throws -> Element
  ) throws {
    _statement = statement
    self.element = element
    // Resets it too.
    try statement.setArguments(arguments)
  }

  deinit {
    // A statement that is not reset would hold its snapshot.
    if !_isDone { try? _statement.setArguments(_statement.arguments) }
  }

  func _element(sqliteStatement: SQLiteStatement) throws -> Element {
    unsafe try element(Columns(sqliteStatement))
  }
}
