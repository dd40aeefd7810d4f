/// Builds a ledger from the rows of its books at a start. The types of its stages say in which order rows come:
///
///     months → accounts → things → balances, pots and the settlement under way → clicks → sums
///
/// Rows of each come in the order of their numbers, and leave no effects. From the months on there is a whole ledger, and each
/// stage is a door to the functions that take its rows: see `Ledger+Restoring`.
package struct LedgerBuilder {
  private var first, last: Period?
  private var lastSettled: Period?
  /// Those that are not settled, and the last.
  private var unsettled: [(period: Period, terms: Terms)] = []

  package init() {}

  /// The next month. The last one is open.
  ///
  /// - Throws: What no sound books hold, as all of the following.
  package mutating func add(_ period: Period, _ terms: Terms, isSettled: Bool) throws(Finding) {
    try period.check(follows: last)
    try terms.check(of: period)
    first = first ?? period
    last = period
    if lastSettled != nil, unsettled.last?.period == lastSettled { unsettled.removeLast() }
    unsettled.append((period, terms))
    if isSettled { lastSettled = period }
  }

  /// All months are there.
  ///
  /// - Parameters:
  ///   - terms: Those that the next month opens with.
  ///   - time: The last commit's.
  /// - Returns: nil when there is no month: then nothing has happened yet.
  package consuming func accounts(currency: String, terms: Terms, at time: Timestamp) -> Accounts? {
    guard let first, let last = unsettled.last else { return nil }
    var ledger = Ledger(
      currency: currency, terms: terms, at: time,
      open: Ledger.OpenPeriod(period: last.period, terms: last.terms))
    ledger.firstPeriod = first
    ledger.lastSettled = lastSettled
    ledger.unsettled = unsettled.dropLast().map {
      Ledger.UnsettledPeriod(period: $0.period, terms: $0.terms, pots: PotList())
    }
    return Accounts(ledger)
  }

  package struct Accounts {
    private var ledger: Ledger

    fileprivate init(_ ledger: Ledger) { self.ledger = ledger }

    /// Makes room for this many accounts.
    package mutating func reserve(_ count: Int) { ledger.reserveAccounts(count) }

    /// The next account.
    package mutating func add(_ row: AccountRow) throws(Finding) { try ledger.restore(row) }

    /// All accounts are there.
    package consuming func things() -> Things { Things(ledger) }
  }

  package struct Things {
    private var ledger: Ledger

    fileprivate init(_ ledger: Ledger) { self.ledger = ledger }

    /// Makes room for this many things.
    package mutating func reserve(_ count: Int) { ledger.reserveThings(count) }

    /// The next thing.
    package mutating func add(_ row: ThingRow) throws(Finding) { try ledger.restore(row) }

    /// All things are there.
    package consuming func holdings() -> Holdings { Holdings(ledger) }
  }

  package struct Holdings {
    private var ledger: Ledger

    fileprivate init(_ ledger: Ledger) { self.ledger = ledger }

    /// What a later transfer left of an account's money.
    package mutating func setBalances(
      of id: AccountID, available: Micros, pots: Micros
    ) throws(Finding) { try ledger.restoreBalances(of: id, available: available, pots: pots) }

    /// A pot that still holds money: by month, and by account within one.
    package mutating func addPot(of period: Period, _ patron: AccountID, _ amount: Micros) throws(Finding) {
      try ledger.restorePot(of: period, patron: patron, amount)
    }

    /// How far the settlement of the oldest unsettled month got.
    package mutating func setSettlement(
      of period: Period, digest: [UInt8], drainedThrough: AccountID, paidThrough: AccountID, clearing: Micros
    ) throws(Finding) {
      try ledger.restoreSettlement(
        of: period, digest: digest, drainedThrough: drainedThrough, paidThrough: paidThrough,
        clearing: clearing)
    }

    /// All money is there.
    package consuming func clicks() -> Clicks { Clicks(ledger) }
  }

  package struct Clicks {
    private var ledger: Ledger

    fileprivate init(_ ledger: Ledger) { self.ledger = ledger }

    /// Makes room for this many clicks.
    package mutating func reserve(_ count: Int) { ledger.reserveClicks(count) }

    /// The next rows of the open month's log.
    package mutating func add(_ rows: [ClickEffect]) throws(Finding) { try ledger.restoreClicks(rows) }

    /// The sums and counters, the last of all. All money has to be somewhere, so that nothing can overflow later.
    package consuming func ledger(
      money: Micros, fees: Micros, transfers: Int64, accountChanges: Int64, thingChanges: Int64
    ) throws(Finding) -> Ledger {
      try ledger.restoreTotals(
        money: money, fees: fees, transfers: transfers, accountChanges: accountChanges,
        thingChanges: thingChanges)
      return ledger
    }
  }
}
