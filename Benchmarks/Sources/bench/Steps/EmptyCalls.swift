/// Empty calls beside a bare echo: what framing, envelope and dispatch cost.
struct EmptyCalls: Step {
  static let name = "empty"
  static let title = "Empty calls (Health/Check) against a bare epoll echo of the same bytes"

  func run(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .empty)
    let echo = try Subprocess(shop.toolsPath + "/bare-echo", ["tcp", "17501"])
    defer { daemon.terminate() }
    var curve = Curve(name: "empty calls")
    for (connections, depth) in [(1, 64), (8, 64), (64, 16)] {
      var (ours, bare): ([LoadResult], [LoadResult]) = ([], [])
      for _ in 0..<5 {
        ours.append(
          try daemon.load(HealthRequests(), connections: connections, depth: depth, seconds: 0.5))
        bare.append(
          try LoadGenerator(
            MeceneConversation(requests: HealthRequests()), to: .tcp(17501), connections: connections,
            depth: depth
          ).closed(seconds: 0.5))
      }
      let line = Line(Self.name, "\(connections) x \(depth)", ours.map(\.callsPerSecond), "calls/s")
      shop.results.add(line.against("echo", bare.map(\.callsPerSecond), atLeast: 0.5))
      curve.points.append(
        .init(
          load: "\(connections) x \(depth)", callsPerSecond: line.figure,
          medianMs: median(ours.map { $0.milliseconds(50) }), p99Ms: median(ours.map { $0.milliseconds(99) }))
      )
    }
    shop.results.curves.append(curve)
    echo.kill()
  }
}
