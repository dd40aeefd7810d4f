internal import ArgumentParser
internal import Logging
internal import MeceneEngine
internal import MeceneLedger
internal import MeceneServer
internal import MeceneTransport

/// The daemon's arguments.
struct Mecened: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mecened",
    abstract: "Keeps the books of a Flattr-like economy and serves them over TCP and a Unix socket.",
    discussion: """
      Every option with a value can also be given as an environment variable: --fee-bps as MECENE_FEE_BPS, --auto-settle and \
      --no-auto-settle as MECENE_AUTO_SETTLE=true or false, several --listen as one MECENE_LISTEN with commas between. An \
      option on the command line wins. A changed option counts from the next start on.

      Three commands work on the files, while a daemon serves or without one; each has --help:
        mecened verify --data DIR            proves the books
        mecened backup --data DIR FILE       copies them as they are at one instant
        mecened restore --data DIR FILE      makes a data directory out of a backup

      Exit status: 0 after a clean shutdown, 1 when it can't start or go on, 64 for bad usage.
      """,
    version: "mecened \(Server.version)")

  @Option(help: ArgumentHelp("The directory of the books. It is made if it is missing.", valueName: "dir"))
  var data = "./mecene-data"

  @Option(
    help: ArgumentHelp(
      """
      Where to listen: tcp://HOST:PORT or unix:PATH, loopback and Unix sockets only. Can be given several times. \
      Default: tcp://127.0.0.1:7437 and unix:DIR/mecene.sock.
      """, valueName: "address"))
  var listen: [String] = []

  @Option(
    help:
      "The currency that amounts are shown in: three capital letters. It never changes after the first start."
  )
  var currency = "EUR"

  @Option(help: "The least monthly budget. Counts from the next month on.")
  var minimumBudget = "2.00"

  @Option(help: "The fee, in hundredths of a per cent of a pot, 0 to 10000. Counts from the next month on.")
  var feeBps = 0

  @Flag(
    inversion: .prefixedNo, help: "Whether an owner has to be ready to give. Counts from the next month on.")
  var receiveRequiresGiving = true

  @Flag(inversion: .prefixedNo, help: "Whether months that have ended settle by themselves.")
  var autoSettle = true

  @Option(help: "How long after its end a month settles by itself: 90s, 30m, 12h or 3d.")
  var settleAfter = "0d"

  @Option(
    help: ArgumentHelp(
      "Live on a clock that stands still until SetClock moves it, from this time on: 2026-11-01T00:00:00Z.",
      valueName: "time"))
  var simulatedClock: String?

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel = "info"

  @Option(help: "How log lines are written: text, or json, an object a line.")
  var logFormat = LineLogHandler.Format.text

  @Flag(help: "Drain when standard input ends, for a program that keeps a daemon of its own.")
  var stopAtEndOfInput = false

  @Flag(help: "Check the options, print what they come to, and exit.")
  var checkConfig = false

  /// The options, understood.
  func understood() throws -> Configuration { try Configuration(self) }
}

/// What the options come to.
struct Configuration: Sendable {
  let settings: EmbeddedEngine.Settings
  let listen: [Address]
  let logLevel: Logger.Level
  let logFormat: LineLogHandler.Format
  let stopsAtEndOfInput: Bool

  init(_ options: Mecened) throws {
    guard let minimum = Micros(parsing: options.minimumBudget), minimum > .zero else {
      throw ValidationError(
        "--minimum-budget is an amount above 0, such as 2.00; it was \(options.minimumBudget)")
    }
    guard (0...10_000).contains(options.feeBps) else {
      throw ValidationError("--fee-bps goes from 0 to 10000; it was \(options.feeBps)")
    }
    guard options.currency.count == 3, options.currency.utf8.allSatisfy({ (65...90).contains($0) }) else {
      throw ValidationError("--currency is three capital letters, such as EUR; it was \(options.currency)")
    }
    guard let logLevel = Logger.Level(rawValue: options.logLevel) else {
      let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--log-level is one of \(levels); it was \(options.logLevel)")
    }
    self.logLevel = logLevel
    logFormat = options.logFormat
    stopsAtEndOfInput = options.stopAtEndOfInput
    guard !options.data.isEmpty else { throw ValidationError("--data names a directory; it was empty") }
    let defaultSocket = "unix:\(options.data)/mecene.sock"
    // Commas stand between addresses, but not in the data directory's name.
    let texts =
      options.listen.isEmpty
      ? ["tcp://127.0.0.1:\(Address.defaultPort)", defaultSocket]
      : options.listen.flatMap { $0.split(separator: ",").map(String.init) }
    guard !texts.isEmpty else {
      throw ValidationError("--listen names an address, such as tcp://127.0.0.1:7437; it was empty")
    }
    if options.listen.isEmpty, (try? Address(parsing: defaultSocket)) == nil {
      throw ValidationError(
        "--data: the path is too long for the Unix socket in it, which may have \(Address.unixPathBytesMax) bytes; "
          + "choose a shorter one, or say where to listen with --listen")
    }
    do {
      listen = try texts.map { try Address(parsing: $0) }
    } catch let error as AddressError {
      throw ValidationError("--listen: \(error)")
    }
    settings = EmbeddedEngine.Settings(
      dataPath: options.data, currency: options.currency,
      terms: Terms(
        feeBps: options.feeBps, minimum: minimum, receiveRequiresGiving: options.receiveRequiresGiving),
      autoSettle: options.autoSettle, settleAfterMs: try Self.duration(options.settleAfter),
      simulatedClock: try options.simulatedClock.map(Self.time))
  }

  /// Names and values, as `--check-config` and `GetStatus` show them.
  var shown: [(name: String, value: String)] {
    [
      ("data", settings.dataPath), ("listen", listen.map(\.description).joined(separator: ",")),
      ("currency", settings.currency), ("minimum-budget", settings.terms.minimum.description),
      ("fee-bps", "\(settings.terms.feeBps)"),
      ("receive-requires-giving", "\(settings.terms.receiveRequiresGiving)"),
      ("auto-settle", "\(settings.autoSettle)"),
      ("settle-after", Self.text(ofDuration: settings.settleAfterMs)),
      ("clock", settings.simulatedClock == nil ? "system" : "simulated"), ("log-level", logLevel.rawValue),
      ("log-format", logFormat.rawValue),
    ]
  }

  /// As it is typed: 3d, 12h, 30m or 90s.
  private static func text(ofDuration milliseconds: Int64) -> String {
    for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m")] as [(Int64, String)]
    where milliseconds % unit == 0 {
      return "\(milliseconds / unit)\(name)"
    }
    return "\(milliseconds / 1_000)s"
  }

  private static func duration(_ text: String) throws -> Int64 {
    let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()),
      (0...3_660 * 86_400_000 / unit).contains(count)
    else { throw ValidationError("--settle-after is a time such as 90s, 30m, 12h or 3d; it was \(text)") }
    return count * unit
  }

  private static func time(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(parsing: text) else {
      throw ValidationError("--simulated-clock is a time such as 2026-11-01T00:00:00Z; it was \(text)")
    }
    guard time.period <= Period.last else {
      throw ValidationError("--simulated-clock goes from 1970 to the end of \(Period.last); it was \(text)")
    }
    return time
  }
}
