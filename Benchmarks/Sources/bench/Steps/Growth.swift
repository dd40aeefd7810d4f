internal import Foundation

/// `ClickMany` of 8,190 from an empty month to ten million clicks, and what comes back after a restart.
struct Growth: Step {
  static let name = "growth"
  static let title = "ClickMany of 8,190, one connection, from 0 to 10 million clicks"

  func run(_ shop: Workshop) throws {
    let accounts = shop.population.accounts
    let daemon = try shop.daemon(on: .population)
    defer { daemon.terminate() }
    let click = Workshop.uniform(accounts)
    var seconds: [Double] = []
    for part in 0..<10 as Range<UInt64> {
      seconds.append(
        try daemon.click(first: part * accounts, last: (part + 1) * accounts, depth: 2, click))
    }
    let total = seconds.reduce(0, +)
    let rate = Double(10 * accounts) / total
    let bare = try shop.bareLog(rows: Int(10 * accounts), group: 8_190)
    shop.results.add(
      Line(Self.name, "0 to \(10 * accounts), pots opened on the way", rate, "clicks/s")
        .against("bare loop, 8,190 a commit", bare, atLeast: 0.75))
    let steady = Double(9 * accounts) / (total - seconds[0])
    shop.results.add(
      Line(Self.name, "\(accounts) to \(10 * accounts)", steady, "clicks/s")
        .against("bare loop, 8,190 a commit", bare, atLeast: 0.75))
    let parts = seconds.map { Double(accounts) / $0 }
    shop.results.add(
      Line(Self.name, "the last tenth", parts[9], "clicks/s").against("the first", parts[0], atLeast: 0.9))
    shop.results.add(
      Line(Self.name, "the last tenth", parts[9], "clicks/s").against("the second", parts[1], atLeast: 0.83))
    daemon.terminate()
    let began = Date()
    try daemon.restart()
    _ = try daemon.commits()
    shop.results.add(
      Line(Self.name, "restart to the first answered call", Date().timeIntervalSince(began), "s").below(3))
    shop.results.add(
      Line(Self.name, "resident memory then", Double(daemon.residentBytes) / 1e6, "MB").below(500))
    daemon.terminate()
    // Kept for the settlement. What is copied goes to the disk for seconds, as does what PostgreSQL takes: no restart beside it.
    if !FileManager.default.fileExists(atPath: shop.path("uniform")) {
      _ = try Subprocess.output("/bin/cp", ["-r", daemon.directory + "/data", shop.path("uniform")])
    }
    if let peers = shop.peers {
      shop.results.add(
        Line(Self.name, "0 to \(10 * accounts), pots opened on the way", rate, "clicks/s")
          .against("PostgreSQL, 8,192 a statement, no rules", try peers.batches(seconds: 4), atLeast: 1))
    }
  }
}
