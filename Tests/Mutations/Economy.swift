/// Two months of a small economy. `Tests/Mutations/run` compiles it together with the ledger's sources, as they are and with
/// one planted fault each: as they are, the audit finds nothing; a fault is stopped in `post`, before its row is handed over.
@main
struct Economy {
  private static let terms = Terms(feeBps: 250)
  private var ledger = Ledger(currency: "EUR", terms: terms, at: Period(number: 682).start)
  private var audit = BookAudit()
  private var kinds: Set<Transfer.Kind> = []
  private var refusals = 0

  static func main() throws {
    var economy = Economy()
    try economy.begin()
    for month in 682...683 { try economy.live(Period(number: month)) }
    guard economy.kinds.count == Transfer.Kind.allCases.count else { fatalError("only \(economy.kinds)") }
    print("sound: \(economy.audit.transferCount) transfers, \(economy.refusals) refusals")
  }

  private mutating func begin() throws {
    ledger.advance(to: ledger.now)
    let nothing = try PlainText("", field: "text", charactersMax: 1)
    for number in 1...4 {
      try apply(
        .openAccount(
          name: AccountName("account\(number)"), fingerprint: Fingerprint(high: 1, low: UInt64(number)),
          displayName: nothing, budget: Micros(10_000_000)))
      try apply(
        .addThing(
          NewThing(
            owner: account(number), url: CanonicalURL("https://example.org/\(number)"),
            fingerprint: Fingerprint(high: 2, low: UInt64(number)), title: nothing, description: nothing,
            hidden: false)))
      // Less than the budget, so that pots grow later.
      try apply(.deposit(account(number), Micros(7_000_000), RequestKey("first")))
    }
    // What the ledger can't hold is refused; so is what is not there.
    try apply(.deposit(account(1), .max, RequestKey("too much")))
    try apply(.withdraw(.account(account(2)), Micros(8_000_000), RequestKey("not there")))
  }

  private mutating func live(_ period: Period) throws {
    var pots: [(patron: AccountID, pot: Micros)] = []
    var clicks: [(patron: AccountID, thing: ThingID)] = []
    for patron in 1...4 {
      // The third takes its click back, so that its pot returns.
      for thing in patron == 3 ? [1] : (1...4).filter({ $0 != patron }) {
        try apply(.click(account(patron), .id(ThingID(Int64(thing))), nil))
        if patron == 3 {
          try apply(.undoClick(account(patron), .id(ThingID(Int64(thing))), nil))
        } else {
          clicks.append((AccountID(Int64(patron)), ThingID(Int64(thing))))
        }
      }
      // Pots grow by money, and by a larger budget.
      try apply(.deposit(account(patron), Micros(2_000_000), RequestKey("\(period)")))
      try apply(.setBudget(account(patron), Micros(Int64(period.number - 671) * 1_000_000)))
      let pot = ledger.money(of: AccountID(Int64(patron)))?.pot ?? .zero
      pots.append((AccountID(Int64(patron)), pot))
    }
    ledger.advance(to: period.next.start)
    // The next pot is opened before this one is drained, so that an account has two.
    for number in 1...2 {
      try apply(.deposit(account(number), Micros(20_000_000), RequestKey("for \(period.next)")))
    }
    try apply(.click(account(1), .id(ThingID(2)), nil))
    try apply(.undoClick(account(1), .id(ThingID(2)), nil))
    let plan = try SettlementPlan(period: period, terms: Self.terms, pots: pots, clicks: clicks) {
      AccountID($0.rawValue)
    }
    try apply(.planSettlement(plan, SettlementSeal(digest: [UInt8](repeating: 1, count: 32), blocks: [])))
    try apply(.drainPots(plan, plan.patrons.indices))
    try apply(.payOwners(plan, plan.owners.indices))
    try apply(.finishSettlement(plan))
    try apply(.withdraw(.fees, ledger.fees, RequestKey("\(period)")))
  }

  /// Applies a command, and audits what it left.
  private mutating func apply(_ command: Command) throws {
    do throws(Refusal) { _ = try ledger.apply(command) } catch { refusals += 1 }
    for case .transfer(let transfer) in ledger.takeEffects() {
      try audit.check(transfer)
      kinds.insert(transfer.kind)
    }
  }

  private func account(_ number: Int) -> AccountReference { .id(AccountID(Int64(number))) }
}
