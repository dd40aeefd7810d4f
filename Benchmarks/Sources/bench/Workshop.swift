internal import Foundation
internal import MeceneClient

/// What all steps share: programs, directories, the population, and the results so far.
final class Workshop {
  let daemonPath: String
  let toolsPath: String
  let directory: String
  let population: Population
  /// Redis and PostgreSQL, when they are measured too.
  let peers: Peers?
  var results: Results
  private var nextClick: UInt64 = 0

  init(daemonPath: String, toolsPath: String, directory: String, population: Population, peers: Peers?) {
    self.daemonPath = daemonPath
    self.toolsPath = toolsPath
    self.directory = directory
    self.population = population
    self.peers = peers
    results = Results(machine: Self.machine, population: population.origin)
  }

  private static var machine: String {
    let cpu =
      (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n")
      .first { $0.hasPrefix("model name") }?.split(separator: ":").last.map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    return "\(ProcessInfo.processInfo.activeProcessorCount) x \(cpu ?? "processor")"
  }

  func path(_ name: String) -> String { directory + "/" + name }

  /// Clicks that nobody has made yet.
  func freshClicks() -> ClickSequence {
    defer { nextClick += 8_000_000 }
    return ClickSequence(population: population, position: nextClick)
  }

  /// The daemon on a copy of a data set.
  func daemon(on dataSet: DataSet) throws -> Daemon {
    let name = path("run-\(dataSet.rawValue)")
    try? FileManager.default.removeItem(atPath: name)
    try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
    if dataSet != .empty {
      try provide(dataSet)
      _ = try Subprocess.output("/bin/cp", ["-r", path(dataSet.rawValue), name + "/data"])
    }
    return try Daemon(daemonPath, directory: name)
  }

  /// Data that several steps begin with. Each is made once, by the daemon itself.
  enum DataSet: String {
    case empty
    /// Accounts with money, and a thing for each.
    case population
    /// And everybody's first click, which opened their pots.
    case pots
    /// And ten clicks for each patron, in no order.
    case uniform
    /// Or as many clicks whose patrons and things follow Zipf's law.
    case skewed
    /// Or ten clicks for each of the first tenth of the patrons.
    case tenth
  }

  func provide(_ dataSet: DataSet) throws {
    guard !FileManager.default.fileExists(atPath: path(dataSet.rawValue)) else { return }
    let began = Date()
    let accounts = population.accounts
    switch dataSet {
    case .empty: return
    case .population: try make(.population, from: .empty) { try $0.populate(accounts) }
    case .pots:
      try make(.pots, from: .population) {
        try $0.click(first: 0, last: accounts, depth: 2) { ($0 + 1, ($0 + 1) % accounts + 1) }
      }
    case .uniform:
      try make(.uniform, from: .population) {
        try $0.click(first: 0, last: 10 * accounts, depth: 2, Self.uniform(accounts))
      }
    case .skewed:
      let skewed = SkewedClicks(accounts: accounts)
      try make(.skewed, from: .population) {
        try $0.click(first: 0, last: 10 * accounts, depth: 2, skewed.click)
      }
    case .tenth:
      try make(.tenth, from: .population) {
        try $0.click(first: 0, last: accounts, depth: 2, Self.uniform(accounts / 10))
      }
    }
    show("  (\(dataSet.rawValue) data made in \(text(Date().timeIntervalSince(began))) s)")
  }

  /// Ten different things for each patron; neighbours in time are strangers.
  static func uniform(_ accounts: UInt64) -> (UInt64) -> (patron: UInt64, thing: UInt64) {
    { position in
      let strewn = position &* 2_654_435_761 % (10 * accounts)
      let (patron, turn) = (strewn % accounts, strewn / accounts)
      return (patron + 1, (patron + 1 + turn * 99_991) % accounts + 1)
    }
  }

  private func make(_ dataSet: DataSet, from source: DataSet, _ fill: (Daemon) throws -> Void) throws {
    let daemon = try daemon(on: source)
    try fill(daemon)
    try daemon.followJournal()
    daemon.terminate()
    try FileManager.default.moveItem(atPath: daemon.directory + "/data", toPath: path(dataSet.rawValue))
  }

  /// Runs a C baseline and returns the numbers that it prints.
  func bare(_ tool: String, _ arguments: [String]) throws -> [Double] {
    try Subprocess.output(toolsPath + "/" + tool, arguments).split(whereSeparator: \.isWhitespace).compactMap
    {
      Double($0)
    }
  }

  /// Rows a second of the bare loop in commits of this size.
  func bareLog(rows: Int, group: Int) throws -> Double {
    let numbers = try bareLog(["\(rows)", "\(group)"])
    return numbers[0] / numbers[1]
  }

  /// Median time of one bare commit of the rows that a commit of one click has, in microseconds.
  func bareCommit() throws -> Double { try bareLog(["10000", "1", "books"])[2] / 1_000 }

  private func bareLog(_ arguments: [String]) throws -> [Double] {
    let file = path("bare.sqlite")
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
    return try bare("bare-log", [file] + arguments)
  }
}

/// Clicks of which few patrons make many, and few things get many.
struct SkewedClicks {
  private let zipf: Zipf
  private let accounts: UInt64

  init(accounts: UInt64) {
    self.accounts = accounts
    zipf = Zipf(count: Int(accounts), exponent: 0.8)
  }

  func click(_ position: UInt64) -> (patron: UInt64, thing: UInt64) {
    var random = SplitMix64(state: position &* 0x9e37_79b9)
    let patron = UInt64(zipf.draw(&random)) &* 7_919 % accounts + 1
    let thing = UInt64(zipf.draw(&random)) &* 104_729 % accounts + 1
    return (patron, thing == patron ? thing % accounts + 1 : thing)
  }
}

/// The middle of some figures.
func median(_ figures: [Double]) -> Double {
  let sorted = figures.sorted()
  return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

/// Runs something asynchronous from a step, which is not.
func waiting<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var result: Result<T, any Error>?
  Task {
    do {
      let value = try await body()
      unsafe result = .success(value)
    } catch {
      unsafe result = .failure(error)
    }
    done.signal()
  }
  done.wait()
  guard let result = unsafe result else { throw LoadError(description: "no result") }
  return try result.get()
}
