import Foundation
import Glibc
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneStore

/// A table of random bytes, written through the gathering VFS above a disk that fails when it is told to.
private final class Table {
  static let rows: Int64 = 200

  let directory: TemporaryDirectory
  let disk = FaultyDisk()
  let path: String
  let writer: SQLiteConnection
  private let reader: SQLiteConnection
  private var random: SeededGenerator
  /// The length of each row's bytes.
  private(set) var committed: [Int64: Int64] = [:]
  /// What the commits that failed since would have left: one of them may be found at the next start.
  private var inDoubt: [[Int64: Int64]] = []

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    directory = try TemporaryDirectory()
    path = directory.path + "/books"
    let location = DatabaseLocation(path: path, vfs: disk.vfs)
    writer = try SQLiteConnection(location.gathering())
    try writer.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 8")
    try writer.keepLogFile()
    try writer.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
    reader = try SQLiteConnection(location, isReadOnly: true)
  }

  /// Commits at random, takes some back, and moves the log to the file now and then: some of it while another connection
  /// still reads what was before.
  ///
  /// - Returns: How many commits and checkpoints failed.
  func work(rounds: Int, checkpointEvery: Int = 4) -> Int {
    var failures = 0
    for round in 0..<rounds {
      let holdsBack = round % checkpointEvery == checkpointEvery - 1 && Bool.random(using: &random)
      if holdsBack { try? reader.execute("BEGIN; SELECT count(*) FROM row") }
      do { try commit(spills: round % 5 == 0) } catch { failures += 1 }
      if round % checkpointEvery == checkpointEvery - 1 {
        do { _ = try writer.checkpoint() } catch { failures += 1 }
      }
      if holdsBack { try? reader.execute("COMMIT") }
    }
    return failures
  }

  private func commit(spills: Bool) throws {
    var lengths = committed
    do {
      try writer.execute("BEGIN IMMEDIATE")
      // More than the cache of 8 pages holds goes to the log before the commit, and is read back from there.
      for _ in 0..<Int64.random(in: 1...(spills ? 25 : 6), using: &random) {
        let id = Int64.random(in: 1...Self.rows, using: &random)
        lengths[id] = Int64.random(in: 0...9_000, using: &random)
        try writer.execute("INSERT OR REPLACE INTO row VALUES (\(id), randomblob(\(lengths[id] ?? 0)))")
      }
      if Int.random(in: 0..<4, using: &random) == 0 { return try writer.execute("ROLLBACK") }
      inDoubt.append(lengths)
      try writer.execute("COMMIT")
      committed = lengths
      inDoubt = []
    } catch {
      try? writer.execute("ROLLBACK")
      throw error
    }
  }

  /// Whether a process that finds these files has all that was committed, and nothing else.
  func isWhole(at path: String) throws -> Bool {
    let connection = try SQLiteConnection(DatabaseLocation(path: path))
    var problems: [String] = []
    try connection.prepare("PRAGMA integrity_check").forEachRow { problems.append($0.text(0)) }
    var lengths: [Int64: Int64] = [:]
    try connection.prepare("SELECT id, length(bytes) FROM row").forEachRow {
      lengths[$0.integer(0)] = $0.integer(1)
    }
    return problems == ["ok"] && (lengths == committed || inDoubt.contains(lengths))
  }

  /// Copies the files as they are now, as a crash of this process would leave them.
  func copyFiles(to copy: String) throws {
    for ending in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending)
    }
  }
}

/// The VFS that writes together what is written side by side.
@Suite struct GatheredWritesTests {
  @Test func `the files hold each commit when it returns, and nothing of what was rolled back`() throws {
    let table = try Table(seed: 7)
    for round in 0..<60 {
      #expect(table.work(rounds: 1, checkpointEvery: 1 + round % 7) == 0)
      let copy = table.directory.path + "/copy\(round)"
      try table.copyFiles(to: copy)
      #expect(try table.isWhole(at: copy))
    }
    #expect(table.committed.count > 100)
  }

  @Test func `whatever write or sync of either file fails, no commit that returned is lost`() throws {
    #expect(try failEachCall(seed: 1) { [.allCases[$0 % FaultyDisk.Failure.allCases.count]] } > 150)
  }

  @Test(.enabled(if: Campaigns.areAsked), arguments: 1...2 as ClosedRange<UInt64>)
  func `in whatever way each write or sync fails, no commit that returned is lost`(seed: UInt64) throws {
    #expect(try failEachCall(seed: seed) { _ in FaultyDisk.Failure.allCases } > 500)
  }

  /// Lets each call of a run fail in a run of its own.
  ///
  /// - Parameter failures: How the n-th call fails.
  /// - Returns: How many runs it took.
  private func failEachCall(seed: UInt64, failures: (Int) -> [FaultyDisk.Failure]) throws -> Int {
    let healthy = try Table(seed: seed)
    healthy.disk.fail(nil)
    #expect(healthy.work(rounds: 12) == 0)
    var runs = 0
    for file in [FaultyDisk.File.database, .log] {
      for operation in [FaultyDisk.Operation.write, .sync, .truncate] {
        for at in stride(from: 1, through: healthy.disk.count(operation, of: file), by: 1) {
          for failure in failures(at) where operation == .write || failure.isWhole {
            for persists in [false, true] {
              try expectNothingLost(seed, .init(operation, of: file, at: at, persists: persists, failure))
              runs += 1
            }
          }
        }
      }
    }
    return runs
  }

  private func expectNothingLost(_ seed: UInt64, _ fault: FaultyDisk.Fault) throws {
    let table = try Table(seed: seed)
    table.disk.fail(fault)
    let failures = table.work(rounds: 12)
    #expect(table.disk.failed > 0, "\(fault), seed \(seed): it was not met")
    // A page that did not get to the log stays, and gets there with the next, when a call that SQLite passes over met the fault.
    if fault.failure != .half, fault.file == .database || fault.operation == .sync {
      #expect(failures > 0, "\(fault), seed \(seed): nobody heard of it")
    }
    let copy = table.directory.path + "/copy"
    try table.copyFiles(to: copy)
    #expect(try table.isWhole(at: copy), "\(fault), seed \(seed): a crash loses a commit")
    table.disk.fail(nil)
    #expect(try table.isWhole(at: table.path), "\(fault), seed \(seed): a commit is lost")
    if !fault.persists || fault.operation != .sync {
      _ = table.work(rounds: 8)
      #expect(try table.isWhole(at: table.path), "\(fault), seed \(seed): a later commit is lost")
    }
  }

  @Test
  func
    `a page goes to the database after the log that holds it was synced, and the log begins anew after the database`()
    throws
  {
    let table = try Table(seed: 3)
    table.disk.record()
    #expect(table.work(rounds: 40) == 0)
    var logIsSynced = false
    var databaseIsSynced = true
    var writesInAll = 0
    for event in table.disk.events {
      switch (event.file, event.operation) {
      case (.log, .write):
        // Its header is written when it begins anew.
        if event.offset == 0 {
          #expect(databaseIsSynced, "the log begins anew before its pages are safe in the database")
        }
        logIsSynced = false
      case (.log, .sync): logIsSynced = true
      case (.database, .write):
        #expect(logIsSynced, "a page goes to the database before its log was synced")
        databaseIsSynced = false
        writesInAll += 1
      case (.database, .sync): databaseIsSynced = true
      default: break
      }
    }
    #expect(writesInAll > 10)
  }

  @Test func `pages that a checkpoint stopped short of are not given up when a later sync fails`() throws {
    let table = try Table(seed: 11)
    let location = DatabaseLocation(path: table.path, vfs: table.disk.vfs)
    let reader = try SQLiteConnection(location, isReadOnly: true)
    func write(_ id: Int) throws {
      try table.writer.execute("INSERT OR REPLACE INTO row VALUES (\(id), randomblob(60000))")
    }
    try write(1)
    try reader.execute("BEGIN; SELECT count(*) FROM row")
    try write(2)
    let (pages, moved) = try table.writer.checkpoint()
    #expect(moved < pages, "the reader holds nothing back")
    try reader.execute("COMMIT")
    table.disk.fail(.init(.sync, of: .database, at: 1, persists: false, .broken))
    #expect(throws: StoreError.self) { try table.writer.checkpoint() }
    // The kernel may have dropped them by now, and would say of the next sync that all is well.
    #expect(throws: StoreError.self) { try table.writer.checkpoint() }
    try write(3)
    let log = try Data(contentsOf: URL(fileURLWithPath: table.path + "-wal"))
    try write(4)
    let later = try Data(contentsOf: URL(fileURLWithPath: table.path + "-wal"))
    #expect(later.prefix(32) == log.prefix(32), "the log began anew")
  }

  @Test func `a full disk, a quota and a limit on sizes are told apart from a broken disk`() throws {
    for (failure, isFull) in [
      (FaultyDisk.Failure.full, true), (.quota, true), (.tooLarge, true), (.halfThenFull, true),
      (.broken, false),
    ] {
      for operation in [FaultyDisk.Operation.write, .sync] where operation == .write || failure.isWhole {
        let table = try Table(seed: 5)
        table.disk.fail(.init(operation, of: .log, at: 1, persists: true, failure))
        let error = #expect(throws: StoreError.self) {
          try table.writer.execute("INSERT INTO row VALUES (1, randomblob(100))")
        }
        let full: StoreError = operation == .sync ? .diskFullWhenSynced : .diskFull
        #expect((error == full) == isFull, "\(operation) \(failure): \(String(describing: error))")
      }
    }
  }

  @Test func `a path may hold what a URI gives a meaning to`() throws {
    let directory = try TemporaryDirectory()
    for name in ["a?b", "100%", "a%20b", "x#y", "a&vfs=none", "ü ", "file:x"] {
      let parent = directory.path + "/" + name
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
      let book = try BookFile(
        path: parent + "/mecene.sqlite",
        identity: .init(currency: "EUR", createdAt: november, isSimulated: true))
      _ = try book.makeWriter()
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: parent).sorted().prefix(2) == [
          "mecene.sqlite", "mecene.sqlite-shm",
        ])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 7)
  }

  @Test func `the writer's files gather, and the readers' do not`() throws {
    let table = try Table(seed: 1)
    var names: [String] = []
    for location in [
      try DatabaseLocation(path: table.path).gathering(), DatabaseLocation(path: table.path),
    ] {
      names.append(try SQLiteConnection(location).fileSystem())
    }
    #expect(names == ["gathering/unix", "unix"])
  }
}

extension FaultyDisk.Failure {
  /// Whether a call that writes nothing can fail like this.
  fileprivate var isWhole: Bool { self != .half && self != .halfThenFull }
}
