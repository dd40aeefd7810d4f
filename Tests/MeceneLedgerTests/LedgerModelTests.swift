import Foundation
import TestSupport
import Testing

@testable import MeceneLedger

/// Random commands from a seed, decided by the ledger and by a naive model, compared after every step.
/// MECENE_MODEL_STEPS sets how many; 100,000 if unset.
@Suite struct LedgerModelTests {
  @Test(arguments: [
    (1 as UInt64, 0, true), (2, 250, true), (3, 10_000, false), (4, 1, false),
  ])
  func `the ledger and a naive model agree after every step`(
    seed: UInt64, feeBps: Int, receiveRequiresGiving: Bool
  ) throws {
    let steps = (ProcessInfo.processInfo.environment["MECENE_MODEL_STEPS"].flatMap(Int.init) ?? 100_000) / 4
    let episodeSteps = 120
    for episode in 0..<(steps / episodeSteps + 1) {
      var run = try Episode(
        seed: seed << 32 + UInt64(episode), feeBps: feeBps, receiveRequiresGiving: receiveRequiresGiving)
      for _ in 0..<episodeSteps { try run.step() }
      try run.finish()
    }
  }
}

/// One short life of a ledger beside its model.
private struct Episode {
  var random: SeededGenerator
  var ledger: Ledger
  /// Gets nothing but what the ledger commits.
  var follower: Ledger
  var model: NaiveModel
  var audit = BookAudit()
  let seed: UInt64
  let start = 682

  init(seed: UInt64, feeBps: Int, receiveRequiresGiving: Bool) throws {
    self.seed = seed
    random = SeededGenerator(seed: seed)
    let terms = Terms(feeBps: feeBps, receiveRequiresGiving: receiveRequiresGiving)
    ledger = Ledger(currency: "EUR", terms: terms, at: Period(number: start).start)
    model = NaiveModel(
      minimum: 2_000_000, feeBps: Int64(feeBps), receiveRequiresGiving: receiveRequiresGiving, period: start)
    follower = try Ledger(following: ledger.takeEffects(), [], currency: "EUR", at: ledger.now)
    for a in 1...5 {
      _ = try? ledger.apply(
        .openAccount(
          name: AccountName("account\(a)"), fingerprint: Fingerprint(high: 1, low: UInt64(a)),
          displayName: PlainText("", field: "", charactersMax: 1), budget: .zero))
      model.accounts[a] = .init(budget: 0)
    }
    for t in 1...8 {
      let owner = Int.random(in: 1...5, using: &random)
      _ = try? ledger.apply(
        .addThing(
          NewThing(
            owner: .id(AccountID(Int64(owner))), url: CanonicalURL("https://a.org/\(t)"),
            fingerprint: Fingerprint(high: 2, low: UInt64(t)),
            title: PlainText("", field: "", charactersMax: 1),
            description: PlainText("", field: "", charactersMax: 1), hidden: false)))
      model.things[t] = .init(owner: owner)
    }
    try follower.follow(ledger.takeEffects(), [], at: ledger.now)
  }

  mutating func step() throws {
    // The turn of a month reaches accounts some at a time, and nothing of it may be seen.
    if Bool.random(using: &random) { ledger.turnNext(accounts: Int.random(in: 0...3, using: &random)) }
    let a = Int.random(in: 1...6, using: &random)
    let t = Int.random(in: 1...9, using: &random)
    let account = AccountReference.id(AccountID(Int64(a)))
    let thing = ThingReference.id(ThingID(Int64(t)))
    let period =
      Int.random(in: 0..<8, using: &random) == 0 ? model.period - Int.random(in: 0...1, using: &random) : nil
    let amount: Int64 =
      [0, 1, 1_999_999, 2_000_000, 3_333_333, 10_000_000, 12_345_678].randomElement(using: &random) ?? 0
    let keyText = "k\(Int.random(in: 0..<30, using: &random))"
    let key = try RequestKey(keyText)
    let before = model.moves.count
    let expected: String?
    let command: Command
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<20:
      expected = model.deposit(a, amount, keyText)
      command = .deposit(account, Micros(amount), key)
    case 20..<26:
      expected = model.withdraw(a, amount, keyText)
      command = .withdraw(.account(account), Micros(amount), key)
    case 26..<28:
      expected = model.withdraw(nil, amount, keyText)
      command = .withdraw(.fees, Micros(amount), key)
    case 28..<40:
      expected = model.setBudget(a, amount)
      command = .setBudget(account, Micros(amount))
    case 40..<80:
      expected = model.click(a, t, period)
      command = .click(account, thing, period.map(Period.init(number:)))
    case 80..<88:
      expected = model.undo(a, t, period)
      command = .undoClick(account, thing, period.map(Period.init(number:)))
    case 88..<90:
      expected = model.things[t] == nil ? "thingNotFound" : nil
      model.things[t]?.retired = true
      command = .retireThing(thing)
    case 90..<92:
      let owner = model.things[t]?.owner
      expected = owner.map { model.accounts[$0]?.closed == true ? "accountClosed" : nil } ?? "thingNotFound"
      if expected == nil { model.things[t]?.retired = false }
      command = .reviveThing(thing)
    case 92:
      expected = model.close(a)
      command = .closeAccount(account)
    case 93..<96:
      model.period += Int.random(in: 1...2, using: &random)
      ledger.advance(to: Period(number: model.period).start)
      expected = nil
      command = .tick
    default: return try settle()
    }
    let reason = decide(command)
    #expect(reason == expected, "seed \(seed), \(command)")
    try compare(before)
  }

  /// Ends every open matter and looks at the books once more.
  mutating func finish() throws {
    model.period += 1
    ledger.advance(to: Period(number: model.period).start)
    while ledger.oldestUnsettled != nil { try settle() }
    #expect(model.settledBefore == model.period)
    try follower.check(against: ledger)
    for p in start..<model.period {
      #expect(audit.balance(.clearing(Period(number: p))) == .zero)
      for a in 1...5 { #expect(audit.balance(.pot(AccountID(Int64(a)), Period(number: p))) == .zero) }
    }
  }

  private var keyed: [String: Transfer] = [:]

  private mutating func decide(_ command: Command) -> String? {
    let name: String? =
      switch command.key {
      case (.account(let reference), let key)?: ledger.account(reference).map { "\($0) \(key.text)" }
      case (.fees, let key)?: "fees \(key.text)"
      case nil: nil
      }
    let (effects, clicks) = (ledger.effects.count, ledger.clickEffects.count)
    defer { checkFootprint(of: command, ledger.effects[effects...], ledger.clickEffects[clicks...]) }
    do throws(Refusal) {
      let outcome = try ledger.apply(command, keyed: name.flatMap { keyed[$0] })
      if case .transfer(let transfer, _) = outcome, let name { keyed[name] = transfer }
      return nil
    } catch {
      return "\(error.reason)"
    }
  }

  /// Whatever a command changed stands in its footprint.
  private func checkFootprint(
    of command: Command, _ effects: ArraySlice<Effect>, _ clicks: ArraySlice<ClickEffect>
  ) {
    if effects.isEmpty, clicks.isEmpty { return }
    let footprint = Set(command.footprint)
    for click in clicks {
      #expect(footprint.contains(.click(.id(click.patron), .id(click.thing))), "seed \(seed), \(command)")
    }
    for effect in effects {
      let need: Command.Need? =
        switch effect {
        case .transfer(let transfer): transfer.account.map { .account(.id($0)) }
        case .accountChanged(_, let id, _): .account(.id(id))
        case .thingChanged(_, let id, _): .thing(.id(id))
        case .keyBound(let id, let key, _): .key(id.map { .account(.id($0)) } ?? .fees, key)
        // Nobody needs what time and settlement leave; accounts and things are there before the first step.
        case .periodOpened, .settlementPlanned, .potsDrained, .ownersPaid, .settlementFinished: nil
        case .accountOpened, .thingAdded: nil
        }
      #expect(need.map(footprint.contains) ?? true, "seed \(seed), \(command)")
    }
  }

  private mutating func settle() throws {
    guard let period = ledger.oldestUnsettled else { return }
    let before = model.moves.count
    // The plan from the model's data, in the ledger's form.
    let pots = (1...5).compactMap { a -> (patron: AccountID, pot: Micros)? in
      let pot = model.pot(a, period.number)
      return pot > 0 ? (AccountID(Int64(a)), Micros(pot)) : nil
    }
    let clicks = (1...5).flatMap { a in
      (model.clicks[period.number]?[a] ?? []).sorted().map {
        (patron: AccountID(Int64(a)), thing: ThingID(Int64($0)))
      }
    }
    let plan = try SettlementPlan(
      period: period, terms: ledger.nextTerms, pots: pots, clicks: clicks,
      owner: { AccountID(Int64(model.things[Int($0.rawValue)]?.owner ?? 0)) })
    #expect(decide(.planSettlement(plan, SettlementSeal(digest: [1], blocks: []))) == nil)
    #expect(decide(.planSettlement(plan, SettlementSeal(digest: [2], blocks: []))) == "digestMismatch")
    for position in plan.patrons.indices { #expect(decide(.drainPots(plan, position..<position + 1)) == nil) }
    // A step that is repeated, as after a crash, changes nothing.
    #expect(decide(.drainPots(plan, 0..<plan.patrons.count)) == nil)
    #expect(decide(.payOwners(plan, 0..<plan.owners.count)) == nil)
    #expect(decide(.payOwners(plan, 0..<plan.owners.count)) == nil)
    #expect(decide(.finishSettlement(plan)) == nil)
    model.settle()
    try compare(before)
  }

  /// The same movements in the same order, and rule 10 after each of them.
  private mutating func compare(_ before: Int) throws {
    var moves: [NaiveModel.Move] = []
    let effects = ledger.takeEffects()
    let time = ledger.now
    try ledger.takeClicks { clicks in try follower.follow(effects, clicks, at: time) }
    if Int.random(in: 0..<8, using: &random) == 0 { try follower.check(against: ledger) }
    for case .transfer(let transfer) in effects {
      try audit.check(transfer)
      moves.append(try #require(NaiveModel.Move(transfer)))
    }
    #expect(moves == Array(model.moves[before...]), "seed \(seed)")
    for a in 1...5 {
      let id = AccountID(Int64(a))
      #expect(audit.balance(.available(id)).rawValue == model.available(a))
      #expect(ledger.accounts[a - 1].available.rawValue == model.available(a))
      let pot = model.pot(a, model.period)
      #expect(ledger.standing(at: AccountIndex(id)).openPot.rawValue == pot)
      #expect(pot == 0 || pot >= model.minimum)
      #expect(pot == 0 || pot >= model.accounts[a]?.budget ?? 0 || model.available(a) == 0)
    }
    #expect(ledger.money.rawValue == -model.balance("world"))
    #expect(ledger.fees.rawValue == model.balance("fees"))
  }
}
