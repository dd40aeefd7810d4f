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
