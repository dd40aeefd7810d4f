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
    /// A rate is held when 97 % of it are answered in time, and 99 % of those within 20 ms, in two of three seconds: one may be
    /// a bad one of the machine, or a lucky one.
    func holds(_ rate: Double) throws -> Bool {
      var (good, bad) = (0, 0)
      while good < 2, bad < 2 {
        let result = try load(rate, 1)
        if result.callsPerSecond > 0.97 * rate, result.milliseconds(99) < 20 { good += 1 } else { bad += 1 }
      }
      return good == 2
    }
    var (held, tooMuch) = (10_000.0, 2_000_000.0)
    for _ in 0..<7 {
      let rate = (held * tooMuch).squareRoot()
      if try holds(rate) { held = rate } else { tooMuch = rate }
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
