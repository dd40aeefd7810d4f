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

  /// What the first pot holds, if it is this account's.
  func held(by account: AccountID) -> Micros? {
    guard drained < pots.count, pots[drained].account == account else { return nil }
    return pots[drained].amount
  }

  /// Changes what the first pot holds. An empty one goes.
  mutating func change(by amount: Micros) {
    pots[drained].amount += amount
    if pots[drained].amount == .zero { drained += 1 }
  }

  /// Whose pot went last; nil before the first.
  var lastDrained: AccountID? { drained > 0 ? pots[drained - 1].account : nil }

  var left: ArraySlice<Pot> { pots[drained...] }
}
