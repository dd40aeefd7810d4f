// Rebuilding the state from the books at start. Rows come in the order of their ids; the effects of rebuilding
// are none.
extension Ledger {
  /// The next account, in the order of ids.
  package mutating func restoreAccount(
    fingerprint: Fingerprint, budget: Micros, available: Micros, pots: Micros, isClosed: Bool
  ) {
    accountNames[fingerprint] = UInt32(accounts.count)
    accounts.append(
      AccountState(budget: budget, available: available, pots: pots, isClosed: isClosed))
  }

  /// The next thing, in the order of ids.
  package mutating func restoreThing(fingerprint: Fingerprint, owner: AccountID, isRetired: Bool) {
    thingURLs[fingerprint] = UInt32(things.count)
    things.append(ThingState(owner: UInt32(owner.rawValue - 1), isRetired: isRetired))
  }

  /// The next period, the oldest first. The last one is the open one.
  package mutating func restorePeriod(_ period: Period, _ terms: Terms, isSettled: Bool) {
    if firstPeriod == nil { firstPeriod = period }
    if let closing = open, closing.period != lastSettled {
      unsettled.append(UnsettledPeriod(period: closing.period, terms: closing.terms, pots: [:]))
    }
    open = OpenPeriod(period: period, terms: terms)
    if isSettled { lastSettled = period }
  }

  /// How far the settlement of the oldest unsettled period got.
  package mutating func restoreSettlement(
    of period: Period, digest: [UInt8], drainedThrough: AccountID, paidThrough: AccountID, clearing: Micros
  ) {
    guard let position = unsettled.firstIndex(where: { $0.period == period }) else { return }
    unsettled[position].digest = digest
    unsettled[position].drainedThrough = drainedThrough
    unsettled[position].paidThrough = paidThrough
    unsettled[position].clearing = clearing
  }

  /// A pot that still holds money.
  package mutating func restorePot(of period: Period, patron: AccountID, _ amount: Micros) {
    if period == openPeriod {
      accounts[Int(patron.rawValue) - 1].openPot = amount
    } else if let position = unsettled.firstIndex(where: { $0.period == period }) {
      unsettled[position].pots[patron] = amount
    }
  }

  /// Makes room for the open period's clicks.
  package mutating func reserveClicks(_ count: Int) { open?.clicks.reserve(count) }

  /// A row of the open period's click log, in its order.
  package mutating func restoreClick(patron: AccountID, thing: ThingID, undone: Bool) {
    let index = Int(patron.rawValue) - 1
    let thing = UInt32(thing.rawValue - 1)
    if undone {
      if open?.clicks.remove(patron: UInt32(index), thing: thing) ?? false { accounts[index].clicks -= 1 }
    } else {
      accounts[index].clicks += 1
      accounts[index].newestClick =
        open?.clicks.insert(patron: UInt32(index), thing: thing, head: accounts[index].newestClick)
        ?? ClickIndex.end
    }
  }

  /// The sums and counters.
  package mutating func restoreTotals(
    money: Micros, fees: Micros, transfers: Int64, accountChanges: Int64, thingChanges: Int64
  ) {
    self.money = money
    self.fees = fees
    transferCount = transfers
    accountChangeCount = accountChanges
    thingChangeCount = thingChanges
  }
}
