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

  /// Everything that was answered in a life of several callers, over the turn of a month.
  private func live() throws -> [[Response]] {
    let answers = Locked<[[Response]]>([])
    try ServerWorld.live { world in
      let callers = try (0..<3).map { _ in try world.connect() }
      for id in 1...40 as ClosedRange<UInt64> {
        for (number, caller) in callers.enumerated() {
          caller.send(
            try caller.frame(
              .accountServiceOpenAccount,
              OpenAccountRequest(name: "a\(id % 13)-\(number)", budgetMicros: 5_000_000), id: 4 * id))
          caller.send(
            try caller.frame(
              .accountServiceDeposit,
              DepositRequest(account: .id(id % 20), amountMicros: 6_000_000, key: "\(id)"),
              id: 4 * id + 1))
          caller.send(
            try caller.frame(
              .thingServiceAddThing,
              AddThingRequest(owner: .id(id % 20), url: "https://a.org/\(id)-\(number)"), id: 4 * id + 2))
          caller.send(
            try caller.frame(
              .clickServiceClick, ClickRequest(patron: .id(id % 20), thing: .id(id % 7 + UInt64(number))),
              id: 4 * id + 3))
        }
        if id % 4 == 0 { try await world.pass(1) }
      }
      try await world.pass(10)
      let first = callers[0]
      first.send(
        try first.frame(.daemonServiceSetClock, SetClockRequest(nowMs: decemberMs), id: 1_000))
      // The month settles by itself.
      try await world.pass(5_000)
      first.send(try first.frame(.settlementServiceListSettlements, ListSettlementsRequest(), id: 1_001))
      first.send(try first.frame(.settlementServiceVerify, VerifyRequest(), id: 1_002))
      first.send(try first.frame(.accountServiceListTransfers, ListTransfersRequest(), id: 1_003))
      try await world.pass(100)
      let found = try callers.map { try $0.receiveAll().frames }
      answers.withLock { $0 = found }
    }
    return answers.withLock { $0 }
  }

  @Test func `a server on one thread in a time of its own answers the same each time, in the same order`()
    throws
  {
    let (answers, again) = (try live(), try live())
    #expect(answers.map(\.count).reduce(0, +) > 480 && answers == again)
    let coder = MessageCoder(arenaBytesMax: 1 << 20)
    let settlements = try #require(answers[0].first { $0.callID == 1_001 })
    let settled = try coder.decode(ListSettlementsResponse.self, from: settlements.payload)
    #expect(settled.settlements.count == 1 && settled.settlements[0].clicks > 10)
  }
}
