/// Clicks that arrive at a fixed rate, whether the daemon keeps up or not: so that waiting counts.
struct OpenLoop: Step {
  static let name = "open-loop"
  static let title = "Clicks at a fixed rate, 64 connections: latency counts from when a call was due"

  func run(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .pots)
    defer { daemon.terminate() }
    func load(_ rate: Double, _ seconds: Double) throws -> LoadResult {
      try LoadGenerator(
        MeceneConversation(requests: ClickRequests(clicks: shop.freshClicks())), to: daemon.tcp,
        connections: 64, depth: 64
      ).open(rate: rate, seconds: seconds)
    }
    // The highest rate that is held: nine tenths of it and more are answered in time.
    var (held, tooMuch) = (10_000.0, 2_000_000.0)
    for _ in 0..<7 {
      let rate = (held * tooMuch).squareRoot()
      let result = try load(rate, 1)
      if result.callsPerSecond > 0.97 * rate, result.milliseconds(99) < 20 {
        held = rate
      } else {
        tooMuch = rate
      }
    }
    shop.results.add(Line(Self.name, "highest rate held", held, "clicks/s"))
    var curve = Curve(name: "Mecene: clicks at a fixed rate")
    for share in [0.1, 0.3, 0.5, 0.7, 0.9] {
      let result = try load(share * held, 2)
      let (middle, p99) = (result.milliseconds(50), result.milliseconds(99))
      curve.points.append(
        .init(
          load: "\(Int(share * 100)) %", callsPerSecond: result.callsPerSecond, medianMs: middle, p99Ms: p99))
      guard [0.1, 0.5, 0.9].contains(share) else { continue }
      shop.results.add(Line(Self.name, "at \(Int(share * 100)) %, median", middle, "ms"))
      shop.results.add(Line(Self.name, "at \(Int(share * 100)) %, 99th percentile", p99, "ms"))
    }
    shop.results.curves.append(curve)
  }
}
