import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import MeceneProof
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer

/// The event loop in front of an engine that a test holds up.
@Suite struct EventLoopTests {
  @Test func `answers to reads wait for no commit, however many calls do`() async throws {
    let directory = try TemporaryDirectory()
    let engine = HeldEngine(
      try EmbeddedEngine(
        settings: settings(directory), logger: quietLogger,
        fatal: { Issue.record("the daemon gave up: \($0)") }))
    let runtime = DispatchRuntime()
    let loop = EventLoop(
      engine: engine, limits: Limits(),
      daemon: DaemonState(version: "test", settings: [], startedAt: runtime.now), runtime: runtime,
      logger: quietLogger)
    try await engine.start { loop.post(.completions($0)) }
    let address = Address.unix(path: directory.path + "/s")
    try await loop.start(Listener.all(at: address))

    let connection = try RawConnection(address)
    // As many as make the loop let reads wait for company.
    let writes = 1...900 as ClosedRange<UInt64>
    var bytes: [UInt8] = []
    for id in writes {
      bytes += try connection.frame(
        .accountServiceOpenAccount, OpenAccountRequest(name: "account-\(id)"), id: id)
    }
    for id in 901...910 as ClosedRange<UInt64> {
      bytes += try connection.frame(.accountServiceListAccounts, ListAccountsRequest(), id: id)
    }
    connection.send(bytes)
    var read: Set<UInt64> = []
    for _ in 901...910 { read.insert(try #require(try connection.receive()).callID) }
    #expect(read == Set(901...910))

    engine.release()
    var written: Set<UInt64> = []
    for _ in writes { written.insert(try #require(try connection.receive()).callID) }
    #expect(written == Set(writes))
    await loop.drain()
    await engine.shutDown()
  }
}

/// Keeps what is submitted to itself until it is released; all else goes to the engine behind it.
private final class HeldEngine: Engine {
  private let engine: EmbeddedEngine
  /// Nil when nothing is held any more.
  private let held: Locked<[Submission]?> = Locked([])

  init(_ engine: EmbeddedEngine) { self.engine = engine }

  func start(sink: @escaping @Sendable ([Completion]) -> Void) async throws {
    try await engine.start(sink: sink)
  }

  func release() {
    let submissions = held.withLock { held in
      defer { held = nil }
      return held ?? []
    }
    engine.submit(submissions, callerCanWait: false)
  }

  func submit(_ submissions: [Submission], callerCanWait: Bool) {
    let isHeld = held.withLock { held in
      held?.append(contentsOf: submissions)
      return held != nil
    }
    if !isHeld { engine.submit(submissions, callerCanWait: callerCanWait) }
  }

  func cancel(_ ticket: Ticket) -> Bool { engine.cancel(ticket) }

  func read<Answer>(_ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void) {
    engine.read(reads, answered: answered)
  }

  func closedClicks(
    _ patron: MeceneLedger.AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) async throws -> ClickPage {
    try await engine.closedClicks(patron, period, after: after, limit: limit)
  }

  func revenue(
    _ owner: MeceneLedger.AccountReference, _ period: Period?, after: ThingID?, limit: Int
  ) async throws -> RevenuePage {
    try await engine.revenue(owner, period, after: after, limit: limit)
  }

  func receipt(
    _ account: MeceneLedger.AccountReference, _ period: Period, _ tree: SettlementSeal.Tree
  ) async throws -> (account: AccountID, proof: ReceiptProof) {
    try await engine.receipt(account, period, tree)
  }

  func preview(_ period: Period?) async throws -> SettlementRecord { try await engine.preview(period) }

  func settle(
    _ period: Period?, progress: @escaping @Sendable (MeceneEngine.StageProgress) -> Void
  ) async throws -> SettlementRecord {
    try await engine.settle(period, progress: progress)
  }

  func verify(
    against kept: CommitPoint?, progress: @escaping @Sendable (MeceneEngine.StageProgress) -> Void
  ) async throws
    -> MeceneEngine.Verdict
  {
    try await engine.verify(against: kept, progress: progress)
  }

  var fingerprintKey: FingerprintKey { engine.fingerprintKey }
  var openPeriod: Period { engine.openPeriod }

  var condition: EngineCondition { engine.condition }

  func shutDown() async { await engine.shutDown() }
}
