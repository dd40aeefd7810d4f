import Foundation
import Logging
import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// One life of a ledger: accounts, deposits, things and clicks of a month, its settlement, and some of the next month. It
/// remembers what was acknowledged.
private final class Life {
  private static let accounts = 4
  private static let rounds = 14

  private enum Acknowledged {
    case deposit(Int, Micros, RequestKey, TransferID)
    case thing(NewThing, ThingID)
    case click(Int, ThingID)
  }

  private var acknowledged: [Acknowledged] = []
  private var opened = 0
  private var failuresInARow = 0
  private(set) var failures = 0
  private(set) var wasFull = false
  private var closedClicks: Int?
  private var settled: [UInt8]?

  var count: Int { acknowledged.count + opened }

  /// Does all of it, until three calls in a row have failed.
  func live(_ engine: EmbeddedEngine) async throws {
    for account in 1...Self.accounts {
      try await attempt {
        try await engine.openAccount("account\(account)", budget: Micros(10_000_000))
        self.opened += 1
      }
      try await deposit(account, Micros(10_000_000), "first-\(account)", engine)
    }
    guard opened == Self.accounts else { return }
    for round in 0..<Self.rounds where failuresInARow < 3 {
      if round == Self.rounds - 3 { try await endMonth(engine) }
      try await self.round(round, engine)
    }
  }

  private func round(_ round: Int, _ engine: EmbeddedEngine) async throws {
    let account = 1 + round % Self.accounts
    try await deposit(account, Micros(Int64(3_000_000 + round)), "round-\(round)", engine)
    var added: ThingID?
    try await attempt {
      let url = try CanonicalURL("https://example.org/\(round)")
      // Long texts fill the log.
      let text = String(repeating: "long text \(round) ", count: 300)
      let thing = NewThing(
        owner: .id(AccountID(Int64(account))), url: url,
        fingerprint: engine.fingerprintKey.fingerprint(of: url.identity),
        title: try PlainText("", field: "", charactersMax: 1),
        description: try PlainText(text, field: "", charactersMax: 10_000), hidden: false)
      guard case .thing(_, let record?, false) = try await engine.perform(.addThing(thing)) else {
        throw Wrong()
      }
      self.acknowledged.append(.thing(thing, record.id))
      added = record.id
    }
    guard let added else { return }
    for patron in 1...Self.accounts where patron != account {
      try await attempt {
        guard
          case .clicked(_, false) = try await engine.perform(
            .click(.id(AccountID(Int64(patron))), .id(added), nil))
        else { throw Wrong() }
        self.acknowledged.append(.click(patron, added))
      }
    }
  }

  private func deposit(
    _ account: Int, _ amount: Micros, _ key: String, _ engine: EmbeddedEngine
  ) async throws {
    try await attempt {
      let key = try RequestKey(key)
      guard
        case .transfer(let transfer, false) = try await engine.perform(
          .deposit(.id(AccountID(Int64(account))), amount, key))
      else { throw Wrong() }
      self.acknowledged.append(.deposit(account, amount, key, transfer.id))
    }
  }

  private func endMonth(_ engine: EmbeddedEngine) async throws {
    // Those of a closed month can be counted, and no more asked for again. A clock whose commit failed may be set all the same.
    let clicks = acknowledged.partition { if case .click = $0 { true } else { false } }
    closedClicks = acknowledged[clicks...].count
    acknowledged.removeSubrange(clicks...)
    try await attempt { _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs))) }
    try await attempt { self.settled = try await engine.settle(november.period) { _ in }.digest }
  }

  private func attempt(_ body: () async throws -> Void) async throws {
    do {
      try await body()
      failuresInARow = 0
    } catch let refusal as Refusal {
      try expectEarlierFailure(refusal)
    } catch EngineFailure.refused(let refusal) {
      try expectEarlierFailure(refusal)
    } catch let failure as EngineFailure {
      failures += 1
      failuresInARow += 1
      if failure == .diskFull { wasFull = true }
    }
  }

  /// What an earlier call that failed would have made is missing, but nothing else.
  private func expectEarlierFailure(_ refusal: Refusal) throws {
    if failures == 0 { throw refusal }
  }

  /// Whether all that was acknowledged is there, and proved.
  func expectWhole(_ engine: EmbeddedEngine, _ comment: Comment) async throws {
    for each in acknowledged {
      switch each {
      case .deposit(let account, let amount, let key, let id):
        let again = try await engine.perform(.deposit(.id(AccountID(Int64(account))), amount, key))
        guard case .transfer(let transfer, true) = again, transfer.id == id else {
          Issue.record("\(comment): deposit \(key.text) is gone")
          return
        }
      case .thing(let thing, let id):
        let again = try await engine.perform(.addThing(thing))
        guard case .thing(_, let record?, true) = again, record.id == id else {
          Issue.record("\(comment): thing \(thing.url.text) is gone")
          return
        }
      case .click(let patron, let thing):
        let again = try await engine.perform(.click(.id(AccountID(Int64(patron))), .id(thing), nil))
        guard case .clicked(_, true) = again else {
          Issue.record("\(comment): click of \(patron) on \(thing) is gone")
          return
        }
      }
    }
    if let closedClicks {
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      let record = try await engine.settle(november.period) { _ in }
      #expect(record.totals.clicks >= closedClicks, comment)
      #expect(settled == nil || record.digest == settled, comment)
    }
    let verdict = try await engine.verify { _ in }
    #expect(verdict.finding == nil, comment)
  }
}

private struct Wrong: Error {}

/// The engine on disks that fail.
@Suite(.serialized) struct DiskFaultTests {
  private func withEngine<T>(
    _ dataPath: String, vfs: String? = nil, logger: Logger = quietLogger,
    _ body: (EmbeddedEngine) async throws -> T
  ) async throws -> T {
    let reasons = Locked<[String]>([])
    let settings = EmbeddedEngine.Settings(
      dataPath: dataPath, autoSettle: false, simulatedClock: november, vfs: vfs, checkpointPages: 12)
    let result = try await TestSupport.withEngine(
      settings, logger: logger, fatal: { reason in reasons.withLock { $0.append(reason) } }, body)
    #expect(reasons.withLock { $0 } == [], "the daemon would have given up")
    return result
  }

  /// What a healthy life asks of the disk.
  private func callsOfALife() async throws -> [(FaultyDisk.Operation, FaultyDisk.File, Int)] {
    let directory = try TemporaryDirectory()
    let disk = FaultyDisk()
    let life = Life()
    try await withEngine(directory.path + "/data", vfs: disk.vfs) { engine in
      disk.fail(nil)
      try await life.live(engine)
      #expect(life.failures == 0 && life.count > 40)
    }
    // Several checkpoints, and each ends with a sync of the database.
    #expect(disk.count(.sync, of: .database) > 3)
    return [FaultyDisk.File.database, .log].flatMap { file in
      [FaultyDisk.Operation.write, .sync].map { ($0, file, disk.count($0, of: file)) }
    }
  }

  private func liveThrough(_ fault: FaultyDisk.Fault) async throws {
    let directory = try TemporaryDirectory()
    let disk = FaultyDisk()
    let life = Life()
    try await withEngine(directory.path + "/data", vfs: disk.vfs) { engine in
      disk.fail(fault)
      try await life.live(engine)
    }
    disk.fail(nil)
    try await withEngine(directory.path + "/data") { try await life.expectWhole($0, "\(fault)") }
  }

  @Test func `whatever write or sync fails, all that was acknowledged is there after a restart`() async throws
  {
    for (operation, file, calls) in try await callsOfALife() {
      // Each of them here in one way, in the campaign in every.
      for at in 1...calls {
        let failure = operation == .write ? FaultyDisk.Failure.allCases[at % 5] : .allCases[at % 4]
        try await liveThrough(.init(operation, of: file, at: at, persists: at % 3 == 0, failure))
      }
    }
  }

  @Test(.enabled(if: Campaigns.areAsked), arguments: [FaultyDisk.Failure.full, .broken, .halfThenFull])
  func `in whatever way each write or sync fails, all that was acknowledged is there after a restart`(
    failure: FaultyDisk.Failure
  ) async throws {
    for (operation, file, calls) in try await callsOfALife()
    where operation == .write || failure != .halfThenFull {
      for at in 1...calls {
        for persists in [false, true] {
          try await liveThrough(.init(operation, of: file, at: at, persists: persists, failure))
        }
      }
    }
  }

  @Test func `a disk that keeps failing is a state, told once, until it takes writes again`() async throws {
    let (directory, disk, log) = (try TemporaryDirectory(), FaultyDisk(), LogRecorder())
    try await withEngine(directory.path + "/data", vfs: disk.vfs, logger: log.logger) { engine in
      let life = Life()
      try await life.live(engine)
      func deposit(_ key: String) async -> EngineFailure? {
        do {
          _ = try await engine.perform(.deposit(.id(AccountID(1)), Micros(1), RequestKey(key)))
          return nil
        } catch { return error as? EngineFailure }
      }
      disk.fail(.init(.sync, of: .log, at: 1, persists: true, .broken))
      for number in 1...3 { #expect(await deposit("broken-\(number)") == .commitFailed) }
      #expect(await deposit("refused") == .diskFailing)
      #expect(engine.condition == .diskFailing)
      #expect(try await engine.read(.status).accounts == 4)
      // What the daemon tries meanwhile fails too, and is not told again.
      for number in 0..<30 {
        #expect([.commitFailed, .diskFailing].contains(await deposit("meanwhile-\(number)")))
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(log.count("error: commit failed") == 1)
      #expect(log.count("error: the disk keeps failing; writes are refused until it takes some") == 1)
      disk.fail(nil)
      #expect(try await eventually { await deposit("healed") == nil })
      #expect(log.count("notice: the disk takes writes again") == 1)
      #expect(engine.condition == .serving)
    }
  }

  @Test func `a disk that is full when it is synced leaves a commit in doubt`()
    async throws
  {
    let (directory, disk) = (try TemporaryDirectory(), FaultyDisk())
    try await withEngine(directory.path + "/data", vfs: disk.vfs) { engine in
      disk.fail(.init(.sync, of: .log, at: 1, persists: false, .full))
      let name = try AccountName("anna")
      let opening = Command.openAccount(
        name: name, fingerprint: engine.fingerprintKey.fingerprint(of: name.text),
        displayName: try PlainText("", field: "", charactersMax: 1), budget: .zero)
      await #expect(throws: EngineFailure.commitFailed) { try await engine.perform(opening) }
      #expect(try await eventually { engine.condition == .serving })
      _ = try await engine.perform(opening)
    }
  }

  @Test(arguments: [true, false])
  func `a disk that can't be read is not taken for damaged books`(persists: Bool) async throws {
    let (directory, disk) = (try TemporaryDirectory(), FaultyDisk())
    // Nothing is kept in memory, and nothing mapped: `verify` reads pages through its own connections.
    try await withEngine(directory.path + "/data", vfs: disk.vfs) { engine in
      let life = Life()
      try await life.live(engine)
      disk.fail(.init(.read, of: .database, at: 1, persists: persists, .broken))
      let error = await #expect(throws: StoreError.self) { try await engine.verify { _ in } }
      guard case .unreadable(let reason)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason == "Input/output error" && disk.failed > 0)
      disk.fail(nil)
      #expect(engine.condition == .serving)
      try await life.expectWhole(engine, "after a read that failed")
    }
  }

  @Test func `a checkpoint that keeps failing is told once`() async throws {
    let (directory, disk, log) = (try TemporaryDirectory(), FaultyDisk(), LogRecorder())
    try await withEngine(directory.path + "/data", vfs: disk.vfs, logger: log.logger) { engine in
      disk.fail(.init(.write, of: .database, at: 1, persists: true, .broken))
      let life = Life()
      try await life.live(engine)
      #expect(life.failures == 0 && disk.failed > 3)
      #expect(log.count("warning: checkpoint failed") == 1)
      disk.fail(nil)
    }
    #expect(log.count("notice: checkpoints succeed again") == 1)
  }

  @Test(.enabled(if: SmallDisk.canBeMade, "needs the right to mount"))
  func `a small file system that fills up loses nothing, and writing goes on when there is room`()
    async throws
  {
    var full = 0
    for step in 0..<30 {
      let disk = try SmallDisk(bytes: 12 << 20)
      let life = Life()
      try await withEngine(disk.path + "/data") { engine in
        try disk.fill(leaving: step * 12 << 10)
        try await life.live(engine)
      }
      if life.wasFull { full += 1 }
      try disk.empty()
      try await withEngine(disk.path + "/data") { engine in
        try await life.expectWhole(engine, "with \(step * 12) KiB left")
        _ = try await engine.perform(.tick)
      }
    }
    #expect(full > 10, "the file system was never full")
  }
}
