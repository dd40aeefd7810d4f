internal import Glibc
struct Probe: Step {
  static let name = "probe"
  static let title = "each kind of call alone"
  func run(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .pots)
    defer { daemon.terminate() }
    for kind in [0, 5, 10, 15, 1] as [UInt64] {
      let requests = ProbeRequests(clicks: shop.freshClicks(), accounts: shop.population.accounts, kind: kind)
      let r = try daemon.load(requests, connections: 64, depth: 16, seconds: 2)
      print("kind \(kind): \(r.callsPerSecond) calls/s p50 \(r.milliseconds(50)) p99 \(r.milliseconds(99))")
    }
  }
}
struct ProbeRequests: RequestSource {
  var mixed: MixedRequests
  let kind: UInt64
  init(clicks: ClickSequence, accounts: UInt64, kind: UInt64) {
    mixed = MixedRequests(clicks: clicks, accounts: accounts, round: 7); self.kind = kind
  }
  mutating func append(_ id: UInt32, to bytes: inout [UInt8]) {
    mixed.append(id, to: &bytes, kind: kind)
  }
}
