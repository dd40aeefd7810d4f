/// The number of an account, from 1. The 0 of the journal's columns stands for no account.
package struct AccountID: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let rawValue: Int64
  package init(_ rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { String(rawValue) }
}

/// The number of a thing, from 1.
package struct ThingID: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let rawValue: Int64
  package init(_ rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { String(rawValue) }
}

/// The number of a transfer in the journal, from 1, without a gap.
package struct TransferID: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let rawValue: Int64
  package init(_ rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { String(rawValue) }
}

/// 128 bits that stand for a name or a URL in memory. Made outside the ledger with a cryptographic hash, so that
/// nobody can find two texts that share one.
package struct Fingerprint: Sendable, Hashable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Half of it is random enough.
  package func hash(into hasher: inout Hasher) { hasher.combine(low) }
}

/// How a request names an account.
package enum AccountReference: Sendable, Hashable {
  case id(AccountID)
  /// Behind a pointer, so that a reference is small to copy.
  indirect case name(String, Fingerprint)
}

/// How a request names a thing.
package enum ThingReference: Sendable, Hashable {
  case id(ThingID)
  /// Behind a pointer, so that a reference is small to copy.
  indirect case url(String, Fingerprint)
}

/// Where a withdrawal takes its money.
package enum MoneySource: Sendable, Hashable {
  case account(AccountReference)
  case fees
}
