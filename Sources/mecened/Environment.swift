internal import ArgumentParser
internal import Foundation
internal import MeceneTerminal

/// Options from the environment, as if they had been written before those of the command line. An empty variable is unset.
enum Environment {
  private static let options = [
    "data", "listen", "currency", "minimum-budget", "fee-bps", "settle-after", "simulated-clock", "log-level",
    "log-format",
  ]
  private static let flags = ["receive-requires-giving", "auto-settle"]

  /// The arguments that variables add: those whose option the command line does not name.
  static func arguments(_ environment: [String: String], commandLine: [String]) throws -> [String] {
    var result: [String] = []
    for option in options where !isNamed(option, commandLine) {
      if let value = environment[variable(option)], !value.isEmpty { result += ["--" + option, value] }
    }
    for flag in flags where !isNamed(flag, commandLine) && !isNamed("no-" + flag, commandLine) {
      switch environment[variable(flag)]?.lowercased() {
      case "": break
      case "true", "1", "yes": result.append("--" + flag)
      case "false", "0", "no": result.append("--no-" + flag)
      case let other?:
        throw ValidationError("\(variable(flag)) is true or false; it was \(other)")
      case nil: break
      }
    }
    return result
  }

  /// Which variables are meant when an error speaks of these options.
  static func options(in error: String, commandLine: [String]) -> [String] {
    let environment = ProcessInfo.processInfo.environment
    return (options + flags).filter { option in
      error.contains("--" + option) && environment[variable(option)] != nil && !isNamed(option, commandLine)
        && !isNamed("no-" + option, commandLine)
    }.map(variable)
  }

  /// Variables that look like the daemon's, and that nobody reads: misspelt ones, most likely.
  static func unknown(_ environment: [String: String]) -> [(name: String, nearest: String?)] {
    let known = (options + flags).map(variable)
    return environment.keys.filter {
      $0.hasPrefix("MECENE_") && !$0.hasPrefix("MECENE_TEST_") && !known.contains($0)
        && !ofClients.contains($0)
    }
    .sorted().map { ($0, known.nearest(to: $0)) }
  }

  /// What the clients read.
  private static let ofClients: Set<String> = ["MECENE_SERVER"]

  private static func variable(_ option: String) -> String {
    "MECENE_" + option.uppercased().replacing("-", with: "_")
  }

  private static func isNamed(_ option: String, _ commandLine: [String]) -> Bool {
    commandLine.contains { $0 == "--" + option || $0.hasPrefix("--\(option)=") }
  }
}
