import MeceneConcurrency
import MeceneEngine
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer

/// A whole server on one thread, in a time of its own: the engine with its books, the event loop, real sockets, and those who call.
/// What is sent is there at once, and time passes only when a test lets it.
struct ServerWorld: Sendable {
  let runtime: SimulatedRuntime
  let engine: HeldEngine
  let loop: EventLoop
  private let address: Address

  /// - Parameters:
  ///   - holds: Whether commands wait in front of the engine, and reads, until they are released.
  static func live<Value: Sendable>(
    _ limits: Limits = Limits(), holds: Bool = false,
    _ body: @escaping @Sendable (ServerWorld) async throws -> Value
  ) throws -> Value {
    let directory = try TemporaryDirectory()
    let runtime = SimulatedRuntime()
    var made = settings(directory)
    made.runtime = runtime
    return try runtime.run { [settings = made] in
      let world = try await ServerWorld(runtime, settings, limits, holds, directory.path)
      let result: Result<Value, any Error>
      do { result = .success(try await body(world)) } catch { result = .failure(error) }
      world.engine.release()
      await world.loop.drain()
      await world.engine.shutDown()
      return try result.get()
    }
  }

  private init(
    _ runtime: SimulatedRuntime, _ settings: EmbeddedEngine.Settings, _ limits: Limits, _ holds: Bool,
    _ path: String
  ) async throws {
    self.runtime = runtime
    let behind = try EmbeddedEngine(
      settings: settings, logger: quietLogger, fatal: { Issue.record("the daemon gave up: \($0)") })
    let engine = HeldEngine(behind, holdsCommands: holds, holdsReads: holds)
    self.engine = engine
    let loop = EventLoop(
      engine: engine, limits: limits,
      daemon: DaemonState(version: "test", settings: [], startedAt: runtime.now), runtime: runtime,
      logger: quietLogger)
    self.loop = loop
    address = .unix(path: path + "/s")
    try await engine.start { loop.post(.completions($0)) }
    try await loop.start(Listener.all(at: address))
  }

  func connect() throws -> RawConnection { try RawConnection(address) }

  /// Lets time pass, and all happen that is due before its end.
  func pass(_ milliseconds: Int) async throws {
    try await runtime.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
  }

  /// Lets time pass, and all happen that is due by then, also what is due at the last moment.
  func passUntil(_ milliseconds: Int) async throws {
    try await pass(milliseconds)
    try await settle()
  }

  /// Lets all happen that can without time.
  func settle() async throws { try await pass(0) }

  /// Calls a method, and takes its one answer.
  func call(
    _ connection: RawConnection, _ method: MeceneWire.Method, _ message: some Message, id: UInt64 = 1
  ) async throws -> Response {
    connection.send(try connection.frame(method, message, id: id))
    return try await answer(connection)
  }

  /// Takes the one answer that is on its way.
  func answer(_ connection: RawConnection) async throws -> Response {
    for _ in 0..<1_000 {
      try await pass(1)
      let frames = try connection.receiveAll().frames
      #expect(frames.count <= 1)
      if let frame = frames.first { return frame }
    }
    throw NoAnswer()
  }

  struct NoAnswer: Error {}
}
