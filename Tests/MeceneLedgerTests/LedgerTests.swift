import Testing

@testable import MeceneLedger

@Suite struct LedgerTests {
  private func ledger(_ terms: Terms = Terms()) -> Ledger {
    var ledger = Ledger(currency: "EUR", terms: terms, at: Timestamp(milliseconds: 0))
    ledger.advance(to: Period(number: 682).start)
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
}
