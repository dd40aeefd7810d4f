/// What is left of a closed period's pots, by account. They are drained in that order, so the list only loses its front.
///
/// A dictionary of a million pots would keep the writer waiting for 1.9 s when a month closes.
struct PotList: Sendable {
  typealias Pot = (account: AccountID, amount: Micros)
  private var pots: [Pot] = []
  private var drained = 0

  /// Adds the pot of a later account.
  ///
  /// - Returns: False when the account is not later than the last one; nothing is added then.
  mutating func append(_ account: AccountID, _ amount: Micros) -> Bool {
    if let last = pots.last, last.account >= account { return false }
    pots.append((account, amount))
    return true
  }

  /// Takes the first pot, if it is this account's.
  mutating func removeFirst(of account: AccountID) -> Micros? {
    guard let first = left.first, first.account == account else { return nil }
    drained += 1
    return first.amount
  }

  var left: ArraySlice<Pot> { pots[drained...] }
}
