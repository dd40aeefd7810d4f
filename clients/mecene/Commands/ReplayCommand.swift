internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneLedger
internal import MeceneTerminal

struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Lives through dated likes again: what would they have paid?",
    discussion: """
      The file is CSV, plain or as .gz, with the columns day, patron, thing and owner; a day is written like 2026-11-24. \
      In each month everybody who appears in it pays the budget in; every like is a click on its day; each month is \
      settled. Without --server and MECENE_SERVER a daemon is started in a temporary directory; one that is named has to \
      run on a simulated clock before the first like.
      """)

  @Argument(help: ArgumentHelp("The likes.", valueName: "file.csv[.gz]")) var file: String
  @Option(help: "What everybody gives each month; 5.00 if left out.", transform: Amount.parse)
  var budget = Amount(micros: 5_000_000)
  @Option(
    help: ArgumentHelp(
      "Write months.csv, accounts.csv, things.csv, and all balances after each month as MONTH.csv, here.",
      valueName: "dir"))
  var output: String?
  @Option(help: "How many owners the chart shows.") var top = 10
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard budget.micros > 0 else { throw ValidationError("--budget is above 0; it was 0.") }
    guard (0...1_000).contains(top) else {
      throw ValidationError("--top goes from 0 to 1000; it was \(top).")
    }
  }

  func run() async throws {
    let start = ContinuousClock.now
    let likes = try Likes(file)
    if let output {
      do {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
      } catch {
        throw LocalFailure(sentence: "the directory \(output) can't be made: \(Output.reason(of: error))")
      }
    }
    let daemon = connection.names ? nil : try TemporaryDaemon(clock: likes.months[0].period.start)
    defer { daemon?.stop() }
    var connection = connection
    if let daemon { connection.server = daemon.address }
    try await connection.withClient(seconds: 3_600) { client, options in
      let replay = Replay(likes, budget: budget.micros, client, options)
      try await replay.run { month, balances in
        guard let output else { return }
        try Self.write(try await balances(), to: "\(output)/\(month.period).csv")
      }
      if let output { try Self.write(replay, to: output) }
      let owners = try await replay.owners()
      let seconds = Self.seconds(ContinuousClock.now - start)
      let report = ReplayReport(likes, replay.months, owners, seconds: seconds, top: top)
      connection.json ? try report.showJSON() : report.show()
    }
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  private static func write(_ balances: [Replay.Balance], to path: String) throws {
    var csv = CSVText()
    csv.append(["account", "available_micros", "pots_micros"])
    for balance in balances {
      csv.append([balance.name, "\(balance.availableMicros)", "\(balance.potsMicros)"])
    }
    try csv.write(to: path)
  }

  private static func write(_ replay: Replay, to directory: String) throws {
    try write(replay.months, to: "\(directory)/months.csv")
    for (name, numbers) in [("account", replay.accountNumbers), ("thing", replay.thingNumbers)] {
      var csv = CSVText()
      csv.append(["label", "\(name)_id"])
      for (label, id) in numbers { csv.append([label, "\(id)"]) }
      try csv.write(to: "\(directory)/\(name)s.csv")
    }
  }

  private static func write(_ months: [Replay.Month], to path: String) throws {
    var csv = CSVText()
    csv.append([
      "period", "patrons", "owners", "clicked", "repeated", "own", "refused", "deposited_micros",
      "given_micros",
      "digest",
    ])
    for month in months {
      csv.append([
        month.period, "\(month.patrons)", "\(month.owners)", "\(month.clicked)", "\(month.repeated)",
        "\(month.own)",
        "\(month.refused)", "\(month.depositedMicros)", "\(month.givenMicros)", month.digest,
      ])
    }
    try csv.write(to: path)
  }
}
