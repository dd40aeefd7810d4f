internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneTerminal
internal import MeceneWire

/// The command line. Every verb is one call of the library.
struct Mecene: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mecene",
    abstract: "Talks to a Mecene daemon: accounts, things, clicks and settlements.",
    discussion: """
      Accounts are named by name or number, things by URL or number. Amounts are written like 10 or 10.50. The daemon is \
      found at --server or MECENE_SERVER, else at \(MeceneClient.defaultAddress).

      Exit status: 0 done, 1 a failure on this side, 2 bad usage, 64 + gRPC's status code when the daemon refuses or does \
      not answer. With --json an error is an object on standard error.

      Completions: mecene --generate-completion-script bash (or zsh, or fish).
      """,
    version: "mecene 0.1.0",
    subcommands: [
      AccountCommand.self, BudgetCommand.self, DepositCommand.self, WithdrawCommand.self, ThingCommand.self,
      ClickCommand.self, UnclickCommand.self, ClicksCommand.self, PreviewCommand.self, SettleCommand.self,
      SettlementsCommand.self, StatementCommand.self, RevenueCommand.self, ReceiptCommand.self,
      ReplayCommand.self, ImportCommand.self, ExportCommand.self,
      VerifyCommand.self,
      StatusCommand.self,
      HealthCommand.self, ClockCommand.self, CallCommand.self,
    ])
}

@main
enum Run {
  static func main() async {
    do {
      try refuseWhatParsesBadly(arguments)
      var command = try Mecene.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as MeceneError {
      if wantsJSON { ErrorObject(error).write() } else { Terminal.complain(Advice.sentence(error)) }
      exit(64 + error.code.rawValue)
    } catch let error as LocalFailure {
      if wantsJSON { ErrorObject(error).write() } else { Terminal.complain(error.sentence) }
      exit(error.exitCode)
    } catch {
      exitFromParser(error)
    }
  }

  private static let arguments = Array(CommandLine.arguments.dropFirst())
  /// Whether whoever called is a program.
  private static let wantsJSON = arguments.prefix { $0 != "--" }.contains("--json")

  /// Mistakes to which the parser's own answer is no help.
  private static func refuseWhatParsesBadly(_ arguments: [String]) throws {
    if let negative = arguments.first(where: { $0.hasPrefix("-") && Double($0) != nil }) {
      throw LocalFailure(sentence: "amounts and numbers are 0 or more; one was \(negative)", exitCode: 2)
    }
    if arguments.first == "help" {
      try refuseUnknownVerb(arguments.dropFirst())
    } else {
      try refuseUnknownVerb(arguments[...])
    }
  }

  private static func refuseUnknownVerb(_ arguments: ArraySlice<String>) throws {
    var command: any ParsableCommand.Type = Mecene.self
    var path = ""
    for argument in arguments {
      let verbs = command.configuration.subcommands
      if verbs.isEmpty || argument.hasPrefix("-") || argument == "help" { return }
      guard let verb = verbs.first(where: { $0._commandName == argument }) else {
        let names = verbs.map { path + $0._commandName }
        let advice = names.nearest(to: path + argument).map { "did you mean \($0)?" }
        throw LocalFailure(
          sentence: "there is no verb \(path)\(argument.shown()); "
            + (advice ?? "there are \(names.joined(separator: ", "))"), exitCode: 2)
      }
      command = verb
      path += argument + " "
    }
  }

  private static func exitFromParser(_ error: any Error) -> Never {
    if let status = error as? ExitCode { exit(status.rawValue) }
    let code = Mecene.exitCode(for: error)
    let text = Mecene.fullMessage(for: error)
    if code == .success {
      Terminal.print(text)
      exit(0)
    }
    if code == .validationFailure, wantsJSON {
      ErrorObject(LocalFailure(sentence: Mecene.message(for: error), exitCode: 2)).write()
      exit(2)
    }
    if code == .validationFailure {
      Output.note(text + "\n")
      exit(2)
    }
    Terminal.complain("\(error)")
    exit(1)
  }
}

/// An error for programs, as one line of JSON on standard error.
private struct ErrorObject: Encodable {
  var code: String?
  var reason: String?
  var field: String?
  let message: String
  var details: [String: String]?
  var notExecuted: Bool?
  var inDoubt: Bool?
  var key: String?
  var retryAfterMs: UInt32?
  let exitStatus: Int32

  init(_ error: MeceneError) {
    code = error.code.name
    reason = error.reason.description
    field = error.field
    message = error.description
    details = error.details
    notExecuted = error.notExecuted
    inDoubt = error.inDoubt
    key = error.key
    retryAfterMs = error.retryAfterMs
    exitStatus = 64 + error.code.rawValue
  }

  init(_ failure: LocalFailure) {
    message = failure.sentence
    exitStatus = failure.exitCode
  }

  func write() {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = (try? encoder.encode(["error": self])).map { String(decoding: $0, as: UTF8.self) } ?? message
    Terminal.note(text)
  }
}

/// What goes wrong on this side.
struct LocalFailure: Error {
  let sentence: String
  var exitCode: Int32 = 1
  /// The column at fault, when a row of a file is; empty otherwise.
  var column = ""
}
