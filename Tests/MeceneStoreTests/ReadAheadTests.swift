import Glibc
import MeceneConcurrency
import TestSupport
import Testing

@testable import MeceneStore

@Suite struct ReadAheadTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/rows.sqlite" }

  /// As many rows as a reader holds ahead, and more.
  private static let rows: Int64 = 1_500_000

  init() throws {
    directory = try TemporaryDirectory()
    let connection = try SQLiteConnection(DatabaseLocation(path: directory.path + "/rows.sqlite"))
    try connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY)")
    try connection.execute(
      """
      WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < \(Self.rows))
      INSERT INTO t SELECT n FROM c
      """)
  }

  @Test func `all rows come, in their order`() throws {
    let rows = ReadAhead(DatabaseLocation(path: path), on: DispatchRuntime(), "SELECT n FROM t ORDER BY n") {
      $0.integer(0)
    }
    var last: Int64 = 0
    while let piece = try rows.next() {
      for row in piece {
        if row != last + 1 { Issue.record("\(row) after \(last)") }
        last = row
      }
    }
    #expect(last == Self.rows)
  }

  @Test(arguments: [0, 1, 70])
  func `a reader that is left early ends, with all that it holds`(pieces: Int) throws {
    weak var reader: ReadAhead<Int64>?
    do {
      let rows = ReadAhead(DatabaseLocation(path: path), on: DispatchRuntime(), "SELECT n FROM t ORDER BY n")
      { $0.integer(0) }
      reader = rows
      for _ in 0..<pieces { #expect(try rows.next() != nil) }
      rows.cancel()
    }
    // Its thread lets go of it last.
    for _ in 0..<1_000 where reader != nil { usleep(10_000) }
    #expect(reader == nil)
  }

  @Test func `what goes wrong is thrown`() {
    let rows = ReadAhead(DatabaseLocation(path: path), on: DispatchRuntime(), "SELECT n FROM nothing") {
      $0.integer(0)
    }
    #expect(throws: StoreError.self) { try rows.next() }
  }
}
