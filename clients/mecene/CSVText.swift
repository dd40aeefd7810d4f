internal import Foundation
internal import MeceneTerminal

/// Text in CSV's form: RFC 4180, section 2, with a separator of one's choice.
struct CSVText {
  enum Field {
    /// Quoted only if need be.
    case plain(String)
    /// Always quoted.
    case quoted(String)
    /// A stranger's: quoted, and no formula to a spreadsheet.
    case text(String)
  }

  let separator: Unicode.Scalar
  private(set) var text = ""

  init(separator: Unicode.Scalar = ",") { self.separator = separator }

  mutating func append(_ fields: [Field]) {
    text += fields.map(written).joined(separator: String(separator)) + "\n"
  }

  mutating func append(_ fields: [String]) { append(fields.map(Field.plain)) }

  private func written(_ field: Field) -> String {
    switch field {
    case .quoted(let value): quoted(value)
    case .text(let value): quoted(Self.defused(value))
    case .plain(let value): needsQuotes(value) ? quoted(value) : value
    }
  }

  // By code points, as other programs read it: to Swift a quote and a mark behind it are one character, which is no quote.

  private func needsQuotes(_ value: String) -> Bool {
    let scalars = value.unicodeScalars
    return scalars.contains {
      $0 == "\"" || $0 == "\n" || $0 == "\r" || $0 == separator || $0.properties.isWhitespace && $0 != " "
    }
      || scalars.first == " " || scalars.last == " "
  }

  private func quoted(_ value: String) -> String {
    var result = "\""
    for scalar in value.unicodeScalars {
      if scalar == "\"" { result.unicodeScalars.append(scalar) }
      result.unicodeScalars.append(scalar)
    }
    result.unicodeScalars.append("\"")
    return result
  }

  /// What a spreadsheet would take for a formula, with an apostrophe before it.
  ///
  /// Source: OWASP, CSV Injection.
  private static func defused(_ value: String) -> String {
    guard let first = value.unicodeScalars.first, formulaMarks.contains(first) else { return value }
    return "'" + value
  }

  /// A text as it was before it was written.
  static func undefused(_ value: String) -> String {
    guard value.unicodeScalars.first == "'", let second = value.unicodeScalars.dropFirst().first,
      formulaMarks.contains(second)
    else { return value }
    return String(value.unicodeScalars.dropFirst())
  }

  private static let formulaMarks: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\t", "\r"]

  /// Writes the text into a file, in place of what was there.
  func write(to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LocalFailure(sentence: "\(path) can't be written: \(Output.reason(of: error))")
    }
  }
}
