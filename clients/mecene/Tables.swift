internal import Foundation
internal import MeceneTerminal

/// Tables and lists for people.
enum Tables {
  /// One column: its title, and whether it holds numbers, which stand at the right.
  struct Heading {
    let title: String
    var isNumber = false

    static func text(_ title: String) -> Heading { Heading(title: title) }
    static func number(_ title: String) -> Heading { Heading(title: title, isNumber: true) }
  }

  /// Prints rows under titles. Where a terminal is too narrow for the table, each row becomes a list of its own: nothing is cut,
  /// and no line breaks at an odd place.
  static func show(_ columns: [Heading], _ rows: [[String]]) {
    if rows.isEmpty { return Terminal.print("nothing") }
    let cells = rows.map { row in row.map { $0.shown() } }
    let widths = columns.indices.map { column in
      cells.map { $0[column].displayWidth }.max().map { max($0, columns[column].title.displayWidth) } ?? 0
    }
    let width = widths.reduce(1) { $0 + $1 + 3 }
    if let terminal = TerminalSize.columns(of: STDOUT_FILENO), width > terminal {
      let lists = cells.map { row in list(zip(columns, row).filter { !$1.isEmpty }.map { ($0.title, $1) }) }
      return Terminal.print(lists.joined(separator: "\n\n"))
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { padding(cells[$0], to: widths[$0], atLeft: columns[$0].isNumber) }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = "+" + widths.map { String(repeating: "-", count: $0 + 2) + "+" }.joined()
    let lines = [rule, line(columns.map(\.title)), rule] + cells.map(line) + [rule]
    Terminal.print(lines.joined(separator: "\n"))
  }

  /// Prints names and values. Further lines of a value stand under its first, so that none passes for a name of its own.
  static func show(_ pairs: KeyValuePairs<String, String>) {
    Terminal.print(
      list(
        pairs.map { name, value in
          (name, value.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).shown() })
        }))
  }

  private static func list(_ pairs: [(name: String, lines: [String])]) -> String {
    let width = (pairs.map(\.name.displayWidth).max() ?? 0) + 2
    let indent = String(repeating: " ", count: width)
    return pairs.map { padding($0, to: width) + $1.joined(separator: "\n" + indent) }.joined(separator: "\n")
  }

  private static func list(_ pairs: [(String, String)]) -> String { list(pairs.map { ($0, [$1]) }) }

  private static func padding(_ text: String, to width: Int, atLeft: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.displayWidth))
    return atLeft ? blanks + text : text + blanks
  }

  /// A time such as 3 d 4 h or 12 s, in its two largest units.
  static func duration(_ milliseconds: Int64) -> String {
    let seconds = milliseconds / 1_000
    let parts = [
      (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s"),
    ]
    let shown = parts.drop { $0.0 == 0 }.prefix(2).map { "\($0.0) \($0.1)" }
    return shown.isEmpty ? "0 s" : shown.joined(separator: " ")
  }

  /// A size such as 12.3 MB.
  static func bytes(_ count: UInt64) -> String {
    Int64(clamping: count).formatted(ByteCountFormatStyle(style: .file, spellsOutZero: false))
  }

  /// An instant such as 2026-11-24 19:42:44 UTC.
  static func time(_ milliseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    let text = date.formatted(Date.ISO8601FormatStyle())
    return text.replacing("T", with: " ").replacing("Z", with: " UTC")
  }
}
