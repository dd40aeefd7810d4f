/// A column of the books.
struct Column: Sendable, Hashable {
  enum Kind: String, Sendable {
    case integer = "INTEGER"
    case text = "TEXT"
    case blob = "BLOB"
  }

  let name: String
  let kind: Kind
  /// Whether there may be nothing in it from the beginning.
  private(set) var isOptional = false
  /// Whether a salted commitment stands in the chain for it, so that it can be erased.
  private(set) var isCommitted = false
  private(set) var constraint = ""

  static func integer(_ name: String) -> Column { .init(name: name, kind: .integer) }
  static func text(_ name: String) -> Column { .init(name: name, kind: .text) }
  static func blob(_ name: String) -> Column { .init(name: name, kind: .blob) }

  var orNothing: Column { with { $0.isOptional = true } }
  var committed: Column { with { $0.isCommitted = true } }
  var primaryKey: Column { constrained("PRIMARY KEY") }
  var unique: Column { constrained("UNIQUE") }

  func constrained(_ constraint: String) -> Column { with { $0.constraint = constraint } }

  private func with(_ change: (inout Column) -> Void) -> Column {
    var column = self
    change(&column)
    return column
  }

  /// Whether SQL takes NULL in it.
  var isNullable: Bool { isOptional || isCommitted }

  var isKey: Bool { constraint.hasPrefix("PRIMARY KEY") }

  /// As `CREATE TABLE` has it.
  var sql: String {
    [name, kind.rawValue, isNullable || isKey ? "" : "NOT NULL", constraint]
      .filter { !$0.isEmpty }.joined(separator: " ")
  }
}

/// A table of the books: what `CREATE TABLE` says of it.
struct StoredTable: Sendable {
  let name: String
  /// Those that are written once.
  var columns: [Column] = []
  /// Those that follow from other rows.
  var derived: [Column] = []
  /// The columns of the key when there are several. Rows then lie in its order, and have no number of their own.
  var key: [String] = []
  /// The columns of each index.
  var indexes: [(name: String, columns: [String])] = []

  /// The columns that are written once, as SQL lists them.
  var columnList: String { columns.map(\.name).joined(separator: ", ") }

  /// The statements that make the table and its indexes.
  var create: String { ([createTable(name)] + indexes.map(createIndex)).joined(separator: ";\n") + ";" }

  /// - Parameter name: Another one for a table of the same kind.
  func createTable(_ name: String) -> String {
    var lines = (columns + derived).map { "  \($0.sql)" }
    if !key.isEmpty { lines.append("  PRIMARY KEY (\(key.joined(separator: ", ")))") }
    for position in lines.indices.dropLast() { lines[position] += "," }
    if !derived.isEmpty { lines.insert("  -- derived", at: columns.count) }
    return """
      CREATE TABLE \(name) (
      \(lines.joined(separator: "\n"))
      ) STRICT\(key.isEmpty ? "" : ", WITHOUT ROWID")
      """
  }

  private func createIndex(_ index: (name: String, columns: [String])) -> String {
    "CREATE INDEX \(index.name) ON \(name) (\(index.columns.joined(separator: ", ")))"
  }
}
