import MeceneEngine
import MeceneLedger
import MeceneProof
import TestSupport
import Testing

/// The end of a month, and what it leaves for everybody.
@Suite struct SettlementTests {
  /// Six accounts that click on each other's things; the last set aside and clicked nothing.
  private func live(_ subject: Subject) async throws {
    try await subject.engine.populate(accounts: 6)
    for (patron, thing) in [(1, 2), (1, 3), (1, 4), (2, 3), (3, 1), (3, 2), (4, 1), (6, 1)]
      as [(Int64, Int64)]
    {
      try await subject.perform(.click(.number(patron), .number(thing), nil))
    }
    try await subject.perform(.undoClick(.number(6), .number(1), nil))
  }

  @Test(arguments: EngineKind.allCases)
  func `months settle in their order, each once, and not before they end`(kind: EngineKind) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await live(subject)
      func refusal(_ period: Period) async -> Refusal.Reason? {
        await subject.refusal { _ = try await $0.settle(period) { _ in } }
      }
      #expect(await refusal(november2026) == .periodOpen)
      try await subject.setClock(Period(number: november2026.number + 3))
      #expect(await refusal(november2026.next) == .earlierPeriodUnsettled)
      #expect(await refusal(Period(number: november2026.number - 1)) == .periodNotFound)
      #expect(await refusal(Period(number: november2026.number + 3)) == .periodOpen)
      for offset in 0..<3 {
        let record = try await subject.engine.settle(nil) { _ in }
        #expect(record.period.number == november2026.number + offset && record.state == .settled)
        try await subject.die()
      }
      let records = try await subject.engine.read(.settlements(before: nil, limit: 9))
      #expect(records.map(\.period.number) == [684, 683, 682] && records.map(\.totals.clicks) == [0, 0, 7])
      #expect(
        try await subject.engine.read(.settlements(before: Period(number: 683), limit: 9))
          == [records[2]])
      let status = try await subject.engine.read(.status)
      #expect(status.settlements == 3 && status.oldestUnsettled == nil)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `a preview of a month that is over is its settlement, to the digest`(kind: EngineKind) async throws {
    try await Subject.live(kind, terms: Terms(feeBps: 777)) { subject in
      try await live(subject)
      let open = try await subject.engine.preview(nil)
      #expect(open.state == .open && open.period == november2026 && open.totals.clicks == 7)
      try await subject.setClock(november2026.next)
      let closed = try await subject.engine.preview(november2026)
      #expect(closed.state == .closed && closed.digest == open.digest && closed.totals == open.totals)
      let settled = try await subject.engine.settle(november2026) { _ in }
      #expect(settled.digest == closed.digest && settled.totals == closed.totals)
      #expect(
        settled.totals.potsMicros == Micros(50_000_000) && settled.totals.returnedMicros == Micros(10_000_000)
      )
      let again = try await subject.engine.preview(november2026)
      #expect(again == settled)
      // The commit that it names is one that anybody can hold against the books.
      let commit = try #require(settled.commit)
      #expect(try await subject.engine.verify(against: commit) { _ in }.finding == nil)
      let wrong = CommitPoint(number: commit.number, link: [UInt8](repeating: 7, count: 32))
      #expect(try await subject.engine.verify(against: wrong) { _ in }.finding != nil)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `everybody has a receipt of the part that was theirs, and nobody of another`(kind: EngineKind)
    async throws
  {
    try await Subject.live(kind, terms: Terms(feeBps: 100)) { subject in
      try await live(subject)
      try await subject.setClock(november2026.next)
      let record = try await subject.engine.settle(nil) { _ in }
      try await subject.die()
      var (given, received): (Int64, Int64) = (0, 0)
      for number in 1...6 as ClosedRange<Int64> {
        for tree in [SettlementSeal.Tree.patrons, .owners] {
          do {
            let receipt = try await subject.engine.receipt(.number(number), november2026, tree)
            #expect(receipt.account == AccountID(number))
            #expect(receipt.proof.digest == record.digest && receipt.proof.contradiction == nil)
            switch receipt.proof.leaf {
            case .patron(let leaf): given += leaf.pot.rawValue - leaf.fee.rawValue
            case .owner(let leaf): received += leaf.micros.rawValue
            }
          } catch let refusal as Refusal {
            #expect(refusal.reason == .receiptNotFound)
            #expect(tree == .patrons ? number == 5 : number > 4, "\(number) \(tree)")
          }
        }
      }
      // The pot that came back pays nobody.
      #expect(given - received == 10_000_000 - 0 && received == record.totals.revenueMicros.rawValue)
      #expect(
        await subject.refusal { _ = try await $0.receipt(.number(1), november2026.next, .patrons) }
          == .settlementNotFound)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `a month that ends settles by itself, after a kill too`(kind: EngineKind) async throws {
    try await Subject.live(kind, autoSettle: true) { subject in
      try await live(subject)
      try await subject.setClock(november2026.next)
      try await subject.die()
      let engine = subject.engine
      #expect(try await eventually { try await engine.read(.status).settlements == 1 })
      #expect(try await subject.account(3).money.available > .zero)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `terms that change hold from the next month on`(kind: EngineKind) async throws {
    try await Subject.live(kind, terms: Terms(feeBps: 500)) { subject in
      try await subject.engine.populate(accounts: 1)
      subject.terms = Terms(feeBps: 700)
      try await subject.die()
      let november = try await subject.engine.read(.status)
      #expect(november.openPeriod == november2026 && november.terms.feeBps == 500)
      #expect(november.nextTerms.feeBps == 700)
      #expect(
        await subject.refusal {
          _ = try await $0.read(.journal(period: november2026.next, after: nil, limit: 1))
        } == .periodNotFound)
      try await subject.setClock(november2026.next)
      let december = try await subject.engine.read(.status)
      #expect(december.openPeriod == november2026.next && december.terms.feeBps == 700)
    }
  }
}
