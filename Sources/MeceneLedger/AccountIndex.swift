/// Where an account stands in memory: its number less one. A type of its own, so that neither an account's number nor the place
/// of a thing is taken for it.
struct AccountIndex: Sendable, Hashable {
  let rawValue: UInt32

  init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// Of an account that there is.
  init(_ id: AccountID) { rawValue = UInt32(truncatingIfNeeded: id.rawValue - 1) }

  var position: Int { Int(rawValue) }
  var id: AccountID { AccountID(Int64(rawValue) + 1) }
}

/// State that there is one of for each account.
protocol PerAccount {}

extension Ledger.AccountState: PerAccount {}
extension Ledger.Standing: PerAccount {}

extension Array where Element: PerAccount {
  subscript(_ index: AccountIndex) -> Element {
    @inline(__always) get { self[index.position] }
    @inline(__always) _modify { yield &self[index.position] }
  }
}
