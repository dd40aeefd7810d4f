/// Options from the environment, as if they had been written before those of the command line.
enum Environment {
  private static let options = [
    "data", "listen", "currency", "minimum-budget", "fee-bps", "settle-after", "simulated-clock", "log-level",
  ]
  private static let flags = ["receive-requires-giving", "auto-settle"]

  /// The arguments that variables add: those whose option the command line does not name.
  static func arguments(_ environment: [String: String], commandLine: [String]) -> [String] {
    var result: [String] = []
    for option in options where !isNamed(option, commandLine) {
      if let value = environment[variable(option)] { result += ["--" + option, value] }
    }
    for flag in flags where !isNamed(flag, commandLine) && !isNamed("no-" + flag, commandLine) {
      switch environment[variable(flag)]?.lowercased() {
      case "true", "1", "yes": result.append("--" + flag)
      case "false", "0", "no": result.append("--no-" + flag)
      case let other?: result.append("--\(flag)=\(other)")
      case nil: break
      }
    }
    return result
  }

  private static func variable(_ option: String) -> String {
    "MECENE_" + option.uppercased().replacing("-", with: "_")
  }

  private static func isNamed(_ option: String, _ commandLine: [String]) -> Bool {
    commandLine.contains { $0 == "--" + option || $0.hasPrefix("--\(option)=") }
  }
}
