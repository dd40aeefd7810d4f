// The turn of a month. An account's part in the open month is brought over when it is next touched, and those of all others some at
// a time: every caller would wait for a million at once.
extension Ledger {
  /// How far the accounts of the month that closed last were brought over to the one that is open.
  struct Turning: Sendable {
    /// The first that was not looked at.
    var next = 0
    /// Behind the last that there was at the close.
    let end: Int
    /// What those had set aside who were touched before it was their turn.
    var early: [AccountIndex: Micros] = [:]
  }

  /// An account's part in the open month.
  @inline(__always) func standing(at index: AccountIndex) -> Standing {
    let found = standings[index]
    return found.turn == open.turn ? found : Standing(isClosed: found.isClosed, turn: open.turn)
  }

  /// Brings an account over to the open month, before its part there changes.
  @inline(__always) mutating func turn(_ index: AccountIndex) {
    if standings[index].turn != open.turn { turnEarly(index) }
  }

  private mutating func turnEarly(_ index: AccountIndex) {
    if standings[index].openPot > .zero {
      unsettled[unsettled.count - 1].turning?.early[index] = standings[index].openPot
    }
    standings[index] = standing(at: index)
  }

  /// Whether accounts are still to be brought over to the open month.
  package var isTurning: Bool { unsettled.last?.turning != nil }

  /// Brings the next accounts over to the open month, in the order of their numbers. Nothing of it can be seen.
  ///
  /// - Parameter limit: The most accounts.
  package mutating func turnNext(accounts limit: Int) {
    guard var turning = unsettled.last?.turning else { return }
    let closed = unsettled.count - 1
    // Taken out, to be changed in place.
    unsettled[closed].turning = nil
    let end = limit < turning.end - turning.next ? turning.next + limit : turning.end
    for position in turning.next..<end {
      let index = AccountIndex(UInt32(position))
      let isEarly = standings[index].turn == open.turn
      let pot = isEarly ? turning.early.removeValue(forKey: index) : standings[index].openPot
      if let pot, pot > .zero { _ = unsettled[closed].pots.append(index.id, pot) }
      if !isEarly { standings[index] = standing(at: index) }
    }
    turning.next = end
    if end < turning.end { unsettled[closed].turning = turning }
  }

  /// Hands over the clicks of the month that closed last, which nobody needs any more: letting go of ten million takes its time.
  package mutating func takeClosedClicks() -> ClickIndex? {
    defer { closedClicks = nil }
    return closedClicks
  }
}
