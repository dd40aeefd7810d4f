internal import Foundation
internal import MeceneClient

/// Callers that ask for more than they should, and what somebody else notices of it: who clicks once and waits, again and again.
///
/// Bars: the click's 99th percentile below 50 ms and its longest below 500; no more memory than the ceiling of calls and 100 MB,
/// and back to within 50 MB afterwards; SIGTERM ends the daemon within 5 s, in the middle of it.
struct Attacks: Step {
  static let name = "attacks"
  static let title = "A single clicker beside callers who ask for too much"

  private static let seconds = 6.0
  private static let heavyClicks: UInt64 = 300_000
  private static let ceiling = 256 << 20

  func run(_ shop: Workshop) throws {
    let accounts = shop.population.accounts
    let daemon = try prepare(shop)
    defer { daemon.terminate() }
    // Twice what there is would be clicked otherwise.
    let many = min(Self.heavyClicks, accounts / 2)
    try daemon.click(first: 0, last: many, depth: 2) { (1, $0 + 2) }
    try daemon.followJournal()

    try attack(
      shop, daemon, "4 x 4,096 lists of a patron with \(many) clicks",
      .init(
        connections: 4,
        bytes: Self.calls(4_096, "mecene.v1.ClickService/ListClicks") {
          FrameWriter.append(reference: 1, field: 1, to: &$0)
        }))
    try attack(
      shop, daemon, "the same, who leave at once",
      .init(
        connections: 16,
        bytes: Self.calls(4_096, "mecene.v1.ClickService/ListClicks") {
          FrameWriter.append(reference: 1, field: 1, to: &$0)
        }, reads: false, leaves: true))
    try attack(
      shop, daemon, "4 x 64 lists of things with long texts, never read",
      .init(
        connections: 4,
        bytes: Self.calls(64, "mecene.v1.ThingService/ListThings") {
          FrameWriter.append(reference: 2, field: 1, to: &$0)
          FrameWriter.append(number: 1_000, field: 2, to: &$0)
        }, reads: false))
    try attack(
      shop, daemon, "100 x the same",
      .init(
        connections: 100,
        bytes: Self.calls(64, "mecene.v1.ThingService/ListThings") {
          FrameWriter.append(reference: 2, field: 1, to: &$0)
          FrameWriter.append(number: 1_000, field: 2, to: &$0)
        }, reads: false))
    var half: [UInt8] = [0x00, 0x3f, 0xff, 0xff]
    half += [UInt8](repeating: 0x08, count: 4 << 20 - 2)
    try attack(
      shop, daemon, "400 frames of 4 MiB less a byte", .init(connections: 400, bytes: half, reads: false))
    try attack(
      shop, daemon, "16 x 4,000 verifications",
      .init(
        connections: 16,
        bytes: Self.calls(4_000, "mecene.v1.SettlementService/Verify") { _ in }))
    try attack(
      shop, daemon, "100 x 64 previews, and another's",
      .init(
        connections: 100, bytes: Self.calls(64, "mecene.v1.SettlementService/PreviewSettlement") { _ in })
    ) { client in
      let began = Date()
      _ = try await client.settlementService.previewSettlement(.init())
      return Date().timeIntervalSince(began)
    }
    try attack(
      shop, daemon, "100 x 64 lists of accounts, and another's read",
      .init(
        connections: 100,
        bytes: Self.calls(64, "mecene.v1.AccountService/ListAccounts") {
          FrameWriter.append(number: 1_000, field: 1, to: &$0)
        })
    ) { client in
      let began = Date()
      _ = try await client.accountService.getAccount(.init(account: .id(5)))
      return Date().timeIntervalSince(began)
    }
    let bulk = (0..<13).flatMap { turn in
      Self.calls(1, "mecene.v1.ClickService/ClickMany", firstID: UInt32(turn + 1)) { bytes in
        let clicks = (0..<65_536 as Range<UInt64>).map {
          ($0 % accounts + 1, ($0 + 7 + UInt64(turn) * 65_536) % accounts + 1)
        }
        bytes.append(0x0a)
        FrameWriter.appendNested(to: &bytes) { list in
          for click in clicks { FrameWriter.append(varint: click.0, to: &list) }
        }
        bytes.append(0x12)
        FrameWriter.appendNested(to: &bytes) { list in
          for click in clicks { FrameWriter.append(varint: click.1, to: &list) }
        }
      }
    }
    try attack(
      shop, daemon, "16 x 13 ClickMany of 65,536", .init(connections: 16, bytes: bulk), keepsMemory: true)
    try end(
      shop, daemon,
      .init(connections: 16, bytes: bulk, reads: false),
      .init(
        connections: 16,
        bytes: Self.calls(4_096, "mecene.v1.ClickService/ListClicks") {
          FrameWriter.append(reference: 1, field: 1, to: &$0)
        }, reads: false))
    try settle(shop, .uniform, "settlement of 1 million pots")
    try settle(shop, .pots, "settlement with one patron of many clicks") { daemon in
      try daemon.click(first: 0, last: accounts - 1, depth: 2) { (1, $0 + 2) }
    }
  }

  /// The daemon with everybody's pots, and a thousand things of long texts.
  private func prepare(_ shop: Workshop) throws -> Daemon {
    let daemon = try shop.daemon(on: .pots)
    try daemon.withClient { client in
      let text = String(repeating: "\u{266b}", count: 2_000)
      for number in 0..<1_000 {
        _ = try await client.thingService.addThing(
          .init(owner: .id(2), url: "https://example.org/long/\(number)", title: "long", description: text))
      }
    }
    return daemon
  }

  /// The same call so many times.
  private static func calls(
    _ count: UInt32, _ method: StaticString, firstID: UInt32 = 1, _ payload: (inout [UInt8]) -> Void
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for id in firstID..<firstID + count {
      FrameWriter.append(callID: id, method: method, to: &bytes, payload: payload)
    }
    return bytes
  }

  private func attack(
    _ shop: Workshop, _ daemon: Daemon, _ what: String, _ plan: Attacker.Plan, keepsMemory: Bool = false,
    beside: (@Sendable (MeceneClient) async throws -> Double)? = nil
  ) throws {
    let before = daemon.residentBytes
    let peak = MemoryPeak(daemon)
    let attacker = Attacker(plan, on: daemon.tcp)
    usleep(500_000)
    let other = beside.map { call in
      Task { [address = daemon.unix.description] in
        try await withMeceneClient(address) { client in
          var longest = 0.0
          let end = Date() + Self.seconds
          while Date() < end { longest = max(longest, try await call(client)) }
          return longest
        }
      }
    }
    try click(shop, daemon, what, seconds: Self.seconds)
    if let other {
      let longest = try waiting { try await other.value }
      shop.results.add(Line(Self.name, "\(what): longest", longest * 1_000, "ms"))
    }
    attacker.stop()
    let most = Double(peak.end() - before) / 1e6
    shop.results.add(
      Line(Self.name, "\(what): memory at most", most, "MB").below(Double(Self.ceiling) / 1e6 + 100))
    if keepsMemory { return }
    // What was left behind is worked off first.
    let end = Date() + 15
    while daemon.residentBytes - before > 50_000_000, Date() < end { usleep(100_000) }
    shop.results.add(
      Line(Self.name, "\(what): memory afterwards", Double(daemon.residentBytes - before) / 1e6, "MB")
        .below(50))
  }

  private func click(_ shop: Workshop, _ daemon: Daemon, _ what: String, seconds: Double) throws {
    let load = try daemon.load(
      ClickRequests(clicks: shop.freshClicks()), to: daemon.unix, connections: 1, depth: 1, seconds: seconds)
    shop.results.add(
      Line(Self.name, "\(what): a click, 99th percentile", load.milliseconds(99), "ms").below(50))
    shop.results.add(Line(Self.name, "\(what): a click, longest", load.milliseconds(100), "ms").below(500))
  }

  /// Ends the daemon in the middle of attacks.
  private func end(_ shop: Workshop, _ daemon: Daemon, _ plans: Attacker.Plan...) throws {
    let attackers = plans.map { Attacker($0, on: daemon.tcp) }
    usleep(1_000_000)
    let began = Date()
    daemon.terminate()
    shop.results.add(
      Line(Self.name, "SIGTERM in the middle", Date().timeIntervalSince(began), "s").below(5))
    for attacker in attackers { attacker.stop() }
  }

  private func settle(
    _ shop: Workshop, _ data: Workshop.DataSet, _ what: String, _ fill: (Daemon) throws -> Void = { _ in }
  ) throws {
    let daemon = try shop.daemon(on: data)
    defer { daemon.terminate() }
    try fill(daemon)
    _ = try daemon.withClient { try await $0.daemonService.setClock(.init(nowMs: Settlement.decemberMs)) }
    let address = daemon.unix.description
    let settling = Task { try await withMeceneClient(address) { try await Settlement.settle($0) } }
    try click(shop, daemon, what, seconds: 12)
    shop.results.add(
      Line(Self.name, "\(what): beside the clicker", try waiting { try await settling.value }.seconds, "s"))
  }
}
