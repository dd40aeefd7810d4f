import Testing

@testable import MeceneLedger

/// `Tests/Mutations/run` plants faults in the sources; here `post` itself is asked for what no command asks for.
@Suite struct PostingTests {
  private static func ledger() throws -> Ledger {
    var ledger = Ledger(currency: "EUR", terms: Terms(), at: Period(number: 682).start)
    ledger.advance(to: Period(number: 682).start)
    _ = try ledger.apply(
      .openAccount(
        name: AccountName("anna"), fingerprint: Fingerprint(high: 1, low: 1),
        displayName: PlainText("", field: "", charactersMax: 1), budget: .zero))
    ledger.post(.deposit, AccountIndex(0), Micros(5))
    return ledger
  }

  @Test func `more than is there stops the process with a sentence`() async throws {
    let ended = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var ledger = try Self.ledger()
      ledger.post(.withdraw, AccountIndex(0), Micros(6))
    }
    #expect(
      said(ended).contains("the ledger stops before it is wrong: a withdraw of 0.000006, where 0.000005 is"))
  }

  @Test func `a movement without what its kind carries stops the process`() async throws {
    let pot = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var ledger = try Self.ledger()
      ledger.post(.potOpen, AccountIndex(0), Micros(1))
    }
    #expect(said(pot).contains("a potOpen with no period and no cause"))
    let topup = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var ledger = try Self.ledger()
      ledger.post(.potTopup, AccountIndex(0), Micros(1), forPeriod: Period(number: 682))
    }
    #expect(said(topup).contains("a potTopup with the period 2026-11 and no cause"))
    let nobody = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var ledger = try Self.ledger()
      ledger.post(.deposit, nil, Micros(1))
    }
    #expect(said(nobody).contains("a deposit of no account has no place to move between"))
  }

  @Test func `a pot that is neither open nor next to be drained stops the process`() async throws {
    let ended = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var ledger = try Self.ledger()
      ledger.post(.potOpen, AccountIndex(0), Micros(1), forPeriod: Period(number: 681))
    }
    #expect(said(ended).contains("a potOpen of account 1 has no place to move between"))
  }

  private func said(_ ended: ExitTest.Result?) -> String {
    String(decoding: ended?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `every kind moves between two sides, one of them an account's own`() {
    for kind in Transfer.Kind.allCases {
      let line = ChartOfAccounts.line(kind)
      #expect(line.from != line.to)
      #expect(line.from.isOwn || line.to.isOwn)
      // Its key is its client's, or its account, period and cause.
      #expect(line.carries.contains(.key) != line.carries.contains(.period))
      // Fees alone leave without an account.
      #expect(line.fromWithoutAccount == (kind == .withdraw ? .fees : nil))
    }
  }
}
