internal import Foundation
internal import MeceneTerminal
internal import TextTable

/// Tables and lists for people.
enum Tables {
  /// One column: its title, and whether it holds numbers, which stand at the right.
  struct Heading {
    let title: String
    var isNumber = false

    static func text(_ title: String) -> Heading { Heading(title: title) }
    static func number(_ title: String) -> Heading { Heading(title: title, isNumber: true) }
  }

  /// Prints rows under titles.
  static func show(_ columns: [Heading], _ rows: [[String]]) {
    let table = TextTable<[String]> { row in
      zip(columns, row).map { column, value in
        Column(title: column.title, value: value.shown(), align: column.isNumber ? .right : .left)
      }
    }
    let text = rows.isEmpty ? nil : table.string(for: rows, style: Style.psql)
    Terminal.print(text ?? "nothing")
  }

  /// Prints names and values. Further lines of a value stand under its first, so that none passes for a name of its own.
  static func show(_ pairs: KeyValuePairs<String, String>) {
    let width = pairs.map(\.key.count).max() ?? 0
    for (name, value) in pairs {
      let lines = value.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).shown() }
      let indent = String(repeating: " ", count: width + 2)
      Terminal.print(
        name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
          + lines.joined(separator: "\n" + indent))
    }
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
