internal import Foundation
internal import MeceneTerminal

/// Text in CSV's form: RFC 4180, section 2, with a separator of one's choice.
struct CSVText {
  enum Field {
    /// Quoted only if need be.
    case plain(String)
    /// Always quoted.
    case quoted(String)
  }

  let separator: String
  private(set) var text = ""

  init(separator: String = ",") { self.separator = separator }

  mutating func append(_ fields: [Field]) {
    text += fields.map(written).joined(separator: separator) + "\n"
  }

  mutating func append(_ fields: [String]) { append(fields.map(Field.plain)) }

  private func written(_ field: Field) -> String {
    switch field {
    case .quoted(let value): quoted(value)
    case .plain(let value):
      value.contains(separator) || value.contains("\"") || value.contains(where: \.isNewline)
        || value.first?.isWhitespace == true || value.last?.isWhitespace == true
        ? quoted(value) : value
    }
  }

  private func quoted(_ value: String) -> String { "\"" + value.replacing("\"", with: "\"\"") + "\"" }

  /// Writes the text into a file, in place of what was there.
  func write(to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LocalFailure(sentence: "\(path) can't be written: \(Output.reason(of: error))")
    }
  }
}
