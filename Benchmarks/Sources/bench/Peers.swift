internal import Foundation

/// Redis and PostgreSQL with what a user would write instead: a set for each patron, and a table keyed by period, patron and
/// thing. Both make every change durable before they answer; neither checks a rule.
final class Peers {
  private static let redisPort = 17_500
  private static let postgresPort = 17_502
  let redis = ServerAddress.tcp(redisPort)
  private let directory: String
  private var redisProcess: Subprocess?
  private let postgresTools: String
  private var postgresProcess: Subprocess?

  /// Starts both in directories of their own, on loopback. Neither tidies up behind a measurement: it would slow the next one's,
  /// which may be ours.
  init(directory: String) throws {
    self.directory = directory
    postgresTools = try Self.newestPostgres()
    try? FileManager.default.removeItem(atPath: directory)
    try FileManager.default.createDirectory(atPath: directory + "/redis", withIntermediateDirectories: true)
    redisProcess = try Subprocess(
      "/usr/bin/redis-server",
      [
        "--port", "\(Self.redisPort)", "--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync",
        "always",
        "--save", "", "--auto-aof-rewrite-percentage", "0", "--dir", directory + "/redis",
      ])
    // PostgreSQL refuses to run as root.
    let data = directory + "/postgres"
    if getuid() == 0 {
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
      _ = try Subprocess.output("/bin/chown", ["-R", "postgres", data])
      _ = try Subprocess.output("/bin/chmod", ["a+rx", directory])
    }
    _ = try postgres("initdb", ["-D", data, "-A", "trust", "-U", "bench"])
    let server = command(
      "postgres",
      [
        "-D", data, "-p", "\(Self.postgresPort)", "-k", data, "-c", "listen_addresses=127.0.0.1", "-c",
        "max_connections=200", "-c", "max_wal_size=8GB", "-c", "shared_buffers=1GB", "-c", "autovacuum=off",
        "-c",
        "checkpoint_timeout=1h",
      ])
    postgresProcess = try Subprocess(server.path, server.arguments, waitsForLine: false)
    for attempt in 1... {
      do {
        try sql("SELECT 1;")
        break
      } catch {
        guard attempt < 100 else { throw error }
        Thread.sleep(forTimeInterval: 0.1)
      }
    }
    try sql(
      """
      CREATE TABLE clicks (period int, patron bigint, thing bigint, PRIMARY KEY (period, patron, thing));
      """)
  }

  deinit {
    redisProcess?.kill()
    // Its children end with it; SIGKILL would leave them.
    postgresProcess?.terminate()
  }

  private static func newestPostgres() throws -> String {
    let root = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    guard let newest = versions.compactMap(Int.init).max() else {
      throw LoadError(description: "there is no PostgreSQL below \(root); `make bench PEERS=1` installs it")
    }
    return "\(root)/\(newest)/bin/"
  }

  /// A tool of PostgreSQL, as a user that it runs as.
  private func command(_ tool: String, _ arguments: [String]) -> (path: String, arguments: [String]) {
    guard getuid() == 0 else { return (postgresTools + tool, arguments) }
    return (
      "/usr/bin/setpriv",
      ["--reuid=postgres", "--regid=postgres", "--clear-groups", postgresTools + tool] + arguments
    )
  }

  private func postgres(_ tool: String, _ arguments: [String], input: String? = nil) throws -> String {
    let command = command(tool, arguments)
    return try Subprocess.output(command.path, command.arguments, input: input)
  }

  func sql(_ statements: String) throws {
    _ = try postgres(
      "psql",
      [
        "-h", "127.0.0.1", "-p", "\(Self.postgresPort)", "-U", "bench", "-q", "-v", "ON_ERROR_STOP=1",
        "-d", "postgres", "-f", "-",
      ], input: statements)
  }

  /// How PostgreSQL is reached.
  enum Way: String {
    case tcp = "TCP"
    case unix = "Unix socket"
  }

  /// Prepared inserts of single clicks, with pgbench.
  ///
  /// - Returns: Inserts a second, and the mean time of one in milliseconds.
  func inserts(_ way: Way, connections: Int, seconds: Int) throws -> (perSecond: Double, milliseconds: Double)
  {
    let script = """
      \\set patron random(1, 1000000)
      \\set thing random(1, 1000000)
      INSERT INTO clicks VALUES (682, :patron, :thing) ON CONFLICT DO NOTHING;
      """
    return try pgbench(script, way, connections: connections, seconds: seconds)
  }

  /// Clicks a second in statements of 8,192.
  func batches(seconds: Int) throws -> Double {
    let script = """
      INSERT INTO clicks SELECT 683, 1 + (random() * 999999)::bigint, 1 + (random() * 999999)::bigint
        FROM generate_series(1, 8192) ON CONFLICT DO NOTHING;
      """
    return try pgbench(script, .unix, connections: 1, seconds: seconds).perSecond * 8_192
  }

  private func pgbench(
    _ script: String, _ way: Way, connections: Int, seconds: Int
  ) throws -> (perSecond: Double, milliseconds: Double) {
    let file = directory + "/script.sql"
    try script.write(toFile: file, atomically: true, encoding: .utf8)
    let host = way == .tcp ? "127.0.0.1" : directory + "/postgres"
    let output = try postgres(
      "pgbench",
      [
        "-n", "-M", "prepared", "-f", file, "-c", "\(connections)", "-j", "\(min(2, connections))",
        "-T",
        "\(seconds)", "-h", host, "-p", "\(Self.postgresPort)", "-U", "bench", "postgres",
      ])
    func number(after words: String) -> Double {
      guard let start = output.range(of: words)?.upperBound else { return .nan }
      return Double(output[start...].prefix { $0.isNumber || $0 == "." }) ?? .nan
    }
    return (number(after: "tps = "), number(after: "latency average = "))
  }

  /// Seconds of one statement that splits ten clicks of each patron and sums by thing, and keeps nothing.
  func split(patrons: UInt64) throws -> Double {
    try sql(
      """
      CREATE UNLOGGED TABLE month AS
        SELECT patron, (patron + turn * 99991) % \(patrons) + 1 AS thing
        FROM generate_series(1, \(patrons)) patron, generate_series(0, 9) turn ORDER BY random();
      ANALYZE month;
      """)
    let began = Date()
    try sql(
      """
      SELECT count(*), sum(earned) FROM (
        SELECT thing, sum(10000000 / n + CASE WHEN j < 10000000 % n THEN 1 ELSE 0 END) AS earned FROM (
          SELECT thing, count(*) OVER (PARTITION BY patron) AS n,
            row_number() OVER (PARTITION BY patron ORDER BY thing) - 1 AS j FROM month) AS cut
        GROUP BY thing) AS earned;
      """)
    return Date().timeIntervalSince(began)
  }
}
