// Bringing rows of the books into memory: at a start (see `LedgerBuilder`), and when a ledger follows books (see `Ledger+Following`). What
// no sound books hold is thrown as a `Finding`, because memory that follows from it would trap later.
extension Ledger {
  /// Makes room for this many accounts.
  mutating func reserveAccounts(_ count: Int) {
    accounts.reserveCapacity(count)
    standings.reserveCapacity(count)
    accountNames.reserveCapacity(count)
  }

  /// The next account.
  mutating func restore(_ row: AccountRow) throws(Finding) {
    try Finding.expect(
      "account", "\(row.id)", "the number \(accounts.count + 1), of at most \(Self.accountsMax)",
      row.id.rawValue == accounts.count + 1 && accounts.count < Self.accountsMax)
    let least = min(row.budget, row.available, row.pots)
    try Finding.expect("account", "\(row.id)", "amounts of 0 or more", least >= .zero, found: "\(least)")
    let fingerprint = try Finding.fingerprint(row.fingerprint, of: "account", "\(row.id)")
    let known = accountNames.updateValue(AccountIndex(row.id), forKey: fingerprint)
    try Finding.expect(
      "account", "\(row.id) fingerprint", "a name of its own", known == nil, found: "that of another account")
    accounts.append(AccountState(budget: row.budget, available: row.available, pots: row.pots))
    standings.append(Standing(isClosed: row.isClosed, turn: open.turn))
  }

  /// Makes room for this many things.
  mutating func reserveThings(_ count: Int) {
    things.reserveCapacity(count)
    thingURLs.reserveCapacity(count)
  }

  /// The next thing.
  mutating func restore(_ row: ThingRow) throws(Finding) {
    try Finding.expect(
      "thing", "\(row.id)", "the number \(things.count + 1), of at most \(Self.thingsMax)",
      row.id.rawValue == things.count + 1 && things.count < Self.thingsMax)
    let owner = try restoredIndex(row.owner, "thing", "\(row.id)")
    let fingerprint = try Finding.fingerprint(row.fingerprint, of: "thing", "\(row.id)")
    let known = thingURLs.updateValue(UInt32(things.count), forKey: fingerprint)
    try Finding.expect(
      "thing", "\(row.id) fingerprint", "a URL of its own", known == nil, found: "that of another thing")
    things.append(ThingState(owner: owner, isRetired: row.isRetired))
  }

  /// What a later transfer left of an account's money.
  mutating func restoreBalances(
    of id: AccountID, available: Micros, pots: Micros
  ) throws(Finding) {
    let index = try restoredIndex(id, "transfer", "account \(id)")
    try Finding.expect(
      "transfer", "account \(id)", "amounts of 0 or more", min(available, pots) >= .zero,
      found: "\(min(available, pots))")
    accounts[index].available = available
    accounts[index].pots = pots
  }

  /// How far the settlement of the oldest unsettled period got.
  mutating func restoreSettlement(
    of period: Period, digest: [UInt8], drainedThrough: AccountID, paidThrough: AccountID, clearing: Micros
  ) throws(Finding) {
    try Finding.expect(
      "settlement", "\(period)", "0 or more in clearing", clearing >= .zero, found: "\(clearing)")
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
  mutating func restorePot(
    of period: Period, patron: AccountID, _ amount: Micros
  ) throws(Finding) {
    let index = try restoredIndex(patron, "pot", "\(period) \(patron)")
    try Finding.expect(
      "pot", "\(period) \(patron)", "an amount of 0 or more", amount >= .zero, found: "\(amount)")
    if period == openPeriod {
      standings[index].openPot = amount
    } else if let position = unsettled.firstIndex(where: { $0.period == period }) {
      let isNext = unsettled[position].pots.append(patron, amount)
      try Finding.expect("pot", "\(period) \(patron)", "one row for each patron, in their order", isNext)
    } else {
      throw Finding(
        table: "pot", key: "\(period) \(patron)", expected: "nothing left of a settled period",
        found: "\(amount)")
    }
  }

  /// Makes room for the open period's clicks.
  mutating func reserveClicks(_ count: Int) { open.clicks.reserve(count) }

  /// Rows of the open period's click log, in their order. They are read ahead together: see `prefetch`.
  mutating func restoreClicks(_ rows: [ClickEffect]) throws(Finding) {
    for start in stride(from: 0, to: rows.count, by: Self.prefetchMax) {
      let part = rows[start..<min(start + Self.prefetchMax, rows.count)]
      for row in part { prefetch(row.patron, row.thing) }
      for row in part { try restoreClick(patron: row.patron, thing: row.thing, undone: row.isUndone) }
    }
  }

  private mutating func restoreClick(
    patron: AccountID, thing: ThingID, undone: Bool
  ) throws(Finding) {
    let index = try restoredIndex(patron, "click_log", "\(openPeriod) \(patron) \(thing)")
    let target = UInt32(try restoredThing(thing, "click_log", "\(openPeriod) \(patron) \(thing)"))
    let place = open.clicks.find(patron: index.rawValue, thing: target)
    guard place.isStanding == undone else {
      throw Finding(
        table: "click_log", key: "\(openPeriod) \(patron) \(thing)",
        expected: "clicks and undone clicks in turn",
        found: undone ? "an undone click without its click" : "a second click")
    }
    if undone {
      let head = standings[index].newestClick
      if open.clicks.remove(patron: index.rawValue, thing: target, head: head) {
        standings[index].clicks -= 1
      }
    } else {
      standings[index].clicks += 1
      standings[index].newestClick = open.clicks.insert(
        at: place, patron: index.rawValue, thing: target, head: standings[index].newestClick,
        clicks: standings[index].clicks)
    }
  }

  /// The sums and counters; the last step. All money has to be somewhere, so that nothing can overflow later.
  mutating func restoreTotals(
    money: Micros, fees: Micros, transfers: Int64, accountChanges: Int64, thingChanges: Int64
  ) throws(Finding) {
    try Finding.expect("ledger", "fees_micros", "0 or more", fees >= .zero, found: "\(fees)")
    self.money = money
    self.fees = fees
    transferCount = transfers
    accountChangeCount = accountChanges
    thingChangeCount = thingChanges
    var held: Micros? = fees
    for account in accounts { held = held?.adding(account.available)?.adding(account.pots) }
    for period in unsettled { held = held?.adding(period.clearing) }
    try Finding.expect(
      "ledger", "money_micros",
      "\(held.map(\.description) ?? "a sum that fits"), which is what accounts and fees hold",
      held == money, found: "\(money)")
    try checkPotsHold()
  }

  private func checkPotsHold() throws(Finding) {
    var inPots = standings.map(\.openPot)
    for period in unsettled {
      for (patron, amount) in period.pots.left {
        let index = AccountIndex(patron).position
        // Checked against the account's column next, so a sum that doesn't fit is as wrong as any other.
        inPots[index] = inPots[index].adding(amount) ?? Micros(-1)
      }
    }
    for (index, amount) in inPots.enumerated() {
      try Finding.expect(
        "account", "\(index + 1) pots_micros", "\(amount), which is what its pots hold",
        amount == accounts[index].pots, found: "\(accounts[index].pots)")
    }
  }

  // Inlined, because the whole ledger would be copied to be asked, for each click of a month.

  /// Where a thing stands in memory.
  @inline(__always) func restoredThing(
    _ id: ThingID, _ table: String, _ key: @autoclosure () -> String
  ) throws(Finding) -> Int {
    guard id.rawValue >= 1, id.rawValue <= things.count else {
      throw Finding(
        table: table, key: key(), expected: "a thing from 1 to \(things.count)", found: "\(id)")
    }
    return Int(id.rawValue) - 1
  }

  @inline(__always) func restoredIndex(
    _ id: AccountID, _ table: String, _ key: @autoclosure () -> String
  ) throws(Finding) -> AccountIndex {
    guard id.rawValue >= 1, id.rawValue <= accounts.count else {
      throw Finding(
        table: table, key: key(), expected: "an account from 1 to \(accounts.count)", found: "\(id)")
    }
    return AccountIndex(id)
  }
}

extension Period {
  /// Checks that it is the month behind another, or the first.
  func check(follows last: Period?) throws(Finding) {
    try Finding.expect(
      "period", "\(number)", "a month up to \(Period.last), without a gap",
      self == last?.next ?? self && number >= 0 && self <= .last)
  }
}

extension Terms {
  func check(of period: Period) throws(Finding) {
    try Finding.expect(
      "period", "\(period)", "a fee of 0 to 10000 and a minimum above 0",
      (0...10_000).contains(feeBps) && minimum > .zero, found: "\(feeBps) and \(minimum)")
  }
}
