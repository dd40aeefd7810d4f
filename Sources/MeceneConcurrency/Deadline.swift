/// An instant of a clock that only ever runs forward, in nanoseconds from a beginning of its own.
package struct Deadline: Sendable, Hashable, Comparable {
  package let nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  package func adding(milliseconds: some BinaryInteger) -> Deadline {
    Deadline(nanoseconds: nanoseconds + UInt64(milliseconds) * 1_000_000)
  }

  /// Nanoseconds since an earlier instant; 0 when it is none.
  package func since(_ earlier: Deadline) -> UInt64 {
    nanoseconds - min(nanoseconds, earlier.nanoseconds)
  }

  package static func < (a: Deadline, b: Deadline) -> Bool { a.nanoseconds < b.nanoseconds }
}
