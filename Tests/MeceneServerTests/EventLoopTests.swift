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
