import Foundation
import GRDB
import Logging
import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// Single changes of sound books, made by somebody else: generated for every table and column. Each has to be found by
/// `verify`, or by a start, with the row named.
@Suite struct TamperingCampaignTests {
  /// A change, and what it is called.
  private struct Change {
    let name: String
    let sql: String
  }

  /// Files of a ledger with a settled month, one whose settlement is under way, a closed and an open one.
  private struct Image {
    let directory: TemporaryDirectory
    var path: String { directory.path + "/image.sqlite" }
    /// All rows of all tables.
    let rows: [String: [Row]]
  }

  /// - Parameter isStopped: Whether the daemon has shut down, or the files are as a crash would leave them: then the last
  ///   transfers are not followed yet.
  private func makeImage(isStopped: Bool) async throws -> Image {
    let directory = try TemporaryDirectory()
    let image = directory.path + "/image.sqlite"
    let path = directory.path + "/data/mecene.sqlite"
    try await withEngine(directory, terms: Terms(feeBps: 250)) { engine in
      try await fill(engine, path)
      if !isStopped {
        for ending in ["", "-wal"] {
          try FileManager.default.copyItem(atPath: path + ending, toPath: image + ending)
        }
      }
    }
    if isStopped { try FileManager.default.copyItem(atPath: path, toPath: image) }
    return Image(directory: directory, rows: try Self.rows(of: image))
  }

  private func fill(_ engine: EmbeddedEngine, _ path: String) async throws {
    func month(_ number: Int) -> Timestamp { Period(number: number).start }
    func click(_ pairs: [(Int64, Int64)]) async throws {
      for (patron, thing) in pairs {
        try await engine.perform(.click(.number(patron), .number(thing), nil))
      }
    }
    try await engine.populate(accounts: 6)
    try await click([(1, 2), (1, 3), (1, 4), (2, 1), (3, 1), (3, 2)])
    try await engine.perform(.undoClick(.number(1), .number(4), nil))
    // A pot without clicks.
    try await click([(4, 1)])
    try await engine.perform(.undoClick(.number(4), .number(1), nil))
    _ = try await engine.perform(.setClock(month(683)))
    _ = try await engine.settle(nil) { _ in }
    for account in 1...6 as ClosedRange<Int64> {
      try await engine.perform(
        .deposit(.number(account), Micros(30_000_000), RequestKey("second-\(account)")))
    }
    try await click([(1, 5), (2, 6), (2, 3), (3, 4), (4, 2), (5, 1)])
    try await engine.perform(
      .updateThing(
        .number(2), title: try PlainText("a title", field: "", charactersMax: 9), description: nil,
        hidden: true))
    try await engine.perform(.retireThing(.number(6)))
    _ = try await engine.perform(.setClock(month(684)))
    try await click([(1, 2), (2, 3), (6, 1)])
    _ = try await engine.perform(.setClock(month(685)))
    let plan = try BookFile(
      path: path,
      identity: .init(currency: "EUR", createdAt: november, isSimulated: true)
    ).plan(Period(number: 683))
    let seal = plan.seal(secrets: zeroSecrets)
    try await engine.perform(.planSettlement(plan, seal))
    try await engine.perform(.drainPots(plan, 0..<plan.patrons.count))
    try await engine.perform(.payOwners(plan, 0..<2))
    try await engine.perform(.withdraw(.account(.number(6)), Micros(1_000_000), RequestKey("out")))
    try await click([(1, 3), (2, 4), (3, 5)])
    try await engine.perform(.undoClick(.number(1), .number(3), nil))
    try await engine.perform(.closeAccount(.number(5)))
  }

  private static func rows(of path: String) throws -> [String: [Row]] {
    try DatabaseQueue(path: path).read { db in
      var rows: [String: [Row]] = [:]
      for table in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") {
        // In the order of their keys.
        rows[table] = try Row.fetchAll(db, sql: "SELECT * FROM \(table)")
      }
      return rows
    }
  }

  /// Every table, every column, a few rows of each: other values, other rows' values, NULL; rows deleted, and made twice.
  private static func changes(of image: Image) -> [Change] {
    var changes: [Change] = []
    for (table, rows) in image.rows.sorted(by: { $0.key < $1.key }) where !rows.isEmpty {
      let samples = Set([0, rows.count / 2, rows.count - 1]).sorted().map { rows[$0] }
      for (number, row) in samples.enumerated() {
        let place = "\(table), \(condition(row))"
        changes.append(
          Change(name: "delete of \(place)", sql: "DELETE FROM \(table) WHERE \(condition(row))"))
        let other = rows[(number * 7 + rows.count / 3) % rows.count]
        for (column, value) in row {
          for new in others(value.databaseValue, (other[column] as DatabaseValue?) ?? .null) {
            changes.append(
              Change(
                name: "\(column) \(literal(value)) to \(literal(new)) in \(place)",
                sql: "UPDATE \(table) SET \(column) = \(literal(new)) WHERE \(condition(row))"))
            let values = row.map { $0 == column ? literal(new) : literal($1) }
            changes.append(
              Change(
                name: "insert beside \(place) with \(column) \(literal(new))",
                sql: "INSERT INTO \(table) VALUES (\(values.joined(separator: ", ")))"))
          }
        }
      }
    }
    return changes + schemaChanges
  }

  private static let schemaChanges: [Change] = [
    "CREATE TABLE more (id INTEGER)", "CREATE TABLE click_log_2027_09 (sequence INTEGER PRIMARY KEY)",
    "CREATE TABLE click_log_2026_10 (sequence INTEGER PRIMARY KEY, patron_id INTEGER NOT NULL, thing_id INTEGER NOT NULL, undone INTEGER NOT NULL) STRICT",
    "CREATE VIEW balances AS SELECT * FROM account", "CREATE INDEX more ON transfer (kind)",
    "CREATE TRIGGER t BEFORE INSERT ON click_log_2027_02 BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER t AFTER INSERT ON transfer BEGIN DELETE FROM transfer; END",
    "DROP INDEX thing_by_owner", "DROP TABLE settlement_block", "DROP TABLE click_log_2027_01",
    "ALTER TABLE click_log_2027_02 ADD COLUMN more INTEGER", "ALTER TABLE revenue RENAME COLUMN micros TO m",
    "PRAGMA user_version = 7", "PRAGMA application_id = 7", "ANALYZE",
  ].map { Change(name: $0, sql: $0) }

  private static func condition(_ row: Row) -> String {
    row.map { "\($0) IS \(literal($1))" }.joined(separator: " AND ")
  }

  private static func literal(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .null: "NULL"
    case .int64(let number): number == .min ? "(-9223372036854775807 - 1)" : "\(number)"
    case .double(let number): "\(number)"
    case .string(let text): "'\(text.replacing("'", with: "''"))'"
    case .blob(let data): "x'\(Array(data).hexadecimal)'"
    }
  }

  private static func others(_ value: DatabaseValue, _ other: DatabaseValue) -> [DatabaseValue] {
    var result: [any DatabaseValueConvertible] =
      switch value.storage {
      case .null: [0, 1, "x"]
      case .int64(let number): [number &+ 1, number &- 1, 0, -number, Int64.max]
      case .double(let number): [number + 1]
      case .string(let text): [text + "x", ""]
      case .blob(let data): [Data(data.map { $0 ^ 1 }), data.dropLast() as Data, Data()]
      }
    if other != .null { result.append(other) }
    if value != .null { result.append(DatabaseValue.null) }
    return result.map(\.databaseValue).filter { $0 != value }
  }

  /// Why a change was found; nil when it was not, "nothing" when it changed no row.
  private func found(_ sql: String, _ image: Image, in directory: TemporaryDirectory) async throws -> String?
  {
    let path = directory.path + "/data/mecene.sqlite"
    try? FileManager.default.removeItem(atPath: directory.path + "/data")
    try FileManager.default.createDirectory(
      atPath: directory.path + "/data", withIntermediateDirectories: true)
    for ending in ["", "-wal"] where FileManager.default.fileExists(atPath: image.path + ending) {
      try FileManager.default.copyItem(atPath: image.path + ending, toPath: path + ending)
    }
    do {
      let connection = try DatabaseQueue(path: path)
      try await connection.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
        try db.execute(sql: sql)
      }
      try connection.close()
    } catch is DatabaseError {
      return "nothing"
    }
    if !sql.hasPrefix("PRAGMA"), !sql.hasPrefix("CREATE"), try Self.rows(of: path) == image.rows {
      return "nothing"
    }
    return try await whatIsFound(at: directory)
  }

  private func whatIsFound(at directory: TemporaryDirectory) async throws -> String? {
    do {
      if let finding = try OfflineBooks.verify(.directory(directory.path + "/data"), progress: { _ in })
        .finding
      {
        return finding.key.isEmpty ? nil : "\(finding)"
      }
    } catch let error as StoreError { return error.sentence }
    do {
      try await withEngine(directory, terms: Terms(feeBps: 250)) { _ in }
    } catch let error as StoreError { return error.sentence }
    return nil
  }

  /// - Returns: How many changes were made.
  private func makeChanges(isStopped: Bool, each step: Int) async throws -> Int {
    let image = try await makeImage(isStopped: isStopped)
    let directory = try TemporaryDirectory()
    var made = 0
    let changes = Self.changes(of: image)
    for position in stride(from: 0, to: changes.count, by: step) {
      let change = changes[position]
      let found = try await found(change.sql, image, in: directory)
      if found != "nothing" { made += 1 }
      #expect(found != nil, "not found: \(change.name)")
    }
    return made
  }

  @Test func `a change of any table is found, and the row is named`() async throws {
    #expect(try await makeChanges(isStopped: false, each: 23) > 40)
  }

  @Test(.enabled(if: Campaigns.areAsked), arguments: [true, false])
  func `each single change of any table and column is found, and the row is named`(
    isStopped: Bool
  ) async throws {
    let made = try await makeChanges(isStopped: isStopped, each: 1)
    print("\(made) changes")
    #expect(made > 1_500)
  }

  @Test func `a bit that flips in a row is found`() async throws {
    let image = try await makeImage(isStopped: true)
    let directory = try TemporaryDirectory()
    let path = directory.path + "/data/mecene.sqlite"
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: image.path)))
    var random = SeededGenerator(seed: 5)
    var changed = 0
    for _ in 0..<(Campaigns.areAsked ? 1_500 : 60) {
      let place = Int.random(in: 100..<bytes.count, using: &random)
      // Zeros are mostly room that nothing uses.
      if bytes[place] == 0 { continue }
      var wrong = bytes
      wrong[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try? FileManager.default.removeItem(atPath: directory.path + "/data")
      try FileManager.default.createDirectory(
        atPath: directory.path + "/data", withIntermediateDirectories: true)
      try Data(wrong).write(to: URL(fileURLWithPath: path))
      if (try? Self.rows(of: path)) == image.rows { continue }
      changed += 1
      #expect(try await whatIsFound(at: directory) != nil, "not found: a bit of byte \(place)")
    }
    #expect(changed > 5)
  }
}
