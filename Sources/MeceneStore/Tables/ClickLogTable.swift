internal import GRDB
internal import MeceneConcurrency
internal import MeceneLedger

/// The clicks of a month that is not settled, and those undone: a table for each such month.
struct ClickLogTable {
  static let table = JournalTable(
    number: .click, name: "click_log", order: .clicks,
    columns: [.integer("patron_id"), .integer("thing_id"), .integer("undone")],
    own: [.integer("sequence").primaryKey])

  private let connection: SQLiteConnection
  private var insert: RowsStatement?

  init(_ connection: SQLiteConnection) { self.connection = connection }

  static func name(_ period: Period) -> String {
    "\(table.name)_" + period.description.replacing("-", with: "_")
  }

  static func create(_ period: Period) -> String { table.stored.createTable(name(period)) }

  /// Makes the log of a month that begins.
  mutating func open(_ period: Period) throws(StoreError) {
    // A table that is there already holds clicks of nobody that this daemon knows.
    let name = Self.name(period)
    var isThere = false
    try connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = '\(name)'").forEachRow { _ in
      isThere = true
    }
    if isThere {
      let finding = Finding(
        table: "sqlite_schema", key: name, expected: "no such table before \(period) begins", found: "one")
      throw .damaged("\(finding)")
    }
    try connection.execute(Self.create(period))
    insert = nil
  }

  /// Appends clicks of the open month, in their order.
  ///
  /// - Parameter period: Looks the open month up.
  mutating func append(
    _ clicks: [ClickEffect], to commit: inout OpenCommit, period: () throws(StoreError) -> Period?
  ) throws(StoreError) {
    commit.clickRows += Int64(clicks.count)
    commit.rows.append(clicks)
    var inserting = try statement(period).begin()
    for click in clicks {
      try inserting.add([click.patron.rawValue, click.thing.rawValue, click.isUndone ? 1 : 0])
    }
    try inserting.end()
  }

  private mutating func statement(
    _ period: () throws(StoreError) -> Period?
  ) throws(StoreError) -> RowsStatement {
    if let insert { return insert }
    guard let period = try period() else { throw .damaged("no period") }
    let statement = try RowsStatement(
      connection, "INSERT INTO \(Self.name(period)) (\(Self.table.columnList)) VALUES",
      columns: Self.table.columns.count)
    insert = statement
    return statement
  }

  /// What was appended may have been taken back, with the table.
  mutating func forget() { insert = nil }

  func drop(_ period: Period) throws(StoreError) {
    try connection.execute("DROP TABLE IF EXISTS \(Self.name(period))")
  }

  /// Deletes some rows of the click log of a settled period, or drops it with its last ones: dropped at once, one of ten million
  /// rows kept everybody waiting for 150 ms.
  ///
  /// - Parameter limit: How many rows.
  /// - Returns: Whether it is gone.
  func shrink(_ period: Period, rows limit: Int64) throws(StoreError) -> Bool {
    let name = Self.name(period)
    var (first, last) = (Int64(0), Int64(0))
    try connection.prepare("SELECT min(sequence), max(sequence) FROM \(name)").forEachRow {
      (first, last) = ($0.integer(0), $0.integer(1))
    }
    if last - first <= limit {
      try drop(period)
      return true
    }
    try connection.execute("DELETE FROM \(name) WHERE sequence < \(first + limit)")
    return false
  }

  static func readAhead(_ location: DatabaseLocation, on runtime: any Runtime, _ period: Period) -> ReadAhead<
    ClickEffect
  > {
    ReadAhead(location, on: runtime, "SELECT \(table.columnList) FROM \(name(period)) ORDER BY sequence") {
      row in
      ClickEffect(
        patron: AccountID(row.integer(0)), thing: ThingID(row.integer(1)), isUndone: row.integer(2) != 0)
    }
  }
}

extension BookSnapshot {
  /// Whether a period's clicks are still in its log: once they are filed, it loses its rows and goes.
  func hasClickLog(_ period: Period) throws -> Bool {
    guard try hasTable(ClickLogTable.name(period)) else { return false }
    return try !hasRow(
      "SELECT 1 FROM settlement WHERE period = ? AND settled_sequence IS NOT NULL", [period.number])
  }
}
