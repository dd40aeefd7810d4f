internal import Foundation
internal import MeceneTerminal

/// What is shown to people: results on standard output, everything else on standard error.
enum Terminal {
  static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
  static let errorIsTerminal = isatty(STDERR_FILENO) == 1
  static let inputIsTerminal = isatty(STDIN_FILENO) == 1
  private static let noColour = ProcessInfo.processInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false

  enum Colour: String {
    case red = "31"
    case green = "32"
    case bold = "1"
  }

  /// Colours a text of standard output when that is a terminal.
  static func coloured(_ text: String, _ colour: Colour) -> String {
    TerminalSize.isCapable(STDOUT_FILENO) && !noColour ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// Writes a line of the result. A result that can't be written ends the program.
  static func print(_ text: String) { write(text + "\n") }

  /// Writes a part of the result as it is.
  static func write(_ text: String) {
    do {
      try Output.write(text)
    } catch {
      complain("standard output can't be written to: \(Output.reason(of: error))")
      exit(1)
    }
  }

  static func complain(_ sentence: String) { note("mecene: \(sentence)") }

  static func note(_ text: String) { Output.note(text.shown(keepingLines: true) + "\n") }

  /// Asks before something that can't be taken back.
  static func confirm(_ question: String, yes: Bool) throws {
    if yes { return }
    guard inputIsTerminal else {
      throw LocalFailure(
        sentence: "\(question) There is no terminal to answer at; add --yes to do it.", exitCode: 2)
    }
    Output.note("\(question) [y/N] ")
    let answer = readLine()?.lowercased() ?? ""
    guard answer == "y" || answer == "yes" else { throw LocalFailure(sentence: "Nothing was done.") }
  }
}
