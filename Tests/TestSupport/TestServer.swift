import Foundation
package import Logging
package import MeceneClient
package import MeceneEngine
package import MeceneLedger
package import MeceneProof
package import MeceneServer
import MeceneTransport

/// A directory that goes when the value does.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    // Short, because a Unix socket's path is.
    path = "/tmp/mecene-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The first instants of 2026-11 (where simulated clocks start), 2026-12 and 2027-01.
package let novemberMs: Int64 = 1_793_491_200_000
package let decemberMs: Int64 = 1_796_083_200_000
package let januaryMs: Int64 = 1_798_761_600_000

/// Where simulated clocks start.
package let november = Timestamp(milliseconds: novemberMs)

/// What a ledger on a simulated clock makes fingerprints with.
package let zeroKey = FingerprintKey(secret: [UInt8](repeating: 0, count: 32))

/// What blinds the leaves of its accounts.
package let zeroSecrets = secrets([UInt8](repeating: 0, count: 32))

/// The same secret for each of ten thousand accounts.
package func secrets(_ secret: [UInt8]) -> AccountSecrets {
  var secrets = AccountSecrets()
  for _ in 0..<10_000 where !secrets.add(secret) { fatalError("a secret has 32 bytes") }
  return secrets
}

package let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Settings for a ledger in `directory` on a simulated clock.
package func settings(
  _ directory: TemporaryDirectory, terms: Terms = Terms(), autoSettle: Bool = true
) -> EmbeddedEngine.Settings {
  EmbeddedEngine.Settings(
    dataPath: directory.path + "/data", terms: terms, autoSettle: autoSettle, simulatedClock: november)
}

/// Starts a server on a free TCP port and a Unix socket, and stops it after `body`.
package func withServer<Result>(
  in directory: TemporaryDirectory? = nil, terms: Terms = Terms(), autoSettle: Bool = true,
  limits: Limits = Limits(), logger: Logger = quietLogger, _ body: (Server) async throws -> Result
) async throws -> Result {
  let directory = try directory ?? TemporaryDirectory()
  let engine = try EmbeddedEngine(
    settings: settings(directory, terms: terms, autoSettle: autoSettle), logger: logger,
    fatal: { fatalError("the daemon gave up: \($0)") })
  return try await withServer(in: directory, engine: engine, limits: limits, logger: logger, body)
}

/// The same in front of an engine that a test has made.
package func withServer<Result>(
  in directory: TemporaryDirectory, engine: any Engine, limits: Limits = Limits(),
  logger: Logger = quietLogger, _ body: (Server) async throws -> Result
) async throws -> Result {
  let server = try await Server(
    listen: [.tcp(host: "127.0.0.1", port: 0), .unix(path: directory.path + "/mecene.sock")], engine: engine,
    shownSettings: [("clock", "simulated"), ("currency", "EUR")], limits: limits, logger: logger)
  do {
    let result = try await body(server)
    await server.shutDown()
    return result
  } catch {
    await server.shutDown()
    throw error
  }
}

/// Starts a server and a client that talks to it over TCP.
package func withServerAndClient<Result>(
  in directory: TemporaryDirectory? = nil, terms: Terms = Terms(), autoSettle: Bool = true,
  limits: Limits = Limits(), logger: Logger = quietLogger,
  _ body: (Server, MeceneClient) async throws -> Result
) async throws -> Result {
  try await withServer(in: directory, terms: terms, autoSettle: autoSettle, limits: limits, logger: logger) {
    server in
    try await withMeceneClient(server.addresses[0].description) { client in try await body(server, client) }
  }
}

/// The same in front of an engine that a test has made.
package func withServerAndClient<Result>(
  in directory: TemporaryDirectory, engine: any Engine, limits: Limits = Limits(),
  _ body: (Server, MeceneClient) async throws -> Result
) async throws -> Result {
  try await withServer(in: directory, engine: engine, limits: limits) { server in
    try await withMeceneClient(server.addresses[0].description) { client in try await body(server, client) }
  }
}

/// Waits until something holds, for ten seconds at the most.
package func eventually(_ holds: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<1_000 {
    if try await holds() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}

/// An engine that has begun to take commands.
package func startEngine(
  settings: EmbeddedEngine.Settings, logger: Logger, sink: @escaping @Sendable ([Completion]) -> Void,
  fatal: @escaping @Sendable (String) -> Void
) async throws -> EmbeddedEngine {
  let engine = try EmbeddedEngine(settings: settings, logger: logger, fatal: fatal)
  try await engine.start(sink: sink)
  return engine
}
