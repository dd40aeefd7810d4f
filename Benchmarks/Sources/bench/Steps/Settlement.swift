internal import Foundation
internal import MeceneClient

/// A month of ten million clicks settled, its history filed and its chain extended; alone, and under live clicks.
struct Settlement: Step {
  static let name = "settlement"
  static let title = "Settlement of 10 million clicks by 1 million patrons"

  func run(_ shop: Workshop) throws {
    let tenth = try settle(shop, .tenth)
    for (dataSet, words) in [(Workshop.DataSet.uniform, "ten clicks each"), (.skewed, "skewed")] {
      let (seconds, clicks) = try settle(shop, dataSet)
      if dataSet == .uniform {
        let cost = Line(Self.name, "a settled click of \(clicks)", seconds / Double(clicks) * 1e6, "us")
        shop.results.add(
          cost.against("of \(tenth.clicks)", tenth.seconds / Double(tenth.clicks) * 1e6, atMost: 1.2))
      }
      let copy = shop.path("bare-settlement")
      try? FileManager.default.removeItem(atPath: copy)
      let daemon = try shop.daemon(on: dataSet)
      _ = try daemon.withClient { try await $0.daemonService.setClock(.init(nowMs: Self.decemberMs)) }
      daemon.terminate()
      _ = try Subprocess.output("/bin/cp", ["-r", daemon.directory + "/data", copy])
      let bare = try shop.bare("bare-settlement", [copy + "/mecene.sqlite", "2026_11", "682"])
      try? FileManager.default.removeItem(atPath: copy)
      let line = Line(Self.name, words, seconds, "s")
      shop.results.add(line.against("bare settlement", bare[1], atMost: 2))
      guard let peers = shop.peers, dataSet == .uniform else { continue }
      shop.results.add(
        line.against(
          "PostgreSQL, one statement that only sums", try peers.split(patrons: shop.population.accounts),
          atMost: 1))
    }
    try live(shop)
    try midnight(shop)
  }

  static let decemberMs: Int64 = 1_796_083_200_000

  private func settle(_ shop: Workshop, _ dataSet: Workshop.DataSet) throws -> (
    seconds: Double, clicks: UInt64
  ) {
    let daemon = try shop.daemon(on: dataSet)
    defer { daemon.terminate() }
    return try daemon.withClient { try await Self.settle($0) }
  }

  static func settle(_ client: MeceneClient) async throws -> (seconds: Double, clicks: UInt64) {
    _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
    let began = Date()
    var options = CallOptions()
    options.timeout = .seconds(600)
    for try await message in client.settlementService.settle(.init(period: "2026-11"), options: options) {
      if case .settlement(let settled) = message.event {
        return (Date().timeIntervalSince(began), settled.clicks)
      }
    }
    throw LoadError(description: "the settlement ended without its result")
  }

  /// Clicks before and after the turn of the month, which a million pots go through.
  private func midnight(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .uniform)
    defer { daemon.terminate() }
    let address = daemon.unix.description
    let turning = Task {
      try await Task.sleep(for: .seconds(2))
      return try await withMeceneClient(address) { client in
        let began = Date()
        _ = try await client.daemonService.setClock(.init(nowMs: Self.decemberMs))
        return Date().timeIntervalSince(began)
      }
    }
    let across = try daemon.load(
      ClickRequests(clicks: shop.freshClicks()), connections: 8, depth: 8, seconds: 4)
    let turned = try waiting { try await turning.value }
    shop.results.add(
      Line(Self.name, "clicks across midnight, 99.9th percentile", across.milliseconds(99.9), "ms").below(20))
    shop.results.add(Line(Self.name, "the turn of the month itself", turned * 1_000, "ms").below(20))
  }

  /// Clicks of the next month while the last one settles.
  private func live(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .uniform)
    defer { daemon.terminate() }
    _ = try daemon.withClient { try await $0.daemonService.setClock(.init(nowMs: Self.decemberMs)) }
    // The new month's pots, as in every other step of clicks.
    let accounts = shop.population.accounts
    try daemon.click(first: 0, last: accounts, depth: 2) { ($0 + 1, ($0 + 1) % accounts + 1) }
    let alone = try daemon.load(
      ClickRequests(clicks: shop.freshClicks()), connections: 8, depth: 64, seconds: 2)
    let address = daemon.unix.description
    let settling = Task { try await withMeceneClient(address) { try await Self.settle($0) } }
    let beside = try daemon.load(
      ClickRequests(clicks: shop.freshClicks()), connections: 8, depth: 64, seconds: 6)
    let settled = try waiting { try await settling.value }
    shop.results.add(
      Line(Self.name, "live clicks beside it, 8 x 64", beside.callsPerSecond, "clicks/s")
        .against("without it", alone.callsPerSecond, atLeast: 0.5))
    shop.results.add(
      Line(Self.name, "live clicks beside it, 99th percentile", beside.milliseconds(99), "ms").below(20))
    shop.results.add(Line(Self.name, "settlement beside live clicks", settled.seconds, "s"))
  }
}
