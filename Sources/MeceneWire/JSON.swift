#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Why a JSON text is not the message asked for.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The field's path, such as `patron.name`; empty for the text as a whole.
  package let field: String
  /// What is wrong, such as "is not a number".
  package let problem: String

  init(_ problem: String) {
    field = ""
    self.problem = problem
  }

  init(unknownField name: String) { self.init("does not exist") }
  init(secondOf oneof: String) { self.init("can't be set beside another of \(oneof): one at a time") }

  private init(field: String, problem: String) {
    self.field = field
    self.problem = problem
  }

  func inside(_ name: String) -> JSONError {
    JSONError(field: field.isEmpty ? name : name + "." + field, problem: problem)
  }

  /// One sentence.
  package var description: String {
    field.isEmpty ? "the JSON \(problem)" : "the JSON field \(field) \(problem)"
  }
}

/// Any JSON value.
package enum JSONValue: Sendable, Hashable, Decodable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A whole number beyond `Int64`.
  case unsigned(UInt64)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Parses a text.
  package init(parsing text: String) throws(JSONError) {
    do {
      let bytes = text.allSatisfy(\.isWhitespace) ? "{}" : text
      self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes.utf8))
      if let twice = JSONMembers.firstDouble(in: bytes) {
        throw JSONError("has the member \"\(twice)\" twice in one object")
      }
    } catch let error as JSONError {
      throw error
    } catch {
      throw JSONError("is not valid JSON")
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }
}

// What the generated readers call. Numbers may be strings and strings of numbers may be numbers: proto3's mapping.
extension JSONValue {
  func object() throws(JSONError) -> [String: JSONValue] {
    guard case .object(let members) = self else { throw JSONError("is not an object") }
    return members
  }

  func array<Element>(
    _ convert: (JSONValue) throws(JSONError) -> Element
  ) throws(JSONError) -> [Element] {
    guard case .array(let elements) = self else { throw JSONError("is not an array") }
    var result: [Element] = []
    for element in elements { result.append(try convert(element)) }
    return result
  }

  func string() throws(JSONError) -> String {
    guard case .string(let text) = self else { throw JSONError("is not a string") }
    return text
  }

  func bool() throws(JSONError) -> Bool {
    guard case .bool(let value) = self else { throw JSONError("is not true or false") }
    return value
  }

  func int64() throws(JSONError) -> Int64 { try whole(Int64.self) }
  func uint64() throws(JSONError) -> UInt64 { try whole(UInt64.self) }
  func int32() throws(JSONError) -> Int32 { try whole(Int32.self) }
  func uint32() throws(JSONError) -> UInt32 { try whole(UInt32.self) }

  private func whole<T: FixedWidthInteger>(_ type: T.Type) throws(JSONError) -> T {
    let value: T? =
      switch self {
      case .integer(let value): T(exactly: value)
      case .unsigned(let value): T(exactly: value)
      case .number(let value): T(exactly: value)
      // Neither +1 nor 01: what is shown is what was meant.
      case .string(let text): T(text).flatMap { "\($0)" == text ? $0 : nil }
      default: nil
      }
    guard let value else { throw JSONError("is not a whole number from \(T.min) to \(T.max)") }
    return value
  }

  func bytes() throws(JSONError) -> [UInt8] {
    let text = try string()
    var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
    while base64.count % 4 != 0 { base64 += "=" }
    guard let data = Data(base64Encoded: base64) else { throw JSONError("is not base64") }
    return Array(data)
  }

  func enumeration(_ number: (String) -> Int32?) throws(JSONError) -> Int32 {
    if case .string(let name) = self {
      guard let value = number(name) else { throw JSONError("has no value named \(name)") }
      return value
    }
    return try int32()
  }
}

/// Writes proto3's JSON mapping on one line: 64-bit numbers as strings, enums by name, bytes as base64.
package struct JSONWriter: Sendable {
  /// What was written.
  package private(set) var text = ""
  private var needsComma = false
  /// Whether empty fields are written too, except those that a message can lack.
  let writesEmpty: Bool

  /// An empty text.
  package init(writingEmpty: Bool = false) { writesEmpty = writingEmpty }

  package mutating func beginObject() {
    separate()
    text += "{"
    needsComma = false
  }

  package mutating func endObject() {
    text += "}"
    needsComma = true
  }

  package mutating func key(_ name: String) {
    separate()
    text += "\"\(name)\":"
    needsComma = false
  }

  mutating func array<Element>(_ elements: [Element], _ write: (Element, inout JSONWriter) -> Void) {
    separate()
    text += "["
    needsComma = false
    for element in elements { write(element, &self) }
    text += "]"
    needsComma = true
  }

  mutating func unsigned64(_ value: UInt64) { raw("\"\(value)\"") }
  mutating func signed64(_ value: Int64) { raw("\"\(value)\"") }
  mutating func number(_ value: some FixedWidthInteger) { raw("\(value)") }
  mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }
  mutating func bytes(_ value: [UInt8]) { raw("\"\(Data(value).base64EncodedString())\"") }
  mutating func enumeration(_ number: Int32, name: String?) { raw(name.map { "\"\($0)\"" } ?? "\(number)") }

  package mutating func string(_ value: String) {
    separate()
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // And what steers a terminal, or turns a line: JSON says the same with an escape.
      case _
      where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        || (0x2028...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value):
        let hexadecimal = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
    needsComma = true
  }

  private mutating func raw(_ value: String) {
    separate()
    text += value
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text += "," }
  }
}
