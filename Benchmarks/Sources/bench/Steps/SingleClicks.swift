internal import Foundation

/// Durable single clicks of a million patrons whose pots are open, against the bare loop in commits of the same size.
struct SingleClicks: Step {
  static let name = "clicks"
  static let title = "Durable single clicks, all rules checked"

  func run(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .pots)
    defer { daemon.terminate() }
    var curve = Curve(name: "Mecene: clicks")
    var redisCurve = Curve(name: "Redis: SADD, no rules")
    for (connections, depth) in [(1, 64), (8, 64), (64, 16)] {
      var (ours, bare, redis): ([LoadResult], [Double], [LoadResult]) = ([], [], [])
      var group = 0
      for _ in 0..<5 {
        let commits = try daemon.commits()
        let result = try daemon.load(
          ClickRequests(clicks: shop.freshClicks()), connections: connections, depth: depth, seconds: 1.2)
        ours.append(result)
        group = max(1, result.calls / max(1, try daemon.commits() - commits) * 4 / 3)
        bare.append(try shop.bareLog(rows: 600_000, group: group))
        guard let peers = shop.peers else { continue }
        redis.append(
          try LoadGenerator(
            RedisConversation(clicks: shop.freshClicks()), to: peers.redis, connections: connections,
            depth: depth
          ).closed(seconds: 1.2))
      }
      let load = "\(connections) x \(depth)"
      let line = Line(Self.name, load, ours.map(\.callsPerSecond), "clicks/s")
      shop.results.add(line.against("bare loop, \(group) a commit", bare, atLeast: 0.5))
      if !redis.isEmpty {
        shop.results.add(
          line.against(
            "Redis, no rules", redis.map(\.callsPerSecond), atLeast: connections == 1 ? 1 : 2))
        redisCurve.points.append(
          .init(
            load: load, callsPerSecond: median(redis.map(\.callsPerSecond)),
            medianMs: median(redis.map { $0.milliseconds(50) }),
            p99Ms: median(redis.map { $0.milliseconds(99) })))
      }
      let p99 = median(ours.map { $0.milliseconds(99) })
      shop.results.add(Line(Self.name, "\(load), 99th percentile", p99, "ms").below(5))
      curve.points.append(
        .init(
          load: load, callsPerSecond: line.figure, medianMs: median(ours.map { $0.milliseconds(50) }),
          p99Ms: p99))
    }
    shop.results.curves.append(curve)
    guard let peers = shop.peers else { return }
    shop.results.curves.append(redisCurve)
    let inserts = try peers.inserts(.tcp, connections: 64, seconds: 3)
    let ours = curve.points.last?.callsPerSecond ?? 0
    shop.results.add(
      Line(Self.name, "64 x 16", ours, "clicks/s")
        .against("PostgreSQL, 64 connections, no rules", inserts.perSecond, atLeast: 1))
  }
}

/// One caller that waits for each click, against one bare commit and one bare round trip.
struct OneByOne: Step {
  static let name = "one-by-one"
  static let title = "One click at a time, over TCP and the Unix socket"

  func run(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .pots)
    defer { daemon.terminate() }
    let socket = shop.path("echo.sock")
    for (name, address, arguments) in [
      ("TCP", daemon.tcp, ["tcp", "17501"]), ("Unix socket", daemon.unix, ["unix", socket]),
    ] {
      try? FileManager.default.removeItem(atPath: socket)
      let echo = try Subprocess(shop.toolsPath + "/bare-echo", arguments)
      let echoAddress = name == "TCP" ? ServerAddress.tcp(17501) : .unix(socket)
      var (ours, bare, postgres, redis): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
      for _ in 0..<5 {
        ours.append(
          try daemon.load(
            ClickRequests(clicks: shop.freshClicks()), to: address, connections: 1, depth: 1, seconds: 1
          ).milliseconds(50) * 1_000)
        let trip =
          try LoadGenerator(
            MeceneConversation(requests: HealthRequests()), to: echoAddress, connections: 1, depth: 1
          ).closed(seconds: 0.5).milliseconds(50) * 1_000
        bare.append(try shop.bareCommit() + trip)
        guard let peers = shop.peers else { continue }
        postgres.append(
          try peers.inserts(name == "TCP" ? .tcp : .unix, connections: 1, seconds: 1).milliseconds * 1_000)
        guard name == "TCP" else { continue }
        redis.append(
          try LoadGenerator(
            RedisConversation(clicks: shop.freshClicks()), to: peers.redis, connections: 1, depth: 1
          ).closed(seconds: 1).milliseconds(50) * 1_000)
      }
      echo.kill()
      let line = Line(Self.name, "\(name), median", ours, "µs")
      shop.results.add(line.against("bare commit + round trip", bare, atMost: 1.15))
      if !postgres.isEmpty {
        shop.results.add(line.against("PostgreSQL, no rules, mean", postgres, atMost: 1))
      }
      if !redis.isEmpty { shop.results.add(line.against("Redis, no rules", redis, atMost: 1)) }
    }
  }
}
