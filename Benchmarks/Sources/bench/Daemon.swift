internal import Foundation
internal import MeceneClient

/// `mecened` in a directory of its own, on a simulated November 2026.
final class Daemon {
  let directory: String
  let tcp: ServerAddress
  let unix: ServerAddress
  private let path: String
  private var process: Subprocess

  init(_ path: String, directory: String, port: Int = 17_437) throws {
    self.path = path
    self.directory = directory
    tcp = .tcp(port)
    unix = .unix(directory + "/s")
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

  /// Resident memory, in bytes.
  var residentBytes: Int { process.residentBytes }

  /// The same for another thread.
  var look: @Sendable () -> Int {
    let identifier = process.identifier
    return { Subprocess.residentBytes(of: identifier) }
  }

  var file: String { directory + "/data/mecene.sqlite" }

  /// Makes calls with the client library.
  func withClient<T: Sendable>(_ body: @escaping @Sendable (MeceneClient) async throws -> T) throws -> T {
    let address = unix.description
    return try waiting { try await withMeceneClient(address, body) }
  }

  /// How many commits there are.
  func commits() throws -> Int {
    try withClient { Int(try await $0.daemonService.getStatus(.init()).commits) }
  }

  /// Waits until the derived rows have followed the journal: what a daemon does in its idle moments would disturb what is
  /// measured later.
  func followJournal() throws {
    try withClient { client in
      while try await client.daemonService.getStatus(.init()).transfersBehind > 0 {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// One kind of call from many connections, in a closed loop.
  func load<R: RequestSource>(
    _ requests: R, to address: ServerAddress? = nil, connections: Int, depth: Int, seconds: Double
  ) throws -> LoadResult {
    let result = try LoadGenerator(
      MeceneConversation(requests: requests), to: address ?? tcp, connections: connections, depth: depth
    ).closed(seconds: seconds)
    guard result.failures == 0 else {
      throw LoadError(description: "\(result.failures) of \(result.calls) calls of \(R.self) failed")
    }
    return result
  }

  /// Opens accounts, each with a budget of 10 and 100 to spend, and adds a thing for each, in the order of their ids.
  func populate(_ accounts: UInt64) throws {
    for stage in [PopulationRequests.Stage.accounts, .deposits, .things] {
      let conversation = MeceneConversation(requests: PopulationRequests(stage: stage))
      let load = try LoadGenerator(conversation, to: unix, connections: 1, depth: 2_048)
      let result = try load.closed(calls: Int(accounts))
      guard result.failures == 0 else {
        throw LoadError(description: "\(result.failures) calls of the population failed at \(stage)")
      }
    }
  }

  /// Makes clicks with `ClickMany` of 8,190 over one connection.
  ///
  /// - Returns: Seconds.
  @discardableResult
  func click(
    first: UInt64, last: UInt64, depth: Int, _ click: @escaping (UInt64) -> (patron: UInt64, thing: UInt64)
  ) throws -> Double {
    let requests = ClickManyRequests(size: 8_190, first: first, last: last, click)
    let load = try LoadGenerator(
      MeceneConversation(requests: requests), to: unix, connections: 1, depth: depth)
    let result = try load.closed(calls: Int(last - first + 8_189) / 8_190)
    guard result.failures == 0 else {
      throw LoadError(description: "\(result.failures) calls of ClickMany failed")
    }
    return result.seconds
  }
}
