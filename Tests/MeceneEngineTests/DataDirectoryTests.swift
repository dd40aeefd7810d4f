import Foundation
import Glibc
import Logging
import MeceneConcurrency
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// Where the books are, who may read them, and what happens when they are not where they were.
@Suite(.serialized) struct DataDirectoryTests {
  private let directory: TemporaryDirectory
  private var data: String { directory.path + "/data" }
  private var database: String { data + "/mecene.sqlite" }

  init() throws { directory = try TemporaryDirectory() }

  /// An engine with three accounts, whose reasons to give up are collected.
  private func start(
    _ log: LogRecorder = LogRecorder(), reason: Locked<String?> = Locked(nil), heldLogPages: Int = 16_384
  ) async throws -> EmbeddedEngine {
    var settings = settings(directory, autoSettle: false)
    settings.checkpointPages = 12
    settings.heldLogPages = heldLogPages
    return try await startEngine(
      settings: settings, logger: log.logger, sink: { _ in },
      fatal: { sentence in reason.withLock { $0 = sentence } })
  }

  private func contents() throws -> [String: Int] {
    let names = try FileManager.default.contentsOfDirectory(atPath: data)
    return Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, (FileManager.default.contents(atPath: data + "/" + $0) ?? Data()).count)
      })
  }

  /// A log as a crash leaves it, with one byte of it flipped: before it, and behind it, are whole commits.
  @Test func `a log that has rotted is refused, and a commit that was on its way is not`() async throws {
    var settings = settings(directory, autoSettle: false)
    settings.checkpointPages = 1_000_000
    let engine = try await startEngine(
      settings: settings, logger: quietLogger, sink: { _ in }, fatal: { _ in })
    try await engine.populate(accounts: 20)
    let (log, file) = (
      try Data(contentsOf: URL(fileURLWithPath: database + "-wal")),
      try Data(contentsOf: URL(fileURLWithPath: database))
    )
    await engine.shutDown()

    func start(_ log: Data) async throws -> Int64? {
      try? FileManager.default.removeItem(atPath: data)
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
      try file.write(to: URL(fileURLWithPath: database))
      try log.write(to: URL(fileURLWithPath: database + "-wal"))
      do {
        let engine = try await startEngine(
          settings: settings, logger: quietLogger, sink: { _ in }, fatal: { _ in })
        defer { Task { await engine.shutDown() } }
        return try await engine.read(.status).lastCommit.number
      } catch StoreError.directory(let sentence) {
        #expect(sentence.contains("-wal is damaged") && sentence.contains("Nothing was changed here"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: database + "-wal")) == log)
        return nil
      }
    }
    let whole = try #require(try await start(log))
    // Its commit marks: the last bytes of each commit.
    let frames = (log.count - 32) / 4_120
    let marks = (0..<frames).filter { log[32 + $0 * 4_120 + 4..<32 + $0 * 4_120 + 8].contains { $0 != 0 } }
    #expect(marks.count > 50)
    func flipped(_ offset: Int) -> Data {
      var copy = log
      copy[offset] ^= 4
      return copy
    }
    // The header: a size, a salt, a check sum. Then a frame's number, salt, check sum and page: of the first, and in the middle.
    let middle = 32 + (marks[marks.count / 2] + 1) * 4_120
    for offset in [
      9, 17, 25, 30, 32, 41, 49, 52, 600, middle, middle + 9, middle + 17, middle + 24, middle + 4_000,
    ] {
      let commit = try await start(flipped(offset))
      #expect(commit == nil, "byte \(offset)")
    }
    // The last commit may be one that was on its way.
    let last = 32 + (marks[marks.count - 2] + 1) * 4_120
    for offset in [last, last + 20, last + 700] {
      let commit = try await start(flipped(offset))
      #expect(commit == whole - 1, "byte \(offset)")
    }
    // And a log that is cut, or followed by what an older one left.
    #expect(try await start(log.prefix(last + 2_000)) == whole - 1)
    #expect(try await start(log + Data(repeating: 7, count: 20_000)) == whole)
  }

  @Test func `a log that has rotted after it was moved is not needed`() async throws {
    let engine = try await start()
    try await engine.populate(accounts: 20)
    let before = try await engine.read(.status).lastCommit.number
    await engine.shutDown()
    var log = try Data(contentsOf: URL(fileURLWithPath: database + "-wal"))
    try #require(log.count > 4_200)
    log[40] ^= 1
    try log.write(to: URL(fileURLWithPath: database + "-wal"))
    let again = try await start()
    #expect(try await again.read(.status).lastCommit.number == before)
    await again.shutDown()
  }

  @Test(arguments: ["removed", "emptied", "moved away with its log left"])
  func `absence is no first start: what is left of books is refused, and stays as it is`(what: String)
    async throws
  {
    let engine = try await start()
    try await engine.populate(accounts: 3)
    // As a crash leaves them: with a log.
    let kept = directory.path + "/kept"
    try FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: true)
    for ending in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: database + ending, toPath: kept + "/mecene.sqlite" + ending)
    }
    await engine.shutDown()
    for name in try FileManager.default.contentsOfDirectory(atPath: data) {
      try FileManager.default.removeItem(atPath: data + "/" + name)
    }
    try FileManager.default.copyItem(atPath: kept + "/mecene.sqlite-wal", toPath: database + "-wal")
    switch what {
    case "removed": try Data().write(to: URL(fileURLWithPath: data + "/mecene.lock"))
    case "emptied": try Data().write(to: URL(fileURLWithPath: database))
    default: break
    }
    let before = try contents()
    let error = await #expect(throws: StoreError.self) { try await start() }
    #expect(error?.sentence.contains("restore a backup into another directory") == true)
    #expect(error?.sentence.contains(what == "emptied" ? "is empty" : "moved or removed") == true)
    #expect(try contents() == before)
    // What the sentence says saves them.
    try? FileManager.default.removeItem(atPath: database)
    try FileManager.default.copyItem(atPath: kept + "/mecene.sqlite", toPath: database)
    let again = try await start()
    #expect(try await again.read(.status).accounts == 3)
    await again.shutDown()
  }

  @Test func `a first start that was killed is begun anew`() async throws {
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    try Data("half".utf8).write(to: URL(fileURLWithPath: database + ".new"))
    let engine = try await start()
    try await engine.populate(accounts: 1)
    await engine.shutDown()
    #expect(try contents()["mecene.sqlite.new"] == nil)
  }

  @Test func `no second daemon joins, whatever file is removed`() async throws {
    let engine = try await start()
    for name in try FileManager.default.contentsOfDirectory(atPath: data)
    where !name.hasPrefix("mecene.sqlite") {
      try FileManager.default.removeItem(atPath: data + "/" + name)
    }
    for path in [
      data, data + "/.", directory.path + "/../" + directory.path.split(separator: "/")[1] + "/data",
    ] {
      let error = #expect(throws: StoreError.self) { try DataDirectory(path: path) }
      #expect(error?.sentence.contains("another daemon is using") == true)
    }
    await engine.shutDown()
    _ = try DataDirectory(path: data)
  }

  @Test func `a log that is gone, whose index is there, is refused`() async throws {
    let engine = try await start()
    try await engine.populate(accounts: 2)
    // As after a crash: log and index are both there.
    let copy = directory.path + "/crashed"
    try FileManager.default.copyItem(atPath: data, toPath: copy)
    await engine.shutDown()
    try FileManager.default.removeItem(atPath: copy + "/mecene.sqlite-wal")
    let crashed = try DataDirectory(path: copy)
    let error = #expect(throws: StoreError.self) { try crashed.checkForRemains() }
    #expect(error?.sentence.contains("what was acknowledged last may have been in it") == true)
    try FileManager.default.removeItem(atPath: copy + "/mecene.sqlite-shm")
    try crashed.checkForRemains()
  }

  @Test(arguments: [
    "directory moved", "directory removed", "database moved", "log removed", "database replaced",
  ])
  func `books that are moved or removed under a running daemon stop it`(what: String) async throws {
    let reason = Locked<String?>(nil)
    let engine = try await start(reason: reason)
    try await engine.populate(accounts: 3)
    let elsewhere = directory.path + "/elsewhere"
    switch what {
    case "directory moved": try FileManager.default.moveItem(atPath: data, toPath: elsewhere)
    case "directory removed": try FileManager.default.removeItem(atPath: data)
    case "database moved": try FileManager.default.moveItem(atPath: database, toPath: elsewhere)
    case "log removed": try FileManager.default.removeItem(atPath: database + "-wal")
    default:
      try FileManager.default.copyItem(atPath: database, toPath: elsewhere)
      #expect(rename(elsewhere, database) == 0)
    }
    #expect(try await eventually { reason.withLock { $0 } != nil })
    #expect(reason.withLock { $0 }?.contains("while the daemon ran") == true)
    await #expect(throws: EngineFailure.self) { try await engine.perform(.tick) }
    await engine.shutDown()
    guard what == "log removed" else { return }
    // What was acknowledged was in the log alone, and is in the file now.
    let again = try await start()
    #expect(try await again.read(.status).accounts == 3)
    await again.shutDown()
  }

  @Test func `nobody but their owner reads the books, whatever the umask and the directory's mode`()
    async throws
  {
    let before = umask(0o022)
    defer { umask(before) }
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    #expect(chmod(data, 0o755) == 0)
    let log = LogRecorder()
    let engine = try await start(log)
    try await engine.populate(accounts: 1)
    for suffix in ["", "-wal", "-shm"] {
      var status = stat()
      #expect(stat(database + suffix, &status) == 0 && status.st_mode & 0o777 == 0o600, "\(suffix)")
    }
    #expect(log.count("warning: other users may enter the data directory mode=0755") == 1)
    #expect(log.count("could read") == 0)
    await engine.shutDown()
  }

  @Test func `books that others can read are closed to them at the next start`() async throws {
    let engine = try await start()
    await engine.shutDown()
    #expect(chmod(database, 0o644) == 0 && chmod(database + "-wal", 0o644) == 0)
    let log = LogRecorder()
    let again = try await start(log)
    var status = stat()
    #expect(stat(database, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(
      log.count(
        "warning: other users could read the books; they can't any more files=mecene.sqlite, mecene.sqlite-wal"
      ) == 1)
    await again.shutDown()
  }

  @Test func `a long reader that keeps the log growing is told of once, and its end too`() async throws {
    let log = LogRecorder()
    let engine = try await start(log, heldLogPages: 40)
    try await engine.populate(accounts: 2)
    let reader = try SQLiteConnection(DatabaseLocation(path: database), isReadOnly: true)
    func write(_ rounds: Range<Int>) async throws {
      for n in rounds {
        let text = try PlainText(
          String(repeating: "long \(n) ", count: 1_000), field: "", charactersMax: 10_000)
        try await engine.perform(.updateThing(.number(1), title: nil, description: text, hidden: nil))
      }
    }
    try reader.execute("BEGIN; SELECT count(*) FROM account")
    try await write(0..<40)
    #expect(log.count("warning: a reader keeps the write-ahead log from beginning anew") == 1)
    try reader.execute("COMMIT")
    try await write(40..<60)
    #expect(log.count("a reader keeps") == 1)
    #expect(log.count("notice: the write-ahead log begins anew") == 1)
    await engine.shutDown()
  }
}
