/// A row of the books that contradicts the rules or other rows.
package struct Finding: Error, Sendable, Hashable, CustomStringConvertible {
  package let table: String
  package let key: String
  package let expected: String
  package let found: String

  package init(table: String, key: String, expected: String, found: String) {
    self.table = table
    self.key = key
    self.expected = expected
    self.found = found
  }

  /// The row, what it should hold, and what it holds.
  package var description: String { "\(table) \(key): expected \(expected), found \(found)" }
}

extension Finding {
  static func expect(
    _ table: String, _ key: @autoclosure () -> String, _ expected: @autoclosure () -> String, _ holds: Bool,
    found: @autoclosure () -> String = "another"
  ) throws(Finding) {
    guard !holds else { return }
    throw Finding(table: table, key: key(), expected: expected(), found: found())
  }

  /// The fingerprint of a row.
  ///
  /// - Parameter fingerprint: nil when the row has none that can be.
  package static func fingerprint(
    _ fingerprint: Fingerprint?, of table: String, _ id: @autoclosure () -> String
  ) throws(Finding) -> Fingerprint {
    guard let fingerprint else {
      throw Finding(
        table: table, key: "\(id()) fingerprint", expected: "16 bytes", found: "another number of bytes")
    }
    return fingerprint
  }
}
