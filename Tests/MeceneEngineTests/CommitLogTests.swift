import Foundation
import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// The log of commits: what is read of it, what is made from it, and what its answers come to.
@Suite struct CommitLogTests {
  private static let month = Period(number: 682)

  /// A month and a settlement in small steps, and the beginning of the next month.
  ///
  /// - Returns: The entries as they were handed down, and the settlement's digest.
  private func live(_ directory: TemporaryDirectory) async throws -> (entries: [LogEntry], digest: [UInt8]) {
    let kept = directory.path + "/kept-log"
    var settings = settings(directory, terms: Terms(feeBps: 300), autoSettle: false)
    settings.makeLog = { KeptLog(LocalLog($0, $1), file: kept) }
    let digest = try await withEngine(settings) { engine in
      try await engine.populate(accounts: 6)
      for (patron, thing) in [(1, 2), (1, 3), (2, 3), (3, 1), (4, 1), (4, 5), (5, 4)] as [(Int64, Int64)] {
        try await engine.perform(.click(.number(patron), .number(thing), nil))
      }
      try await engine.perform(.undoClick(.number(3), .number(1), nil))
      try await engine.perform(
        .updateThing(
          .number(1), title: PlainText("L'été", field: "title", charactersMax: 9), description: nil,
          hidden: true))
      try await engine.perform(.retireThing(.number(6)))
      try await engine.perform(.deposit(.number(2), Micros(5), RequestKey("more")))
      try await engine.perform(.closeAccount(.number(6)))
      try await engine.perform(.setClock(Self.month.next.start))
      let plan = try BookFile(readingOnly: DataDirectory.databasePath(in: directory.path + "/data")).plan(
        Self.month)
      let seal = plan.seal(secrets: zeroSecrets)
      let steps: [Command] = [
        .planSettlement(plan, seal), .drainPots(plan, 0..<2), .drainPots(plan, 0..<5),
        .payOwners(plan, 0..<1), .payOwners(plan, 0..<3),
      ]
      try await engine.perform(.file(plan, .blocks(seal, seal.blocks.indices)))
      for step in steps { try await engine.perform(step) }
      try await engine.perform(.deposit(.number(1), Micros(9_000_000), RequestKey("between")))
      let settled = try await engine.settle(nil) { _ in }
      try await engine.perform(.withdraw(.fees, Micros(7), RequestKey("fees")))
      try await engine.perform(.click(.number(1), .number(3), nil))
      return settled.digest
    }
    return (try KeptLog.entries(in: kept), digest)
  }

  @Test func `books can be made of any beginning of the log, and go on from there to the same digest`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let (entries, digest) = try await live(directory)
    #expect(entries.map(\.commit.sequence) == Array(1...Int64(entries.count)))
    let planned = try #require(
      entries.firstIndex { entry in
        var changes = ChangeNumbers()
        return (try? LoggedCommit(entry, after: &changes, secret: []))?.planned != nil
      })
    for end in 1...entries.count {
      let data = "\(directory.path)/made\(end)"
      let verdict = try rebuildBooks(
        from: directory.path + "/kept-log", into: data, through: Int64(end))
      #expect(verdict.last.link == entries[end - 1].commit.link)
      guard end > planned else { continue }
      var settings = settings(directory, terms: Terms(feeBps: 300), autoSettle: false)
      settings.dataPath = data
      try await withEngine(settings) { (engine) async throws in
        #expect(try await engine.settle(Self.month) { _ in }.digest == digest)
        #expect(try await engine.verify { _ in }.finding == nil)
      }
    }
  }

  @Test func `whatever was changed in an entry is found, and no books are made of it`() async throws {
    let directory = try TemporaryDirectory()
    let (entries, _) = try await live(directory)
    var random = SeededGenerator.printed()
    for round in 0..<60 {
      let position = Int.random(in: entries.indices, using: &random)
      var parts = [entries[position].rows, entries[position].clicks, entries[position].texts]
      let part = Int.random(in: parts.indices, using: &random)
      guard !parts[part].isEmpty else { continue }
      let byte = Int.random(in: parts[part].indices, using: &random)
      if round % 3 == 0 { parts[part].remove(at: byte) } else { parts[part][byte] ^= 1 << UInt8(round % 8) }
      let changed = LogEntry(
        commit: entries[position].commit, rows: parts[0], clicks: parts[1], texts: parts[2])
      let books = try Rebuilding(dataPath: "\(directory.path)/changed\(round)")
      for entry in entries[..<position] { try books.follow(entry) }
      #expect(throws: Finding.self, "entry \(position), part \(part), byte \(byte)") {
        try books.follow(changed)
      }
      // It was not half taken in: the right one goes on.
      try books.follow(entries[position])
    }
    let books = try Rebuilding(dataPath: "\(directory.path)/skipped")
    try books.follow(entries[0])
    #expect(throws: Finding.self) { try books.follow(entries[2]) }
    #expect(throws: StoreError.self) { _ = try Rebuilding(dataPath: directory.path + "/data") }
  }

  @Test func `a line that was cut short was never handed down, and any other that can't be read is told`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let (entries, _) = try await live(directory)
    let file = URL(fileURLWithPath: directory.path + "/kept-log")
    let bytes = try Data(contentsOf: file)
    let last = try #require(bytes.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
    for end in [last, last + 1, (last + bytes.count) / 2, bytes.count - 1] {
      try bytes[..<end].write(to: file)
      #expect(try KeptLog.entries(in: file.path) == Array(entries.dropLast()), "\(end)")
    }
    for position in [0, last] {
      var damaged = bytes
      damaged[position] = UInt8(ascii: "?")
      try damaged.write(to: file)
      #expect(throws: DecodingError.self, "\(position)") { try KeptLog.entries(in: file.path) }
    }
  }

  /// What a leader might commit who does not keep the rules: its hashes are right.
  @Test func `rows that were changed and hashed anew are judged by the rules, and stop nothing`() async throws
  {
    let directory = try TemporaryDirectory()
    let (entries, _) = try await live(directory)
    var random = SeededGenerator.printed()
    var refused = 0
    for round in 0..<60 {
      let position = Int.random(in: entries.indices, using: &random)
      let (right, before) = (entries[position], position > 0 ? entries[position - 1].commit.link : nil)
      var rows = right.rows
      for _ in 0...(round % 3) {
        let byte = Int.random(in: rows.indices, using: &random)
        rows[byte] =
          round % 2 == 0 ? rows[byte] ^ 1 << UInt8(round % 8) : .random(in: 0...255, using: &random)
      }
      let hash = CommitChain.rowsHash(rows)
      let commit = CommitRecord(
        sequence: right.commit.sequence, time: right.commit.time, clickRows: right.commit.clickRows,
        clicksHash: right.commit.clicksHash, rowsHash: hash,
        link: CommitChain.link(
          previous: before ?? CommitPoint.beginning.link, sequence: right.commit.sequence,
          time: right.commit.time, rowsHash: hash))
      let changed = LogEntry(commit: commit, rows: rows, clicks: right.clicks, texts: right.texts)
      let books = try Rebuilding(dataPath: "\(directory.path)/judged\(round)")
      for entry in entries[..<position] { try books.follow(entry) }
      do { try books.follow(changed) } catch {
        refused += 1
        #expect(error is Finding || error is StoreError, "\(error)")
        if position == 0 { continue }
        // The right one goes on from the books, and all behind it.
        for entry in entries[position...] { try books.follow(entry) }
        #expect(try books.finish().link == entries.last?.commit.link)
      }
    }
    #expect(refused > 30)
  }

  @Test func `the books' own log has what was handed down, back to the oldest month that is not settled`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let (entries, _) = try await live(directory)
    let file = try BookFile(
      path: DataDirectory.databasePath(in: directory.path + "/data"),
      identity: .init(currency: "EUR", createdAt: november, isSimulated: true))
    let log = LocalLog(try file.makeWriter(), file)
    #expect(try log.lead().link == entries.last?.commit.link)
    // The last click of the month that is settled.
    let settled = try #require(
      entries.last { $0.commit.time < Self.month.next.start && $0.commit.clickRows > 0 })
    var read: [LogEntry] = []
    try log.read(after: settled.commit.sequence) { read.append($0) }
    #expect(read == Array(entries[Int(settled.commit.sequence)...]))
    #expect(throws: Finding.self) { try log.read(after: settled.commit.sequence - 1) { _ in } }
  }

  /// The books' own log, whose answers a test writes.
  private final class ScriptedLog: Sendable {
    enum Answer: Sendable {
      /// Instead of appending.
      case instead(Appended)
      /// After it.
      case after(Appended)
    }

    let next = Locked<Answer?>(nil)
    let leads = Locked(0)

    struct Log: CommitLog {
      let log: LocalLog
      let script: ScriptedLog

      func lead() throws(StoreError) -> CommitPoint {
        script.leads.withLock { $0 += 1 }
        return try log.lead()
      }

      func append(_ entry: LogEntry) -> Appended {
        let answer = script.next.withLock { answer in
          defer { answer = nil }
          return answer
        }
        switch answer {
        case .instead(let answer): return answer
        case .after(let answer):
          _ = log.append(entry)
          return answer
        case nil: return log.append(entry)
        }
      }

      func read(after number: Int64, _ body: (LogEntry) throws -> Void) throws {
        try log.read(after: number, body)
      }
    }
  }

  private func withScript(
    _ body: (EmbeddedEngine, ScriptedLog, Locked<[String]>) async throws -> Void
  ) async throws {
    let (directory, script, reasons) = (try TemporaryDirectory(), ScriptedLog(), Locked<[String]>([]))
    var settings = settings(directory, autoSettle: false)
    settings.makeLog = { ScriptedLog.Log(log: LocalLog($0, $1), script: script) }
    try await withEngine(settings, fatal: { reason in reasons.withLock { $0.append(reason) } }) { engine in
      try await engine.populate(accounts: 2)
      try await body(engine, script, reasons)
    }
  }

  private func failure(_ body: () async throws(EngineFailure) -> Void) async -> EngineFailure? {
    do throws(EngineFailure) { try await body() } catch { return error }
    return nil
  }

  @Test(arguments: [true, false])
  func `whether a commit of unknown outcome is there, the log says when it is led anew`(isThere: Bool)
    async throws
  {
    try await withScript { (engine, script, reasons) async throws in
      // Even of a full disk: who can't know does not say that nothing was executed.
      let unknown = Appended.unknown(isThere ? .failed("the connection was lost") : .diskFull)
      script.next.withLock { $0 = isThere ? .after(unknown) : .instead(unknown) }
      let key = try RequestKey("unknown")
      let failed = await failure { () async throws(EngineFailure) in
        try await engine.perform(.deposit(.number(1), Micros(5), key))
      }
      #expect(failed == .commitFailed)
      #expect(try await eventually { engine.condition == .serving })
      // A repeat with its key finds out, and moves the money once.
      guard case .transfer(_, let replayed) = try await engine.perform(.deposit(.number(1), Micros(5), key))
      else {
        throw Unexpected()
      }
      #expect(replayed == isThere)
      let account = try await engine.read(.account(.number(1)))
      #expect(account.money.available == Micros(10_000_005))
      #expect(try await engine.verify { _ in }.finding == nil)
      #expect(reasons.withLock { $0 } == [])
    }
  }

  @Test func `a commit that is not there was not executed`() async throws {
    try await withScript { (engine, script, reasons) async throws in
      script.next.withLock { $0 = .instead(.failed(.diskFull)) }
      let key = try RequestKey("full")
      let failed = await failure { () async throws(EngineFailure) in
        try await engine.perform(.deposit(.number(1), Micros(5), key))
      }
      #expect(failed == .diskFull && engine.condition == .diskFull)
      #expect(try await eventually { engine.condition == .serving })
      guard
        case .transfer(_, replayed: false) = try await engine.perform(.deposit(.number(1), Micros(5), key))
      else {
        throw Unexpected()
      }
      #expect(reasons.withLock { $0 } == [])
    }
  }

  @Test func `whoever no longer leads the log stops, and executes nothing more`() async throws {
    try await withScript { (engine, script, reasons) async throws in
      script.next.withLock { $0 = .instead(.fenced("a link of leader 7")) }
      let key = try RequestKey("fenced")
      for _ in 0..<2 {
        let failed = await failure { () async throws(EngineFailure) in
          try await engine.perform(.deposit(.number(1), Micros(5), key))
        }
        #expect(failed == .shutDown)
      }
      #expect(engine.condition == .stopped)
      // It does not take the lead back.
      #expect(script.leads.withLock { $0 } == 1)
      #expect(reasons.withLock { $0 } == ["another daemon keeps these books now: a link of leader 7"])
      let account = try await engine.read(.account(.number(1)))
      #expect(account.money.available == Micros(10_000_000))
    }
  }

  private struct Unexpected: Error {}
}
