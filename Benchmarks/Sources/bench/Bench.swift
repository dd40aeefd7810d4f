internal import ArgumentParser
internal import Foundation

@main
struct Bench: ParsableCommand {
  @Option(help: "The directory of the daemon's program.") var programs: String
  @Option(help: "Accounts and things.") var accounts: UInt64 = 1_000_000
  @Option var seconds: Double = 3
  @Option var directory = "/tmp/mecene-bench"
  @Option var connections = 8
  @Option var depth = 64
  @Flag var health = false
  @Flag var attach = false
  @Flag var redis = false
  @Flag var echo = false
  @Option var calls = 0

  mutating func run() throws {
    let population = Population(
      accounts: accounts, things: accounts, likesPath: "../../shared/data/endorsements.csv.gz")
    print(population.origin)
    if echo {
      let r = try LoadGenerator(MeceneConversation(requests: HealthRequests()), to: .tcp(17501), connections: connections, depth: depth).closed(seconds: seconds)
      print("echo \(connections) x \(depth): \(Int(r.callsPerSecond)) /s p50 \(r.milliseconds(50)) p99 \(r.milliseconds(99))")
      return
    }
    if redis {
      let clicks = ClickSequence(population: population, position: UInt64(Date().timeIntervalSince1970 * 100_000) % 30_000_000)
      let r = try LoadGenerator(RedisConversation(clicks: clicks), to: .tcp(17500), connections: connections, depth: depth).closed(seconds: seconds)
      print("redis \(connections) x \(depth): \(Int(r.callsPerSecond)) /s p50 \(r.milliseconds(50)) p99 \(r.milliseconds(99))")
      return
    }
    if attach {
      let unix = ServerAddress.unix("/tmp/t/cgdata/s")
      try Daemon.populate(unix, accounts)
      _ = try? Subprocess.output("/usr/bin/callgrind_control", ["-i", "on"])
      if health {
        _ = try LoadGenerator(MeceneConversation(requests: HealthRequests()), to: unix, connections: connections, depth: depth).closed(calls: calls)
      } else {
        let clicks = ClickSequence(population: population, position: 0)
        let r = try LoadGenerator(MeceneConversation(requests: ClickRequests(clicks: clicks)), to: unix, connections: connections, depth: depth).closed(calls: calls)
        print(r.failures)
      }
      _ = try? Subprocess.output("/usr/bin/callgrind_control", ["-i", "off"])
      return
    }
    let fresh = !FileManager.default.fileExists(atPath: directory + "/data")
    let began = Date()
    let daemon = try Daemon(programs + "/mecened", directory: directory)
    print("start \(Date().timeIntervalSince(began)) s, resident \(daemon.process.residentBytes >> 20) MB")
    if fresh {
      let began = Date()
      try daemon.populate(accounts)
      print("population \(Date().timeIntervalSince(began)) s")
    }
    var result: LoadResult
    if health {
      result = try LoadGenerator(
        MeceneConversation(requests: HealthRequests()), to: daemon.tcp, connections: connections, depth: depth
      ).closed(seconds: seconds)
    } else {
      let clicks = ClickSequence(population: population, position: UInt64(Date().timeIntervalSince1970 * 100_000) % 30_000_000)
      result = try LoadGenerator(
        MeceneConversation(requests: ClickRequests(clicks: clicks)), to: daemon.tcp, connections: connections,
        depth: depth
      ).closed(seconds: seconds)
    }
    print(
      "\(connections) x \(depth): \(Int(result.callsPerSecond)) /s, failures \(result.failures), p50 \(result.milliseconds(50)) p99 \(result.milliseconds(99))"
    )
    daemon.terminate()
  }
}
