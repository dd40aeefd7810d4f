internal import GRDB
internal import MeceneLedger

/// The tables, and how they came to be. `docs/data-model.md` tells what each is for, and the files of
/// `Tables` who writes and reads those of the journal.
///
/// What happened is in append-only rows, most with the `commit_sequence` of the commit that wrote it. Columns under
/// "derived" follow from those rows and can be recomputed.
enum Schema {
  /// "MCN2", in the file's header, so that `file` and other programs can tell the file.
  static let applicationID: Int32 = 0x4d43_4e32
  /// "MCN1": books from before the first release, whose chain holds texts themselves.
  static let firstApplicationID: Int32 = 0x4d43_4e31

  /// All tables except the click logs, which come and go with their months.
  static let tables =
    JournalTable.all.filter { $0.number != .click && $0.number != .settlementEnd }.map(\.stored) + [
      CommitTable.stored, RequestKeyTable.projected, Projection.accountTransferTable,
      Projection.potTable, ProjectionPosition.table, FilingStatements.clickTable,
      FilingStatements.revenueTable, FilingStatements.blockTable,
    ]

  static func migrator() -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      for table in tables { try db.execute(sql: table.create) }
      try db.execute(sql: "INSERT INTO \(ProjectionPosition.table.name) VALUES (1, 0, 0, 0)")
    }
    return migrator
  }

  /// Holds every table, index, trigger and view against what this version makes, the click logs of the months that the
  /// ledger has lived through among them, and refuses all others.
  ///
  /// - Throws: A `Finding` with the name of the first that differs.
  static func check(_ db: Database) throws {
    let fresh = try DatabaseQueue()
    try migrator().migrate(fresh)
    let found = try objects(db)
    var expected = try fresh.read(objects)
    for (period, mayBeGone) in try periodsWithLogs(db) {
      let name = ClickLogTable.name(period)
      let key = ObjectKey(type: "table", name: name)
      if mayBeGone, found[key] == nil { continue }
      expected[key] = Object(table: name, sql: ClickLogTable.create(period))
    }
    for (key, object) in expected.sorted(by: { $0.key.name < $1.key.name }) where found[key] != object {
      throw Finding(
        table: "sqlite_schema", key: key.name, expected: "the \(key.type) that this version makes",
        found: found[key] == nil ? "none" : "another definition")
    }
    for key in found.keys.sorted(by: { $0.name < $1.name }) where expected[key] == nil {
      throw Finding(
        table: "sqlite_schema", key: key.name, expected: "nothing that this version does not make",
        found: "a \(key.type)")
    }
    let version = try db.integer("PRAGMA user_version")
    guard version == 0 else {
      throw Finding(table: "sqlite_schema", key: "user_version", expected: "0", found: "\(version)")
    }
  }

  private struct ObjectKey: Hashable {
    let type: String
    let name: String
  }

  private struct Object: Hashable {
    let table: String
    /// Empty for the indexes that SQLite makes by itself.
    let sql: String
  }

  private static func objects(_ db: Database) throws -> [ObjectKey: Object] {
    let rows = try db.all("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master") {
      (ObjectKey(type: $0.text(0), name: $0.text(1)), Object(table: $0.text(2), sql: $0.text(3)))
    }
    return Dictionary(
      rows,
      uniquingKeysWith: { first, _ in Object(table: first.table, sql: "two of one name") })
  }

  /// The months that have a click log: those that are not settled, and perhaps the last that were.
  private static func periodsWithLogs(_ db: Database) throws -> [(Period, mayBeGone: Bool)] {
    try db.all(
      """
      SELECT p.number, s.settled_sequence FROM period p LEFT JOIN settlement s ON s.period = p.number
      WHERE p.number BETWEEN 0 AND ?
      """, [Period.last.number]
    ) { (Period(number: Int($0.integer(0))), !$0.isNull(1)) }
  }
}
