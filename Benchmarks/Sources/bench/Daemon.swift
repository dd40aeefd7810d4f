internal import Foundation
internal import MeceneClient

/// `mecened` in a directory of its own, on a simulated November 2026.
final class Daemon {
  let directory: String
  let tcp: ServerAddress
  let unix: ServerAddress
  private let path: String
  private(set) var process: Subprocess

  init(_ path: String, directory: String, port: Int = 17_437) throws {
    self.path = path
    self.directory = directory
    tcp = .tcp(port)
    unix = .unix(directory + "/s")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    process = try Self.start(path, directory, tcp, unix)
  }

  private static func start(
    _ path: String, _ directory: String, _ tcp: ServerAddress, _ unix: ServerAddress
  ) throws -> Subprocess {
    try Subprocess(
      path,
      [
        "--data", directory + "/data", "--listen", tcp.description, "--listen", unix.description,
        "--simulated-clock", "2026-11-01T00:00:00Z", "--no-auto-settle", "--log-level", "error",
      ])
  }

  /// Starts it again in the same directory after `terminate`.
  func restart() throws { process = try Self.start(path, directory, tcp, unix) }

  func terminate() { process.terminate() }

  /// Makes calls with the client library.
  func withClient<T>(_ body: (MeceneClient) async throws -> T) async throws -> T {
    try await withMeceneClient(unix.description, body)
  }

  /// Opens accounts, each with a budget of 10 and 100 to spend, and adds a thing for each, in the order of their ids.
  func populate(_ accounts: UInt64) throws { try Self.populate(unix, accounts) }

  static func populate(_ unix: ServerAddress, _ accounts: UInt64) throws {
    for stage in [PopulationRequests.Stage.accounts, .deposits, .things] {
      let conversation = MeceneConversation(requests: PopulationRequests(stage: stage))
      let load = try LoadGenerator(conversation, to: unix, connections: 1, depth: 2_048)
      let result = load.closed(calls: Int(accounts))
      guard result.failures == 0 else {
        throw LoadError(description: "\(result.failures) calls of the population failed at \(stage)")
      }
    }
    // Everybody's first click, which opens the pot, in the order of ids.
    let first = ClickManyRequests(size: 8_190, first: 1, last: accounts + 1) { ($0, $0 % accounts + 1) }
    let load = try LoadGenerator(MeceneConversation(requests: first), to: unix, connections: 1, depth: 2)
    _ = load.closed(calls: Int(accounts + 8_189) / 8_190)
  }
}
