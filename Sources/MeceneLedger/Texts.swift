/// An account's unique name: 3 to 32 of a-z, 0-9, _ and -, a letter first.
package struct AccountName: Sendable, Hashable {
  package let text: String

  /// Checks a name as it came.
  package init(_ text: String, field: String = "name") throws(Refusal) {
    guard Self.isValid(text) else {
      throw Refusal(
        .invalidName, field: field,
        "a name has 3 to 32 characters of a-z, 0-9, _ and -, a letter first; it was \"\(text.prefix(64))\"",
        ["length_min": "3", "length_max": "32", "length": "\(text.count)"])
    }
    self.text = text
  }

  private static func isValid(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (3...32).contains(bytes.count), let first = bytes.first, isLetter(first) else { return false }
    return bytes.allSatisfy { byte in
      isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}

/// A text for people, trimmed, of limited length, without control characters and those that change the direction of text.
package struct PlainText: Sendable, Hashable {
  package let text: String

  /// The longest display name, title and description, in characters.
  package static let displayNameMax = 100
  package static let titleMax = 200
  package static let descriptionMax = 2_000

  /// Trims and checks a text.
  ///
  /// - Parameter keepsLines: True lets line breaks and tabs stand.
  package init(
    _ text: String, field: String, charactersMax: Int, keepsLines: Bool = false
  ) throws(Refusal) {
    let trimmed = Self.trim(text)
    let count = trimmed.unicodeScalars.count
    guard count <= charactersMax else {
      throw Refusal(
        .invalidText, field: field, "\(field) has at most \(charactersMax) characters; it had \(count)",
        ["characters_max": "\(charactersMax)", "characters": "\(count)"])
    }
    let steering = trimmed.unicodeScalars.first { scalar in
      Self.steers(scalar) && !(keepsLines && (scalar == "\n" || scalar == "\t"))
    }
    if let steering {
      let number = String(steering.value, radix: 16, uppercase: true)
      let code = "U+" + String(repeating: "0", count: max(0, 4 - number.count)) + number
      throw Refusal(
        .invalidText, field: field,
        "\(field) can't hold control characters, nor those that change the direction of text; it held \(code)",
        ["character": code])
    }
    self.text = trimmed
  }

  /// Control characters; separators of lines; embeddings, overrides and isolates of direction, which reach beyond their text when they
  /// are not ended. The marks that scripts are written with stay: joiners, and U+200E, U+200F and U+061C.
  package static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2028...0x202e, 0x2066...0x2069: true
    default: scalar.properties.generalCategory == .control
    }
  }

  private static func trim(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}

/// What makes a deposit or a withdrawal happen once: 1 to 64 printable ASCII characters, no blank first or last, because editors
/// add and drop those and another key is another payment.
package struct RequestKey: Sendable, Hashable {
  package let text: String

  /// Checks a key as it came.
  package init(_ text: String) throws(Refusal) {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7e).contains($0) }) else {
      throw Refusal(
        .invalidKey, field: "key",
        "a key has 1 to 64 printable ASCII characters; it had \(bytes.count) bytes",
        ["length_min": "1", "length_max": "64", "length": "\(bytes.count)"])
    }
    guard bytes.first != 0x20, bytes.last != 0x20 else {
      throw Refusal(
        .invalidKey, field: "key", "a key neither begins nor ends with a blank; it was \"\(text)\"")
    }
    self.text = text
  }
}
