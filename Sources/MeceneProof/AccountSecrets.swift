internal import MeceneLedger

/// What blinds each account's leaves in settlements: 32 random bytes an account, so that those of one can be deleted.
package struct AccountSecrets: Sendable {
  /// How many bytes each has.
  package static let bytesEach = 32

  private var bytes: [UInt8] = []

  package init() {}

  /// How many accounts there are.
  package var count: Int { bytes.count / Self.bytesEach }

  /// The next account's.
  ///
  /// - Returns: False unless it has 32 bytes.
  package mutating func add(_ secret: [UInt8]) -> Bool {
    guard secret.count == Self.bytesEach else { return false }
    bytes += secret
    return true
  }

  /// An account's; empty when there is no such account.
  func of(_ account: AccountID) -> ArraySlice<UInt8> {
    guard account.rawValue >= 1, account.rawValue <= count else { return [] }
    let end = Int(account.rawValue) * Self.bytesEach
    return bytes[end - Self.bytesEach..<end]
  }
}
