package import Logging
package import MeceneConcurrency
package import MeceneEngine
package import MeceneTransport

/// A running daemon: the event loop in front of an engine.
package final class Server: Sendable {
  /// The version of the programs.
  package static let version = "0.1.0"

  /// Where it listens; ports that were asked for as 0 are the system's choice.
  package let addresses: [Address]
  private let engine: any Engine
  private let loop: EventLoop

  /// Makes the engine, and listens.
  ///
  /// - Parameters:
  ///   - made: The directory that the engine makes, which may not be there yet.
  ///   - shownSettings: What `GetStatus` shows of the engine's settings.
  ///   - runtime: What the event loop runs on.
  ///   - makeEngine: Makes an engine that is not started yet. Called once the addresses are known to be free.
  /// - Throws: `TransportError`, or what the engine throws when it is made and started.
  package convenience init(
    listen: [Address], inDirectoryToBeMade made: String, shownSettings: [(name: String, value: String)],
    limits: Limits = Limits(), runtime: any Runtime = DispatchRuntime(), logger: Logger,
    makeEngine: () throws -> any Engine
  ) async throws {
    // A start that is refused leaves no books behind.
    for address in listen { try Listener.checkCanListen(address, inDirectoryToBeMade: made) }
    // The books first: their lock keeps a second daemon from taking this one's socket.
    try await self.init(
      listen: listen, engine: makeEngine(), shownSettings: shownSettings, limits: limits, runtime: runtime,
      logger: logger)
  }

  /// Listens in front of an engine.
  ///
  /// - Parameters:
  ///   - engine: One that is not started yet.
  ///   - shownSettings: What `GetStatus` shows of the engine's settings.
  ///   - runtime: What the event loop runs on.
  /// - Throws: `TransportError`, or what the engine throws at its start.
  package init(
    listen: [Address], engine: any Engine, shownSettings: [(name: String, value: String)],
    limits: Limits = Limits(), runtime: any Runtime = DispatchRuntime(), logger: Logger
  ) async throws {
    let daemon = DaemonState(version: Self.version, settings: shownSettings, startedAt: runtime.now)
    let loop = EventLoop(engine: engine, limits: limits, daemon: daemon, runtime: runtime, logger: logger)
    ProcessLimits.ignoreBrokenPipes()
    do {
      try await engine.start { loop.post(.completions($0)) }
      let listeners = try listen.map { address throws(TransportError) in try Listener.all(at: address) }
      addresses = listeners.compactMap(\.first?.address)
      try await loop.start(listeners.flatMap(\.self))
    } catch {
      await engine.shutDown()
      throw error
    }
    self.engine = engine
    self.loop = loop
  }

  /// Takes nothing new, finishes what was accepted, and closes the books.
  package func shutDown() async {
    await loop.drain()
    await engine.shutDown()
  }

  /// What the calls of all connections take, in bytes, for a test.
  package var bytesInFlight: Int { get async { await loop.inFlight.total } }

  /// How many connections there are, for a test.
  package var connectionCount: Int { get async { await loop.connectionCount } }
}
