/// A commit by its number and its link, which stands for all rows up to it: whoever keeps one outside can tell later whether any of
/// them was changed.
package struct CommitPoint: Sendable, Hashable {
  /// Before the first commit.
  package static let beginning = CommitPoint(number: 0, link: [UInt8](repeating: 0, count: 32))

  /// Counts from 1.
  package let number: Int64
  /// 32 bytes.
  package let link: [UInt8]

  package init(number: Int64, link: [UInt8]) {
    self.number = number
    self.link = link
  }
}
