// Rebuilding the state from the books at start. Rows come in the order of their ids; the effects of rebuilding
// are none. What no sound books hold is thrown as a `Finding`, for memory that follows from it would trap later.
extension Ledger {
  /// Makes room for this many accounts and things.
  package mutating func reserve(accounts accountCount: Int, things thingCount: Int) {
    accounts.reserveCapacity(accountCount)
    standings.reserveCapacity(accountCount)
    accountNames.reserveCapacity(accountCount)
    things.reserveCapacity(thingCount)
    thingURLs.reserveCapacity(thingCount)
  }

  /// An account as the books have it.
  package struct RestoredAccount: Sendable {
    let id: AccountID
    let fingerprint: Fingerprint
    let budget: Micros
    let available: Micros
    let pots: Micros
    let isClosed: Bool

    package init(
      id: AccountID, fingerprint: Fingerprint, budget: Micros, available: Micros, pots: Micros, isClosed: Bool
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

  /// The next account, in the order of ids.
  package mutating func restoreAccount(_ row: RestoredAccount) throws(Finding) {
    try expect(
      "account", "\(row.id)", "the number \(accounts.count + 1)", row.id.rawValue == accounts.count + 1)
    let least = min(row.budget, row.available, row.pots)
    try expect("account", "\(row.id)", "amounts of 0 or more", least >= .zero, found: "\(least)")
    accountNames[row.fingerprint] = UInt32(accounts.count)
    accounts.append(AccountState(budget: row.budget, available: row.available, pots: row.pots))
    standings.append(Standing(isClosed: row.isClosed))
  }

  /// What a later transfer left of an account's money.
  package mutating func restoreBalances(
    of id: AccountID, available: Micros, pots: Micros
  ) throws(Finding) {
    let index = try restoredIndex(id, "transfer", "account \(id)")
    try expect(
      "transfer", "account \(id)", "amounts of 0 or more", min(available, pots) >= .zero,
      found: "\(min(available, pots))")
    accounts[index].available = available
    accounts[index].pots = pots
  }

  /// The next thing, in the order of ids.
  package mutating func restoreThing(_ row: RestoredThing) throws(Finding) {
    try expect("thing", "\(row.id)", "the number \(things.count + 1)", row.id.rawValue == things.count + 1)
    let owner = try restoredIndex(row.owner, "thing", "\(row.id)")
    guard let fingerprint = row.fingerprint else {
      throw Finding(
        table: "thing", key: "\(row.id) fingerprint", expected: "16 bytes", found: "another number of bytes")
    }
    thingURLs[fingerprint] = UInt32(things.count)
    things.append(ThingState(owner: UInt32(owner), isRetired: row.isRetired))
  }

  /// The next period, the oldest first. The last one is the open one.
  package mutating func restorePeriod(_ period: Period, _ terms: Terms, isSettled: Bool) throws(Finding) {
    let next = open?.period.next ?? period
    try expect(
      "period", "\(period.number)", "a month up to \(Period.last), without a gap",
      period == next && period.number >= 0 && period <= .last)
    try expect(
      "period", "\(period)", "a fee of 0 to 10000 and a minimum above 0",
      (0...10_000).contains(terms.feeBps) && terms.minimum > .zero,
      found: "\(terms.feeBps) and \(terms.minimum)")
    if firstPeriod == nil { firstPeriod = period }
    if let closing = open, closing.period != lastSettled {
      unsettled.append(UnsettledPeriod(period: closing.period, terms: closing.terms, pots: PotList()))
    }
    open = OpenPeriod(period: period, terms: terms)
    if isSettled { lastSettled = period }
  }

  /// How far the settlement of the oldest unsettled period got.
  package mutating func restoreSettlement(
    of period: Period, digest: [UInt8], drainedThrough: AccountID, paidThrough: AccountID, clearing: Micros
  ) throws(Finding) {
    try expect("settlement", "\(period)", "0 or more in clearing", clearing >= .zero, found: "\(clearing)")
    guard let position = unsettled.firstIndex(where: { $0.period == period }) else {
      throw Finding(
        table: "settlement", key: "\(period)", expected: "a closed period", found: "the state of another")
    }
    unsettled[position].digest = digest
    unsettled[position].drainedThrough = drainedThrough
    unsettled[position].paidThrough = paidThrough
    unsettled[position].clearing = clearing
  }

  /// A pot that still holds money.
  package mutating func restorePot(
    of period: Period, patron: AccountID, _ amount: Micros
  ) throws(Finding) {
    let index = try restoredIndex(patron, "pot", "\(period) \(patron)")
    try expect("pot", "\(period) \(patron)", "an amount of 0 or more", amount >= .zero, found: "\(amount)")
    if period == openPeriod {
      standings[index].openPot = amount
    } else if let position = unsettled.firstIndex(where: { $0.period == period }) {
      let isNext = unsettled[position].pots.append(patron, amount)
      try expect("pot", "\(period) \(patron)", "one row for each patron, in their order", isNext)
    } else {
      throw Finding(
        table: "pot", key: "\(period) \(patron)", expected: "nothing left of a settled period",
        found: "\(amount)")
    }
  }

  /// Makes room for the open period's clicks.
  package mutating func reserveClicks(_ count: Int) { open?.clicks.reserve(count) }

  /// Rows of the open period's click log, in their order. They are read ahead together: see `prefetch`.
  package mutating func restoreClicks(_ rows: [ClickEffect]) throws(Finding) {
    for start in stride(from: 0, to: rows.count, by: Self.prefetchMax) {
      let part = rows[start..<min(start + Self.prefetchMax, rows.count)]
      for row in part { prefetch(row.patron, row.thing) }
      for row in part { try restoreClick(patron: row.patron, thing: row.thing, undone: row.isUndone) }
    }
  }

  private mutating func restoreClick(
    patron: AccountID, thing: ThingID, undone: Bool
  ) throws(Finding) {
    guard patron.rawValue >= 1, patron.rawValue <= accounts.count, thing.rawValue >= 1,
      thing.rawValue <= things.count
    else {
      throw Finding(
        table: "click_log", key: "\(openPeriod) \(patron) \(thing)", expected: "a patron and a thing",
        found: "numbers that nothing has")
    }
    let (giver, target) = (UInt32(patron.rawValue - 1), UInt32(thing.rawValue - 1))
    guard let place = open?.clicks.find(patron: giver, thing: target), place.isStanding == undone else {
      throw Finding(
        table: "click_log", key: "\(openPeriod) \(patron) \(thing)",
        expected: "clicks and undone clicks in turn",
        found: undone ? "an undone click without its click" : "a second click")
    }
    let index = Int(giver)
    if undone {
      let head = standings[index].newestClick
      if open?.clicks.remove(patron: giver, thing: target, head: head) ?? false {
        standings[index].clicks -= 1
      }
    } else {
      standings[index].clicks += 1
      standings[index].newestClick =
        open?.clicks.insert(
          at: place, patron: giver, thing: target, head: standings[index].newestClick,
          clicks: standings[index].clicks) ?? ClickIndex.end
    }
  }

  /// The sums and counters; the last step. All money has to be somewhere, so that nothing can overflow later.
  package mutating func restoreTotals(
    money: Micros, fees: Micros, transfers: Int64, accountChanges: Int64, thingChanges: Int64
  ) throws(Finding) {
    try expect("ledger", "fees_micros", "0 or more", fees >= .zero, found: "\(fees)")
    self.money = money
    self.fees = fees
    transferCount = transfers
    accountChangeCount = accountChanges
    thingChangeCount = thingChanges
    var held: Micros? = fees
    for account in accounts { held = held?.adding(account.available)?.adding(account.pots) }
    for period in unsettled { held = held?.adding(period.clearing) }
    try expect(
      "ledger", "money_micros",
      "\(held.map(\.description) ?? "a sum that fits"), which is what accounts and fees hold",
      held == money, found: "\(money)")
    try checkPotsHold()
  }

  private func checkPotsHold() throws(Finding) {
    var inPots = standings.map(\.openPot)
    for period in unsettled {
      for (patron, amount) in period.pots.left {
        let index = Int(patron.rawValue) - 1
        // Checked against the account's column next, so a sum that doesn't fit is as wrong as any other.
        inPots[index] = inPots[index].adding(amount) ?? Micros(-1)
      }
    }
    for (index, amount) in inPots.enumerated() {
      try expect(
        "account", "\(index + 1) pots_micros", "\(amount), which is what its pots hold",
        amount == accounts[index].pots, found: "\(accounts[index].pots)")
    }
  }

  private func restoredIndex(
    _ id: AccountID, _ table: String, _ key: @autoclosure () -> String
  ) throws(Finding) -> Int {
    guard id.rawValue >= 1, id.rawValue <= accounts.count else {
      throw Finding(
        table: table, key: key(), expected: "an account from 1 to \(accounts.count)", found: "\(id)")
    }
    return Int(id.rawValue) - 1
  }

  private func expect(
    _ table: String, _ key: @autoclosure () -> String, _ expected: @autoclosure () -> String, _ holds: Bool,
    found: @autoclosure () -> String = "another"
  ) throws(Finding) {
    guard !holds else { return }
    throw Finding(table: table, key: key(), expected: expected(), found: found())
  }
}
