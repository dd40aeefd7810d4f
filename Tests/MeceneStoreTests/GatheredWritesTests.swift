import Foundation
import Glibc
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneStore

/// The writer's files, of which the parts are written together.
@Suite(.serialized) struct GatheredWritesTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let writer: SQLiteConnection

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.path + "/books"
    writer = try SQLiteConnection(path: path)
    try writer.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 8")
    try writer.keepLogFile()
    try writer.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
    try writer.gatherWrites()
  }

  /// What a connection that gathers nothing finds.
  private func lengths(at path: String) throws -> [Int64: Int64] {
    let connection = try SQLiteConnection(path: path)
    var problems: [String] = []
    try connection.prepare("PRAGMA integrity_check").forEachRow { problems.append($0.text(0)) }
    #expect(problems == ["ok"])
    var lengths: [Int64: Int64] = [:]
    try connection.prepare("SELECT id, length(bytes) FROM row").forEachRow {
      lengths[$0.integer(0)] = $0.integer(1)
    }
    return lengths
  }

  private func write(_ id: Int64, bytes: Int64) throws {
    try writer.execute("INSERT OR REPLACE INTO row VALUES (\(id), randomblob(\(bytes)))")
  }

  @Test func `the files hold each commit when it returns, and nothing of what was rolled back`() throws {
    var random = SeededGenerator(seed: 7)
    var committed: [Int64: Int64] = [:]
    for round in 0..<60 {
      var lengths = committed
      try writer.execute("BEGIN IMMEDIATE")
      // More than the cache of 8 pages holds goes to the log before the commit, and is read back from there.
      for _ in 0..<Int64.random(in: 1...(round % 5 == 0 ? 120 : 6), using: &random) {
        let (id, bytes) = (
          Int64.random(in: 1...200, using: &random), Int64.random(in: 0...9_000, using: &random)
        )
        try write(id, bytes: bytes)
        lengths[id] = bytes
      }
      if Bool.random(using: &random) {
        try writer.execute("COMMIT")
        committed = lengths
      } else {
        try writer.execute("ROLLBACK")
      }
      let isMoved = round % 7 == 0
      if isMoved {
        let (pages, moved) = try writer.checkpoint()
        #expect(pages == moved)
      }
      let copy = directory.path + "/copy\(round)"
      for ending in isMoved ? [""] : ["", "-wal"] {
        try FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending)
      }
      #expect(try self.lengths(at: copy) == committed)
    }
    #expect(try lengths(at: path) == committed)
  }

  @Test func `a commit whose log can't be written fails as a whole, and the next one succeeds`() throws {
    try write(1, bytes: 50_000)
    let size = try #require(FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int)
    for room in [0, 10, 5_000, 40_000] {
      withFiles(atMost: size + room) {
        #expect(throws: StoreError.self) { try write(2, bytes: 60_000) }
      }
      #expect(try lengths(at: path) == [1: 50_000])
    }
    try write(2, bytes: 60_000)
    #expect(try lengths(at: path) == [1: 50_000, 2: 60_000])
  }
  @Test func `a checkpoint that can't be written fails and loses nothing, and the next one succeeds`() throws
  {
    // The database outgrows the log, which begins anew after each checkpoint.
    for id in 1...10 {
      try write(Int64(id), bytes: 60_000)
      _ = try writer.checkpoint()
    }
    let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    for room in [0, 10, 5_000, 40_000] {
      try write(11, bytes: 60_000)
      withFiles(atMost: size + room) {
        #expect(throws: StoreError.self) { try writer.checkpoint() }
      }
      #expect(try lengths(at: path).count == 11)
    }
    let (pages, moved) = try writer.checkpoint()
    #expect(pages == moved)
    try FileManager.default.copyItem(atPath: path, toPath: path + "-copy")
    #expect(try lengths(at: path + "-copy").count == 11)
  }

  /// Lets no file of this process grow beyond so many bytes meanwhile.
  private func withFiles(atMost bytes: Int, _ body: () -> Void) {
    signal(SIGXFSZ, SIG_IGN)
    var before = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before)
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: before.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) }
    body()
  }
}
