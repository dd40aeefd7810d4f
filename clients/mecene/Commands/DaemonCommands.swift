internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneLedger
internal import MeceneTerminal
internal import MeceneWire

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows the daemon's version, counts, settings and limits.")

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let status = try await client.daemonService.getStatus(GetStatusRequest(), options: options)
      connection.show(status) {
        Tables.show([
          "version": "\(status.version) (protocol \(status.protocolVersion))",
          "up for": Tables.duration(status.uptimeMs),
          "ledger's time": Tables.time(status.nowMs), "open period": status.openPeriod,
          "oldest unsettled": status.oldestUnsettledPeriod.isEmpty ? "-" : status.oldestUnsettledPeriod,
          "accounts": "\(status.accounts)", "things": "\(status.things)",
          "clicks this month": "\(status.openClicks)",
          "transfers": status.transfersBehind == 0
            ? "\(status.transfers)" : "\(status.transfers) (\(status.transfersBehind) not followed yet)",
          "last commit": status.lastCommit,
          "clock": status.unconfirmedClockMs == 0
            ? "believed"
            : "\(Tables.time(status.unconfirmedClockMs)), not believed: \(Tables.time(status.expectedClockMs)) was expected",
          "settlements": "\(status.settlements)",
          "money": Amount.text(status.moneyMicros), "fees": Amount.text(status.feesMicros),
          "database": Tables.bytes(status.databaseBytes), "write-ahead log": Tables.bytes(status.logBytes),
          "free on the disk": Tables.bytes(status.freeBytes),
          "writes": status.writesRefused.isEmpty ? "taken" : "refused: \(status.writesRefused)",
          "connections": "\(status.connections)",
        ])
        Tables.show(
          [.text("setting or limit"), .text("value")],
          status.settings.map { [$0.name, inForce($0, status)] } + status.limits.map { [$0.name, $0.value] })
      }
    }
  }
}

/// A setting as it counts: a month keeps the terms that it was opened with.
private func inForce(_ setting: Setting, _ status: GetStatusResponse) -> String {
  guard let terms = status.terms else { return setting.value }
  let now: String
  switch setting.name {
  case "fee-bps": now = "\(terms.feeBps)"
  case "minimum-budget": now = Amount.text(terms.minimumBudgetMicros)
  case "receive-requires-giving": now = "\(terms.receiveRequiresGiving)"
  default: return setting.value
  }
  return now == setting.value
    ? now : "\(now) in \(status.openPeriod), \(setting.value) from the next month on"
}

struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Asks whether the daemon, or one of its services, takes calls.",
    discussion: "Exit status 1 when it does not.")

  @Argument(help: "Such as mecene.v1.ClickService; the whole daemon if left out.") var service = ""
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let response = try await client.health.check(HealthCheckRequest(service: service), options: options)
      connection.show(response) { Terminal.print(response.status == .serving ? "serving" : "not serving") }
      if response.status != .serving { throw ExitCode(1) }
    }
  }
}

struct ClockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clock", abstract: "Moves a simulated clock, or confirms the system's.",
    subcommands: [SetTime.self, Confirm.self])

  struct SetTime: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set", abstract: "Moves a simulated clock forward.")

    @Argument(help: "Such as 2026-12-01T00:00:00Z or 2026-12-01.", transform: ClockCommand.parse) var time:
      Timestamp
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.daemonService.setClock(
          SetClockRequest(nowMs: time.milliseconds), options: options)
        connection.show(response) {
          Tables.show(["ledger's time": Tables.time(response.nowMs), "open period": response.openPeriod])
        }
      }
    }
  }
}

extension ClockCommand {
  struct Confirm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "confirm",
      abstract:
        "Says that the daemon's clock is right, after it has jumped, and ends the months that it has passed.",
      discussion:
        "The time is what your own clock shows, within an hour of the daemon's: so a wrong clock is not confirmed."
    )

    @Argument(help: "Such as 2026-12-01T00:05:00Z.", transform: ClockCommand.parse) var time: Timestamp
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.daemonService.confirmClock(
          ConfirmClockRequest(nowMs: time.milliseconds), options: options)
        connection.show(response) {
          Tables.show(["ledger's time": Tables.time(response.nowMs), "open period": response.openPeriod])
        }
      }
    }
  }

  fileprivate static func parse(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(parsing: text) else {
      throw ValidationError(
        "A time is written like 2026-12-01T00:00:00Z or 2026-12-01, and exists; it was \(text).")
    }
    return time
  }
}

struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Makes any call, with JSON in and JSON out.",
    discussion: """
      Example: mecene call ClickService/ListClicks '{"patron": {"name": "anna"}}'
      A stream is shown as one line of JSON for each message.
      """)

  @Argument(
    help: "Service/Method; mecene.v1. may be left out.",
    completion: .list(Method.allCases.map { shortened($0.path) }))
  var method: String?
  @Argument(help: "The request; {} if left out, - for standard input.") var request = "{}"
  @Flag(help: "List the methods.") var list = false
  @OptionGroup var connection: ConnectionOptions

  private static func shortened(_ path: String) -> String {
    String(path.trimmingPrefix("mecene.v1.").trimmingPrefix("grpc.health.v1."))
  }

  func validate() throws {
    guard list != (method != nil) else { throw ValidationError("Give a method, or --list to see them.") }
  }

  func run() async throws {
    guard let method else { return Terminal.print(Method.allCases.map(\.path).joined(separator: "\n")) }
    let text =
      request == "-"
      ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : request
    let isFull = method.prefix { $0 != "/" }.contains(".")
    let path =
      isFull ? method : method.hasPrefix("Health/") ? "grpc.health.v1.\(method)" : "mecene.v1.\(method)"
    do {
      try await connection.withClient(seconds: longCall(path) ? 3_600 : 10) { client, options in
        let isKnown = try await client.call(
          path: path, json: try JSONValue(parsing: text), options: options,
          answer: { Terminal.print($0.json(writingEmpty: true)) })
        guard isKnown else {
          let nearest = Method.allCases.map(\.path).nearest(to: path).map { "did you mean \($0)?" }
          throw LocalFailure(
            sentence: "there is no method \(path); \(nearest ?? "`mecene call --list` shows them")",
            exitCode: 2)
        }
      }
    } catch let error as JSONError {
      throw LocalFailure(sentence: error.description + Self.place(text), exitCode: 2)
    }
  }

  /// Where a text stops being JSON; empty when it is JSON all through.
  private static func place(_ text: String) -> String {
    do {
      _ = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
      return ""
    } catch { return ((error as NSError).userInfo["NSDebugDescription"]).map { ": \($0)" } ?? "" }
  }

  private func longCall(_ path: String) -> Bool {
    Method.allCases.contains { $0.path == path && $0.streams }
  }
}
