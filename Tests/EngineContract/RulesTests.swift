import Foundation
import MeceneEngine
import MeceneLedger
import TestSupport
import Testing

/// Rules 1 to 8: random lives, each command beside a naive model that shares no code with any engine.
@Suite struct RulesTests {
  @Test(arguments: EngineKind.allCases, 1...4 as ClosedRange<UInt64>)
  func `whatever is asked, an engine and the naive model do the same`(
    kind: EngineKind, seed: UInt64
  ) async throws {
    let feeBps = [0, 250, 10_000, 1][Int(seed) % 4]
    let terms = Terms(feeBps: feeBps, receiveRequiresGiving: seed % 2 == 0)
    try await Subject.live(kind, terms: terms) { subject in
      var life = try await Life(subject, terms, seed: seed)
      for _ in 0..<150 { try await life.step() }
      try await life.end()
    }
  }
}

private struct Life {
  static let accounts = 5
  static let things = 8

  let subject: Subject
  var model: NaiveModel
  var random: SeededGenerator

  init(_ subject: Subject, _ terms: Terms, seed: UInt64) async throws {
    self.subject = subject
    random = SeededGenerator(seed: seed)
    model = NaiveModel(
      minimum: terms.minimum.rawValue, feeBps: Int64(terms.feeBps),
      receiveRequiresGiving: terms.receiveRequiresGiving, period: november2026.number)
    for a in 1...Self.accounts {
      try await subject.engine.openAccount("account\(a)")
      model.accounts[a] = .init(budget: 0)
    }
    for t in 1...Self.things {
      let owner = Int.random(in: 1...Self.accounts, using: &random)
      try await subject.engine.addThing("https://a.org/\(t)", owner: Int64(owner))
      model.things[t] = .init(owner: owner)
    }
  }

  mutating func step() async throws {
    let a = Int.random(in: 1...Self.accounts + 1, using: &random)
    let t = Int.random(in: 1...Self.things + 1, using: &random)
    // Now and then the open month by its name, or the one before.
    let asked =
      Int.random(in: 0..<8, using: &random) == 0 ? model.period - Int.random(in: 0...1, using: &random) : nil
    let amount: Int64 =
      [0, 1, 1_999_999, 2_000_000, 3_333_333, 10_000_000, 12_345_678].randomElement(using: &random) ?? 0
    let key = "k\(Int.random(in: 0..<30, using: &random))"
    let (account, thing) = (AccountReference.number(Int64(a)), ThingReference.number(Int64(t)))
    let before = model.moves.count
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<25:
      try await expect(model.deposit(a, amount, key), .deposit(account, Micros(amount), RequestKey(key)))
    case 25..<31:
      try await expect(
        model.withdraw(a, amount, key), .withdraw(.account(account), Micros(amount), RequestKey(key)))
    case 31..<33:
      try await expect(model.withdraw(nil, amount, key), .withdraw(.fees, Micros(amount), RequestKey(key)))
    case 33..<48: try await expect(model.setBudget(a, amount), .setBudget(account, Micros(amount)))
    case 48..<80:
      try await expect(model.click(a, t, asked), .click(account, thing, asked.map(Period.init(number:))))
    case 80..<88:
      try await expect(model.undo(a, t, asked), .undoClick(account, thing, asked.map(Period.init(number:))))
    case 88..<90:
      let isThere = model.things[t] != nil
      model.things[t]?.retired = true
      try await expect(isThere ? nil : "thingNotFound", .retireThing(thing))
    case 90..<92:
      let owner = model.things[t]?.owner
      let isClosed = owner.map { model.accounts[$0]?.closed == true }
      if isClosed == false { model.things[t]?.retired = false }
      try await expect(isClosed.map { $0 ? "accountClosed" : nil } ?? "thingNotFound", .reviveThing(thing))
    case 92: try await expect(model.close(a), .closeAccount(account))
    case 93..<96:
      model.period += Int.random(in: 1...2, using: &random)
      try await subject.setClock(Period(number: model.period))
    default: try await settle()
    }
    try await compare(before)
  }

  /// Ends the month, and settles all.
  mutating func end() async throws {
    model.period += 1
    try await subject.setClock(Period(number: model.period))
    while model.settledBefore < model.period {
      let before = model.moves.count
      try await settle()
      try await compare(before)
    }
    try await expectStatements()
  }

  private func expect(_ expected: String?, _ command: Command) async throws {
    let reason = try await subject.reason(command)
    #expect(reason.map { "\($0)" } == expected, "\(command)")
  }

  private mutating func settle() async throws {
    let period = Period(number: model.settledBefore)
    guard model.settledBefore < model.period else {
      let engine = subject.engine
      await #expect(throws: Refusal.self) { _ = try await engine.settle(period) { _ in } }
      return
    }
    let pots = (1...Self.accounts).map { model.pot($0, period.number) }
    let standing = (1...Self.accounts).filter { pots[$0 - 1] > 0 }
      .reduce(0) { $0 + (model.clicks[period.number]?[$1]?.count ?? 0) }
    let feesBefore = model.balance("fees")
    let preview = try await subject.engine.preview(period)
    let record = try await subject.engine.settle(nil) { _ in }
    model.settle()
    #expect(record.period == period && record.state == .settled && record.digest == preview.digest)
    #expect(record.totals.pots == pots.count { $0 > 0 } && record.totals.clicks == standing)
    #expect(record.totals.potsMicros.rawValue == pots.reduce(0, +))
    #expect(record.totals.feesMicros.rawValue == model.balance("fees") - feesBefore)
    // Whoever asks again hears the same.
    #expect(try await subject.engine.settle(period) { _ in } == record)
  }

  /// The same movements in the same order, and the same balances.
  private func compare(_ before: Int) async throws {
    let (accounts, moves) = try await subject.engine.read(
      .accounts(after: nil, limit: Self.accounts),
      .journal(period: nil, after: before == 0 ? nil : TransferID(Int64(before)), limit: 1_000))
    #expect(moves.map { NaiveModel.Move($0.transfer) } == Array(model.moves[before...]))
    for account in accounts {
      let a = Int(account.id.rawValue)
      #expect(account.money.available.rawValue == model.available(a))
      #expect(account.money.pot.rawValue == model.pot(a, model.period))
      #expect(account.money.budget.rawValue == model.accounts[a]?.budget)
      let pots = (model.settledBefore...model.period).reduce(0) { $0 + model.pot(a, $1) }
      #expect(account.money.pots.rawValue == pots)
      #expect(account.isClosed == model.accounts[a]?.closed)
    }
    let engine = subject.engine
    let status = try await engine.read(.status)
    #expect(status.money.rawValue == -model.balance("world") && status.fees.rawValue == model.balance("fees"))
    #expect(status.openPeriod.number == model.period && engine.openPeriod.number == model.period)
    #expect(status.transfers == model.moves.count)
  }

  /// Every account's statement is its part of the model's movements.
  private func expectStatements() async throws {
    for a in 1...Self.accounts {
      let page = try await subject.engine.read(
        .statement(.number(Int64(a)), period: nil, after: nil, limit: 1_000))
      let own = model.moves.filter { move in
        [move.from, move.to].contains { $0 == "available \(a)" || $0.hasPrefix("pot \(a) ") }
      }
      #expect(page.entries.map { NaiveModel.Move($0.transfer) } == own && !page.hasMore)
    }
  }
}
