import TestSupport
import Testing

@testable import MeceneLedger

/// A ledger that follows books. `LedgerModelTests` shows that it becomes what it follows; here its rows are wrong.
@Suite struct FollowingTests {
  /// What one commit left.
  private struct Rows {
    var effects: [Effect]
    var clicks: [ClickEffect]
    var time: Timestamp
  }

  private static let month = Period(number: 682)

  /// A month with its settlement, each command in a commit of its own.
  private static func live() throws -> (life: [Rows], ledger: Ledger) {
    var ledger = Ledger(currency: "EUR", terms: Terms(feeBps: 300), at: month.start)
    var life: [Rows] = []
    func commit(_ command: Command) throws {
      _ = try ledger.apply(command)
      var rows = Rows(effects: ledger.takeEffects(), clicks: [], time: ledger.now)
      ledger.takeClicks { rows.clicks = $0 }
      life.append(rows)
    }
    let empty = try PlainText("", field: "", charactersMax: 1)
    for number in 1...4 as ClosedRange<Int64> {
      let account = AccountReference.id(AccountID(number))
      try commit(
        .openAccount(
          name: AccountName("account\(number)"), fingerprint: Fingerprint(high: 1, low: UInt64(number)),
          displayName: empty, budget: Micros(5_000_000)))
      try commit(.deposit(account, Micros(12_000_000), RequestKey("d\(number)")))
      try commit(
        .addThing(
          NewThing(
            owner: account, url: CanonicalURL("https://a.org/\(number)"),
            fingerprint: Fingerprint(high: 2, low: UInt64(number)), title: empty, description: empty,
            hidden: false)))
    }
    let clicks = [(1, 2), (1, 3), (2, 1), (3, 4)].map {
      (patron: AccountID($0), thing: ThingID($1))
    }
    for (patron, thing) in clicks + [(patron: AccountID(4), thing: ThingID(1))] {
      try commit(.click(.id(patron), .id(thing), nil))
    }
    try commit(.undoClick(.id(AccountID(4)), .id(ThingID(1)), nil))
    try commit(.setBudget(.id(AccountID(2)), Micros(7_000_000)))
    try commit(.retireThing(.id(ThingID(3))))
    try commit(.closeAccount(.id(AccountID(4))))
    let pots = (1...4).map { (patron: AccountID($0), pot: Micros($0 == 2 ? 7_000_000 : 5_000_000)) }
    ledger.advance(to: month.next.start)
    try commit(.click(.id(AccountID(1)), .id(ThingID(2)), nil))
    let plan = try SettlementPlan(
      period: month, terms: Terms(feeBps: 300), pots: pots, clicks: clicks,
      owner: { AccountID($0.rawValue) })
    try commit(.planSettlement(plan, SettlementSeal(digest: [1], blocks: [])))
    for patron in plan.patrons.indices { try commit(.drainPots(plan, patron..<patron + 1)) }
    for owner in plan.owners.indices { try commit(.payOwners(plan, owner..<owner + 1)) }
    try commit(.finishSettlement(plan))
    try commit(.withdraw(.account(.id(AccountID(2))), Micros(3), RequestKey("w")))
    return (life, ledger)
  }

  private func follow(_ life: [Rows]) throws(Finding) -> Ledger {
    var follower = try Ledger(
      following: life[0].effects, life[0].clicks, currency: "EUR", at: life[0].time)
    for rows in life.dropFirst() { try follower.follow(rows.effects, rows.clicks, at: rows.time) }
    return follower
  }

  @Test func `rows as they were committed lead to the same ledger`() throws {
    let (life, ledger) = try Self.live()
    try follow(life).check(against: ledger)
  }

  @Test func `a row that contradicts those before it is found by who follows, and stops nothing`() throws {
    let (life, _) = try Self.live()
    var random = SeededGenerator.printed()
    for round in 0..<3_000 {
      var changed = life
      let position = Int.random(in: life.indices, using: &random)
      change(&changed[position], &random)
      #expect(throws: Finding.self, "round \(round): \(life[position]) -> \(changed[position])") {
        _ = try follow(changed)
      }
    }
  }

  @Test func `what only says another thing leads to another ledger`() throws {
    let (life, ledger) = try Self.live()
    let another: [(of: Int, Effect)] = [
      (
        0,
        .accountOpened(AccountID(1), name: "", Fingerprint(high: 9, low: 9), displayName: "", budget: .zero)
      ),
      (18, .accountChanged(id: 5, AccountID(2), AccountChange(budget: Micros(6_999_999)))),
      (19, .thingChanged(id: 5, ThingID(2), ThingChange(retired: true))),
    ]
    for (position, effect) in another {
      var changed = life
      changed[position].effects[changed[position].effects.count == 1 ? 0 : position == 0 ? 1 : 0] = effect
      let other = try follow(changed)
      #expect(throws: Finding.self, "\(position)") { try other.check(against: ledger) }
    }
  }

  @Test func `a commit that is left out or comes twice is found, and a row that comes twice`() throws {
    let (life, ledger) = try Self.live()
    for position in life.indices {
      var (without, twice) = (life, life)
      twice.insert(life[position], at: position)
      #expect(throws: Finding.self, "\(position) twice") { _ = try follow(twice) }
      for row in life[position].effects.indices {
        var doubled = life
        doubled[position].effects.insert(life[position].effects[row], at: row)
        // Keys are not looked at.
        if case .keyBound = life[position].effects[row] { continue }
        #expect(throws: Finding.self, "row \(row) of \(position) twice") { _ = try follow(doubled) }
      }
      // A click that opened no pot leaves nothing behind its month; the chain has it.
      if life[position].effects.isEmpty { continue }
      without.remove(at: position)
      #expect(throws: Finding.self, "without \(position)") {
        try follow(without).check(against: ledger)
      }
    }
  }

  @Test func `money that goes the wrong way is refused, whatever its amounts say`() throws {
    let (life, _) = try Self.live()
    /// What is wrong with a transfer of one micro behind so many commits.
    func finding(
      after count: Int, _ kind: Transfer.Kind, available: Int64, pots: Int64
    ) throws -> Finding? {
      var follower = try follow(Array(life[..<count]))
      let transfer = Transfer(
        id: TransferID(follower.transferCount + 1), kind: kind, account: AccountID(1), amount: Micros(1),
        period: follower.openPeriod, forPeriod: Self.month, cause: nil, committedAt: follower.now,
        availableAfter: Micros(available), potsAfter: Micros(pots))
      do throws(Finding) { try follower.follow([.transfer(transfer)], [], at: follower.now) } catch {
        return error
      }
      return nil
    }
    // Out of a pot whose month is open, and into one whose month is closed.
    for wrong in [
      try finding(after: 21, .potReturn, available: 7_000_001, pots: 4_999_999),
      try finding(after: 22, .potOpen, available: 1_999_999, pots: 10_000_001),
    ] {
      #expect(wrong?.found.contains("has no place to move between") == true, "\(wrong as Any)")
    }
    // Out of a closed one, before there is a plan and then.
    let early = try finding(after: 22, .fee, available: 2_000_000, pots: 9_999_999)
    #expect(early?.expected == "a plan before anything is paid")
    #expect(try finding(after: 23, .fee, available: 2_000_000, pots: 9_999_999) == nil)
  }

  private func change(_ rows: inout Rows, _ random: inout SeededGenerator) {
    let parts = rows.effects.count + rows.clicks.count
    let part = Int.random(in: 0...parts, using: &random)
    if part == parts {
      rows.time = Timestamp(
        milliseconds: [
          .min, -1, 0, rows.time.milliseconds - 1, Self.month.next.next.start.milliseconds, .max,
        ]
        .randomElement(using: &random) ?? 0)
    } else if part >= rows.effects.count {
      rows.clicks[part - rows.effects.count] = changed(rows.clicks[part - rows.effects.count], &random)
    } else {
      rows.effects[part] = changed(rows.effects[part], &random)
    }
  }

  private func changed(_ click: ClickEffect, _ random: inout SeededGenerator) -> ClickEffect {
    let other = [0, -1, 5, 1 << 32, .min, .max].randomElement(using: &random) ?? 0 as Int64
    return switch Int.random(in: 0..<3, using: &random) {
    case 0: ClickEffect(patron: AccountID(other), thing: click.thing, isUndone: click.isUndone)
    case 1: ClickEffect(patron: click.patron, thing: ThingID(other), isUndone: click.isUndone)
    default: ClickEffect(patron: click.patron, thing: click.thing, isUndone: !click.isUndone)
    }
  }

  private func changed(_ effect: Effect, _ random: inout SeededGenerator) -> Effect {
    let number = [0, -1, 99, 1 << 32, .min, .max].randomElement(using: &random) ?? 0 as Int64
    switch effect {
    case .transfer(let transfer): return .transfer(changed(transfer, &random))
    case .periodOpened(let period, let terms):
      return switch Int.random(in: 0..<3, using: &random) {
      case 0: .periodOpened(Period(number: Int(clamping: number)), terms)
      case 1: .periodOpened(period, Terms(feeBps: 10_001))
      default: .periodOpened(period, Terms(feeBps: 300, minimum: .zero))
      }
    case .accountOpened(let id, let name, let fingerprint, let display, let budget):
      return switch Int.random(in: 0..<2, using: &random) {
      case 0: .accountOpened(AccountID(number), name: name, fingerprint, displayName: display, budget: budget)
      default: .accountOpened(id, name: name, fingerprint, displayName: display, budget: Micros(-1))
      }
    case .accountChanged(let id, let account, let change):
      return switch Int.random(in: 0..<3, using: &random) {
      case 0: .accountChanged(id: number, account, change)
      case 1: .accountChanged(id: id, AccountID(number), change)
      default: .accountChanged(id: id, account, AccountChange(budget: Micros(-1)))
      }
    case .thingAdded(let id, let owner, let thing):
      return Bool.random(using: &random)
        ? .thingAdded(ThingID(number), owner: owner, thing) : .thingAdded(id, owner: AccountID(number), thing)
    case .thingChanged(let id, let thing, let change):
      return Bool.random(using: &random)
        ? .thingChanged(id: number, thing, change) : .thingChanged(id: id, ThingID(number), change)
    case .keyBound: return .accountChanged(id: 1, AccountID(1), AccountChange())
    case .settlementPlanned: return .settlementFinished(Self.month)
    case .potsDrained(let plan, let positions):
      return [
        .potsDrained(plan, positions.lowerBound..<positions.lowerBound),
        .potsDrained(plan, positions.lowerBound..<plan.patrons.count + 1), .potsDrained(plan, 0..<0),
        .ownersPaid(plan, 0..<plan.owners.count),
      ].randomElement(using: &random) ?? effect
    case .ownersPaid(let plan, let positions):
      return [
        .settlementFinished(Period(number: Int(clamping: number))), .ownersPaid(plan, 0..<0),
        .ownersPaid(plan, positions.lowerBound..<plan.owners.count + 1),
      ].randomElement(using: &random) ?? effect
    case .settlementFinished: return .settlementFinished(Self.month.next)
    }
  }

  private func changed(_ transfer: Transfer, _ random: inout SeededGenerator) -> Transfer {
    let amounts = [0, 1, -1, 13_000_001, .min, .max].map(Micros.init)
    let periods = [nil, 0, -1, 683, .min, .max].map { $0.map(Period.init(number:)) }
    var (id, kind, account, amount) = (transfer.id, transfer.kind, transfer.account, transfer.amount)
    var (period, forPeriod, cause) = (transfer.period, transfer.forPeriod, transfer.cause)
    var (time, available, pots) = (transfer.committedAt, transfer.availableAfter, transfer.potsAfter)
    repeat {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: id = TransferID(Int64.random(in: -1...99, using: &random))
      case 1: kind = Transfer.Kind.allCases.randomElement(using: &random) ?? kind
      case 2:
        account =
          ([nil, 0, -1, 1, 2, 3, 99, .min, .max] as [Int64?]).map { $0.map(AccountID.init) }
          .randomElement(using: &random) ?? account
      case 3: amount = amounts.randomElement(using: &random) ?? amount
      case 4: period = Period(number: 680)
      case 5: forPeriod = periods.randomElement(using: &random) ?? forPeriod
      case 6: cause = cause == nil ? .budget(changeID: 1) : nil
      case 7: time = Timestamp(milliseconds: .max)
      case 8: available = amounts.randomElement(using: &random) ?? available
      default: pots = amounts.randomElement(using: &random) ?? pots
      }
    } while (id, kind, account, amount) == (transfer.id, transfer.kind, transfer.account, transfer.amount)
      && (period, forPeriod, cause) == (transfer.period, transfer.forPeriod, transfer.cause)
      && (time, available, pots) == (transfer.committedAt, transfer.availableAfter, transfer.potsAfter)
    return Transfer(
      id: id, kind: kind, account: account, amount: amount, period: period, forPeriod: forPeriod,
      cause: cause, committedAt: time, availableAfter: available, potsAfter: pots)
  }
}
