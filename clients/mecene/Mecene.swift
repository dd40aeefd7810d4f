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
      Accounts are named by name or number, things by URL or number. Amounts are written like 10 or 10.50.
      The daemon is found at --server or MECENE_SERVER, else at \(MeceneClient.defaultAddress).

      Exit status: 0 done, 1 a failure on this side, 2 bad usage, 64 + gRPC's status code when the daemon
      refuses or does not answer.
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
      try refuseWhatParsesBadly(Array(CommandLine.arguments.dropFirst()))
      var command = try Mecene.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as MeceneError {
      Terminal.complain(Advice.sentence(error))
      exit(64 + error.code.rawValue)
    } catch let error as LocalFailure {
      Terminal.complain(error.sentence)
      exit(error.exitCode)
    } catch {
      exitFromParser(error)
    }
  }

  /// Mistakes to which the parser's own answer is no help.
  private static func refuseWhatParsesBadly(_ arguments: [String]) throws {
    if let negative = arguments.first(where: { $0.hasPrefix("-") && Double($0) != nil }) {
      throw LocalFailure(sentence: "amounts and numbers are 0 or more; one was \(negative)", exitCode: 2)
    }
    if arguments.first == "help", arguments.count > 1 {
      let names = Mecene.configuration.subcommands.map { $0._commandName }
      guard names.contains(arguments[1]) else {
        throw LocalFailure(
          sentence: "there is no verb \(arguments[1]); there are \(names.joined(separator: ", "))",
          exitCode: 2)
      }
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
    if code == .validationFailure {
      Output.note(text + "\n")
      exit(2)
    }
    Terminal.complain("\(error)")
    exit(1)
  }
}

/// What goes wrong on this side.
struct LocalFailure: Error {
  let sentence: String
  var exitCode: Int32 = 1
  /// The column at fault, when a row of a file is; empty otherwise.
  var column = ""
}
