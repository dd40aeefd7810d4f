/// Builds a ledger from the rows of its books at a start. The types of its stages say in which order rows come:
///
///     accounts → things → months → balances, pots and the settlement under way → clicks → sums
///
/// Rows of each come in the order of their numbers, and leave no effects.
package struct LedgerBuilder {
  private var accounts: [Ledger.AccountState] = []
  private var standings: [Ledger.Standing] = []
  private var accountNames: [Fingerprint: AccountIndex] = [:]

  package init() {}

  /// An account as the books have it.
  package struct RestoredAccount: Sendable {
    let id: AccountID
    let fingerprint: Fingerprint?
    let budget: Micros
    let available: Micros
    let pots: Micros
    let isClosed: Bool

    /// - Parameter fingerprint: nil when the row has none that can be.
    package init(
      id: AccountID, fingerprint: Fingerprint?, budget: Micros, available: Micros, pots: Micros,
      isClosed: Bool
    ) {
      self.id = id
      self.fingerprint = fingerprint
      self.budget = budget
      self.available = available
      self.pots = pots
      self.isClosed = isClosed
    }
  }

  /// A thing as the books have it.
  package struct RestoredThing: Sendable {
    let id: ThingID
    let fingerprint: Fingerprint?
    let owner: AccountID
    let isRetired: Bool

    /// - Parameter fingerprint: nil when the row has none that can be.
    package init(id: ThingID, fingerprint: Fingerprint?, owner: AccountID, isRetired: Bool) {
      self.id = id
      self.fingerprint = fingerprint
      self.owner = owner
      self.isRetired = isRetired
    }
  }

  /// Makes room for this many accounts.
  package mutating func reserve(_ count: Int) {
    accounts.reserveCapacity(count)
    standings.reserveCapacity(count)
    accountNames.reserveCapacity(count)
  }

  /// The next account.
  ///
  /// - Throws: What no sound books hold, as all of the following.
  package mutating func add(_ row: RestoredAccount) throws(Finding) {
    try Finding.expect(
      "account", "\(row.id)", "the number \(accounts.count + 1)", row.id.rawValue == accounts.count + 1)
    let least = min(row.budget, row.available, row.pots)
    try Finding.expect("account", "\(row.id)", "amounts of 0 or more", least >= .zero, found: "\(least)")
    accountNames[try Finding.fingerprint(row.fingerprint, of: "account", "\(row.id)")] = AccountIndex(row.id)
    accounts.append(Ledger.AccountState(budget: row.budget, available: row.available, pots: row.pots))
    standings.append(Ledger.Standing(isClosed: row.isClosed, turn: Ledger.OpenPeriod.restoredTurn))
  }

  /// All accounts are there.
  package consuming func things() -> Things { Things(people: self) }

  package struct Things {
    private let people: LedgerBuilder
    private var things: [Ledger.ThingState] = []
    private var thingURLs: [Fingerprint: UInt32] = [:]

    fileprivate init(people: LedgerBuilder) { self.people = people }

    /// Makes room for this many things.
    package mutating func reserve(_ count: Int) {
      things.reserveCapacity(count)
      thingURLs.reserveCapacity(count)
    }

    /// The next thing.
    package mutating func add(_ row: RestoredThing) throws(Finding) {
      try Finding.expect(
        "thing", "\(row.id)", "the number \(things.count + 1)", row.id.rawValue == things.count + 1)
      guard row.owner.rawValue >= 1, row.owner.rawValue <= people.accounts.count else {
        throw Finding(
          table: "thing", key: "\(row.id)", expected: "an account from 1 to \(people.accounts.count)",
          found: "\(row.owner)")
      }
      thingURLs[try Finding.fingerprint(row.fingerprint, of: "thing", "\(row.id)")] = UInt32(things.count)
      things.append(Ledger.ThingState(owner: AccountIndex(row.owner), isRetired: row.isRetired))
    }

    /// All things are there.
    package consuming func months() -> Months { Months(self) }

    fileprivate func put(into ledger: inout Ledger) {
      ledger.accounts = people.accounts
      ledger.standings = people.standings
      ledger.accountNames = people.accountNames
      ledger.things = things
      ledger.thingURLs = thingURLs
    }
  }

  package struct Months {
    private let things: Things
    private var first, last: Period?
    private var lastSettled: Period?
    /// Those that are not settled, and the last.
    private var unsettled: [(period: Period, terms: Terms)] = []

    fileprivate init(_ things: Things) { self.things = things }

    /// The next month. The last one is open.
    package mutating func add(_ period: Period, _ terms: Terms, isSettled: Bool) throws(Finding) {
      let next = last?.next ?? period
      try Finding.expect(
        "period", "\(period.number)", "a month up to \(Period.last), without a gap",
        period == next && period.number >= 0 && period <= .last)
      try Finding.expect(
        "period", "\(period)", "a fee of 0 to 10000 and a minimum above 0",
        (0...10_000).contains(terms.feeBps) && terms.minimum > .zero,
        found: "\(terms.feeBps) and \(terms.minimum)")
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
    package consuming func holdings(currency: String, terms: Terms, at time: Timestamp) -> Holdings? {
      guard let first, let last = unsettled.last else { return nil }
      var ledger = Ledger(
        currency: currency, terms: terms, at: time,
        open: Ledger.OpenPeriod(
          period: last.period, terms: last.terms, turn: Ledger.OpenPeriod.restoredTurn))
      things.put(into: &ledger)
      ledger.firstPeriod = first
      ledger.lastSettled = lastSettled
      ledger.unsettled = unsettled.dropLast().map {
        Ledger.UnsettledPeriod(period: $0.period, terms: $0.terms, pots: PotList())
      }
      return Holdings(ledger)
    }
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

extension Ledger.OpenPeriod {
  /// Of the month that is open at a start.
  static let restoredTurn = false
}

extension Finding {
  static func expect(
    _ table: String, _ key: @autoclosure () -> String, _ expected: @autoclosure () -> String, _ holds: Bool,
    found: @autoclosure () -> String = "another"
  ) throws(Finding) {
    guard !holds else { return }
    throw Finding(table: table, key: key(), expected: expected(), found: found())
  }

  /// The fingerprint of a row.
  ///
  /// - Parameter fingerprint: nil when the row has none that can be.
  package static func fingerprint(
    _ fingerprint: Fingerprint?, of table: String, _ id: @autoclosure () -> String
  ) throws(Finding) -> Fingerprint {
    guard let fingerprint else {
      throw Finding(
        table: table, key: "\(id()) fingerprint", expected: "16 bytes", found: "another number of bytes")
    }
    return fingerprint
  }
}
