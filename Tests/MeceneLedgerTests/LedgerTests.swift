import Testing

@testable import MeceneLedger

@Suite struct LedgerTests {
  private func ledger(_ terms: Terms = Terms()) -> Ledger {
    var ledger = Ledger(currency: "EUR", terms: terms, at: Period(number: 682).start)
    _ = ledger.takeEffects()
    return ledger
  }

  private func open(_ ledger: inout Ledger, _ name: String, budget: Int64 = 0, money: Int64 = 0) throws
    -> AccountReference
  {
    let fingerprint = Fingerprint(high: UInt64(ledger.accountCount), low: 9)
    let outcome = try ledger.apply(
      .openAccount(
        name: AccountName(name), fingerprint: fingerprint,
        displayName: PlainText("", field: "display_name", charactersMax: 1), budget: Micros(budget)))
    guard case .account(let id, _) = outcome else { throw Failed() }
    if money > 0 { _ = try ledger.apply(.deposit(.id(id), Micros(money), RequestKey("first"))) }
    return .id(id)
  }

  private struct Failed: Error {}

  @Test func `a deposit beyond what the ledger can hold is refused`() throws {
    var ledger = ledger()
    let anna = try open(&ledger, "anna", money: .max - 1)
    let bert = try open(&ledger, "bert", money: 1)
    let refusal = #expect(throws: Refusal.self) {
      try ledger.apply(.deposit(bert, Micros(1), RequestKey("x")))
    }
    #expect(refusal?.reason == .ledgerFull)
    _ = try ledger.apply(.withdraw(.account(anna), Micros(1), RequestKey("y")))
    _ = try ledger.apply(.deposit(bert, Micros(1), RequestKey("x")))
  }

  @Test func `a clock that jumps back does not reopen a period`() {
    var ledger = ledger()
    ledger.advance(to: Period(number: 683).start)
    ledger.advance(to: Period(number: 682).start)
    #expect(ledger.openPeriod == Period(number: 683))
    #expect(ledger.now == Period(number: 683).start)
  }

  @Test func `changed terms count from the next period on`() throws {
    var ledger = ledger()
    ledger.nextTerms = Terms(minimum: Micros(5_000_000))
    _ = try open(&ledger, "anna", budget: 2_000_000)
    ledger.advance(to: Period(number: 683).start)
    let refusal = #expect(throws: Refusal.self) { try open(&ledger, "bert", budget: 2_000_000) }
    #expect(refusal?.reason == .belowMinimum)
    #expect(refusal?.sentence == "the budget must be 0 or at least 5.00 EUR; it was 2.00 EUR")
  }

  @Test func `a name is never given again`() throws {
    var ledger = ledger()
    let anna = try open(&ledger, "anna")
    _ = try ledger.apply(.closeAccount(anna))
    let refusal = #expect(throws: Refusal.self) {
      try ledger.apply(
        .openAccount(
          name: AccountName("anna"), fingerprint: Fingerprint(high: 0, low: 9),
          displayName: PlainText("", field: "", charactersMax: 1), budget: .zero))
    }
    #expect(refusal?.reason == .nameTaken)
  }

  /// Memory is read back from the file after a commit that failed: somebody may have changed it since the plan was compared.
  @Test func `a settlement's step that does not go on from the books is refused, and moves nothing`() throws {
    var ledger = ledger()
    let (anna, bert) = (
      try open(&ledger, "anna", budget: 2_000_000, money: 9_000_000),
      try open(&ledger, "bert", budget: 2_000_000, money: 9_000_000)
    )
    for (owner, number) in [(anna, 1), (bert, 2)] {
      let nothing = try PlainText("", field: "", charactersMax: 1)
      _ = try ledger.apply(
        .addThing(
          NewThing(
            owner: owner, url: CanonicalURL("https://a.org/\(number)"),
            fingerprint: Fingerprint(high: 2, low: UInt64(number)), title: nothing, description: nothing,
            hidden: false)))
    }
    _ = try ledger.apply(.click(anna, .id(ThingID(2)), nil))
    _ = try ledger.apply(.click(bert, .id(ThingID(1)), nil))
    ledger.advance(to: Period(number: 683).start)
    let plan = try SettlementPlan(
      period: Period(number: 682), terms: Terms(),
      pots: [(AccountID(1), Micros(2_000_000)), (AccountID(2), Micros(2_000_000))],
      clicks: [(AccountID(1), ThingID(2)), (AccountID(2), ThingID(1))],
      owner: { $0 == ThingID(1) ? AccountID(1) : AccountID(2) })
    let seal = SettlementSeal(digest: [1], blocks: [])

    func refusesAll(_ change: (inout Ledger) throws -> Void, _ commands: [Command]) throws {
      var changed = ledger
      try change(&changed)
      let before = changed.takeEffects().count
      for command in commands {
        let refusal = #expect(throws: Refusal.self) { try changed.apply(command) }
        #expect(refusal?.reason == .booksInconsistent)
      }
      #expect(changed.effects.isEmpty, "after \(before)")
      #expect(changed.accounts == ledger.accounts)
    }

    // Nothing was fixed.
    try refusesAll({ _ in }, [.drainPots(plan, 0..<2), .payOwners(plan, 0..<2), .finishSettlement(plan)])
    _ = try ledger.apply(.planSettlement(plan, seal))
    // A step beyond the next, or the next pass.
    try refusesAll({ _ in }, [.drainPots(plan, 1..<2), .payOwners(plan, 0..<2), .finishSettlement(plan)])
    // Memory that was read back, with another pot.
    try refusesAll(
      {
        $0.unsettled[0].plan = nil
        $0.unsettled[0].pots.change(by: Micros(-1))
      }, [.drainPots(plan, 0..<2)])
    // The same memory is as good as before.
    ledger.unsettled[0].plan = nil
    _ = try ledger.apply(.drainPots(plan, 0..<2))
    ledger.unsettled[0].plan = nil
    _ = try ledger.apply(.payOwners(plan, 0..<2))
    _ = try ledger.apply(.finishSettlement(plan))
    #expect(ledger.accounts.map(\.available) == [Micros(9_000_000), Micros(9_000_000)])
  }
}
