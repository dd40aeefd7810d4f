/// The economy as a deterministic state machine: `(state, command, time) → outcome + effects`, without I/O.
///
/// All rules live here. A command either throws a `Refusal` and changes nothing, or answers with an outcome and
/// leaves rows in `effects` for the store. The same commands at the same times leave the same state and rows.
///
/// State is what decides: balances, budgets, pots, owners, and names and URLs as fingerprints. Texts stay on disk.
package struct Ledger: Sendable {
  /// What the next period opens with.
  package var nextTerms: Terms
  /// The ledger's currency, such as EUR.
  package let currency: String
  /// The time of the last command; it never goes back.
  package internal(set) var now: Timestamp
  /// Rows that the commands since the last `takeEffects` left, except clicks.
  package internal(set) var effects: [Effect] = []
  /// Clicks made and undone since the last `takeClicks`, in their order.
  package internal(set) var clickEffects: [ClickEffect] = []

  /// Places have 32 bits, of which the last is none.
  static let accountsMax = Int(UInt32.max) - 1
  /// The click index marks undone clicks in a thing number's highest bit.
  static let thingsMax = Int(Int32.max)

  /// Means nothing; see `prefetch`.
  var prefetched: UInt64 = 0
  var accounts: [AccountState] = []
  /// By account, as `accounts`.
  var standings: [Standing] = []
  var things: [ThingState] = []
  var accountNames: [Fingerprint: AccountIndex] = [:]
  var thingURLs: [Fingerprint: UInt32] = [:]
  var open: OpenPeriod
  /// Closed periods that are not settled, the oldest first.
  var unsettled: [UnsettledPeriod] = []
  var firstPeriod: Period
  var lastSettled: Period?
  /// Those of the month that closed last, until they are taken.
  var closedClicks: ClickIndex?

  /// All money in the ledger: deposits minus withdrawals.
  package internal(set) var money: Micros = .zero
  package internal(set) var fees: Micros = .zero
  package internal(set) var transferCount: Int64 = 0
  package internal(set) var accountChangeCount: Int64 = 0
  package internal(set) var thingChangeCount: Int64 = 0

  /// One account's money, except the open period's pot.
  struct AccountState: Sendable, Hashable {
    var budget: Micros
    var available: Micros = .zero
    /// Set aside in all unsettled periods.
    var pots: Micros = .zero
  }

  /// What most clicks are decided by: an account's part in the open period. Its 16 bytes are in one line of the cache; with
  /// the account's money beside them every second account was in two.
  struct Standing: Sendable, Hashable {
    var openPot: Micros = .zero
    var newestClick: UInt32 = ClickIndex.end
    // The highest bit marks a closed account, the next the month: see `Ledger.turn`.
    private var clicksAndMarks: UInt32 = 0
    private static let closedMark: UInt32 = 1 << 31
    private static let turnMark: UInt32 = 1 << 30
    private static let marks = closedMark | turnMark

    init(isClosed: Bool = false, turn: Bool) {
      clicksAndMarks = (isClosed ? Self.closedMark : 0) | (turn ? Self.turnMark : 0)
    }

    var clicks: UInt32 {
      get { clicksAndMarks & ~Self.marks }
      set {
        precondition(newValue & Self.marks == 0, "more than 1,073 million clicks of a patron in a month")
        clicksAndMarks = newValue | clicksAndMarks & Self.marks
      }
    }
    var isClosed: Bool {
      get { clicksAndMarks & Self.closedMark != 0 }
      set { clicksAndMarks = newValue ? clicksAndMarks | Self.closedMark : clicksAndMarks & ~Self.closedMark }
    }
    /// The open month's, or that of the one before.
    var turn: Bool { clicksAndMarks & Self.turnMark != 0 }
  }

  struct ThingState: Sendable, Hashable {
    let owner: AccountIndex
    var isRetired = false
  }

  struct OpenPeriod: Sendable {
    let period: Period
    let terms: Terms
    /// Changes from month to month.
    var turn = false
    var clicks = ClickIndex()
  }

  /// A closed period that still holds money, or whose settlement has not ended.
  struct UnsettledPeriod: Sendable {
    let period: Period
    let terms: Terms
    var pots: PotList
    /// How far `pots` is made; nil when it is whole.
    var turning: Turning?
    /// Clicks that stood when it closed; nil when that was before the start.
    var clicks: Int?
    /// Money given and not yet received.
    var clearing: Micros = .zero
    /// Set once the plan is fixed.
    var digest: [UInt8]?
    var drainedThrough = AccountID(0)
    var paidThrough = AccountID(0)
    /// How far a plan was compared with this.
    var check: PlanCheck?
    /// The plan that was compared whole.
    weak var plan: SettlementPlan?
  }

  /// An empty ledger, whose first month opens.
  package init(currency: String, terms: Terms, at time: Timestamp) {
    let time = Self.clamped(time)
    self.init(currency: currency, terms: terms, at: time, open: OpenPeriod(period: time.period, terms: terms))
    effects.append(.periodOpened(open.period, terms))
  }

  /// An empty ledger with an open month that has stood before. Only builders make it.
  init(currency: String, terms: Terms, at time: Timestamp, open: OpenPeriod) {
    self.currency = currency
    nextTerms = terms
    now = time
    self.open = open
    firstPeriod = open.period
  }

  /// Moves time to `time`, or leaves it where it is if that lies in the past. A month that ends closes its period
  /// and opens the next with the terms in force. Called once per commit, before its commands.
  package mutating func advance(to time: Timestamp) {
    now = max(now, Self.clamped(time))
    let current = now.period
    while open.period < current {
      closePeriod(opening: nextTerms)
      effects.append(.periodOpened(open.period, open.terms))
    }
  }

  /// The nearest time that is in a month.
  static func clamped(_ time: Timestamp) -> Timestamp {
    Timestamp(milliseconds: min(max(time.milliseconds, 0), Period.last.next.start.milliseconds - 1))
  }

  /// Closes the open month and opens the next. It walks nobody: see `turn`.
  mutating func closePeriod(opening terms: Terms) {
    // Of the month before; it was brought over long ago, unless two months end at once.
    turnNext(accounts: .max)
    let closing = open
    open = OpenPeriod(period: closing.period.next, terms: terms, turn: !closing.turn)
    closedClicks = closing.clicks
    unsettled.append(
      UnsettledPeriod(
        period: closing.period, terms: closing.terms, pots: PotList(), turning: Turning(end: accounts.count),
        clicks: closing.clicks.count))
  }

  /// Decides one command at the time that `advance` set.
  ///
  /// - Parameter keyed: What an earlier request with the same key made, for deposits and withdrawals.
  /// - Throws: A `Refusal`; nothing has changed then.
  package mutating func apply(_ command: Command, keyed: Transfer? = nil) throws(Refusal) -> Outcome {
    switch command {
    case .openAccount(let name, let fingerprint, let displayName, let budget):
      try openAccount(name, fingerprint, displayName, budget: budget)
    case .updateAccount(let reference, let displayName):
      try updateAccount(reference, displayName: displayName)
    case .setBudget(let reference, let budget): try setBudget(reference, budget)
    case .deposit(let reference, let amount, let key): try deposit(reference, amount, key, keyed: keyed)
    case .withdraw(let source, let amount, let key): try withdraw(source, amount, key, keyed: keyed)
    case .closeAccount(let reference): try closeAccount(reference)
    case .addThing(let thing): try addThing(thing)
    case .updateThing(let reference, let title, let description, let hidden):
      try updateThing(reference, title: title, description: description, hidden: hidden)
    case .retireThing(let reference): try retireThing(reference)
    case .reviveThing(let reference): try reviveThing(reference)
    case .click(let patron, let thing, let period): try click(patron, thing, period)
    case .clickMany(let patrons, let things, let period, let positions):
      try clickMany(patrons, things, period, positions)
    case .undoClick(let patron, let thing, let period): try undoClick(patron, thing, period)
    case .openClicks(let patron, let period, let after, let limit):
      .clicks(try openClicks(of: patron, period, after: after, limit: limit))
    case .checkPlan(let plan, let rows): try checkPlan(plan, rows: rows)
    case .planSettlement(let plan, let seal): try planSettlement(plan, seal)
    case .drainPots(let plan, let positions): try drainPots(plan, positions)
    case .payOwners(let plan, let positions): try payOwners(plan, positions)
    case .finishSettlement(let plan): try finishSettlement(plan)
    case .tick: .done
    }
  }

  /// Hands the rows over and forgets them.
  package mutating func takeEffects() -> [Effect] {
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  /// Hands the clicks to `body` and forgets them.
  package mutating func takeClicks<E: Error>(_ body: ([ClickEffect]) throws(E) -> Void) throws(E) {
    defer { clickEffects.removeAll(keepingCapacity: clickEffects.capacity <= 1 << 17) }
    try body(clickEffects)
  }
}

// What others may know of the state.
extension Ledger {
  package var accountCount: Int { accounts.count }
  package var thingCount: Int { things.count }
  package var openClickCount: Int { open.clicks.count }
  package var openPeriod: Period { open.period }
  package var oldestUnsettled: Period? { unsettled.first?.period }

  // What a click asks of the ledger is inlined, here and in `Ledger+Clicks`: the whole ledger would be copied to be asked, which took a
  // quarter of a decision's instructions.

  /// The account that a request means; nil if there is none.
  @inline(__always) package func account(_ reference: AccountReference) -> AccountID? {
    switch reference {
    case .id(let id): return id.rawValue >= 1 && id.rawValue <= accounts.count ? id : nil
    case .name(_, let fingerprint): return accountNames[fingerprint]?.id
    }
  }

  /// An account's money; nil if there is no such account.
  package func money(of id: AccountID) -> AccountMoney? {
    guard id.rawValue >= 1, id.rawValue <= accounts.count else { return nil }
    let account = accounts[AccountIndex(id)]
    return AccountMoney(
      budget: account.budget, available: account.available, pot: standing(at: AccountIndex(id)).openPot,
      pots: account.pots)
  }

  @inline(__always) func index(
    _ reference: AccountReference, field: String
  ) throws(Refusal) -> AccountIndex {
    guard let id = account(reference) else { throw .notFound(reference, field: field) }
    return AccountIndex(id)
  }

  @inline(__always) func index(_ reference: ThingReference) throws(Refusal) -> Int {
    switch reference {
    case .id(let id):
      if id.rawValue >= 1, id.rawValue <= things.count { return Int(id.rawValue) - 1 }
    case .url(_, let fingerprint):
      if let index = thingURLs[fingerprint] { return Int(index) }
    }
    throw .notFound(reference)
  }

  func inCurrency(_ amount: Micros) -> String { "\(amount) \(currency)" }
}

extension Ledger {
  /// The terms of the open period.
  package var openTerms: Terms { open.terms }
}
