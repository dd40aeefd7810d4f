// Following books: what another ledger committed, one commit after the other. Rows are taken by the functions that take them at a start,
// and money is moved by `post`. What no ledger would have committed is thrown as a `Finding`; then this one is of no use any more.
extension Ledger {
  /// A ledger that follows books from their first commit on.
  ///
  /// - Parameter effects: The first commit's.
  package init(
    following effects: [Effect], _ clicks: [ClickEffect], currency: String, at time: Timestamp
  ) throws(Finding) {
    guard case .periodOpened(let period, let terms)? = effects.first else {
      throw Finding(table: "period", key: "number", expected: "a month", found: "none")
    }
    try period.check(follows: nil)
    try terms.check(of: period)
    self.init(
      currency: currency, terms: terms, at: time, open: OpenPeriod(period: period, terms: terms))
    try follow(effects.dropFirst(), clicks, at: time)
  }

  /// Takes the rows of the next commit. They leave no effects.
  ///
  /// - Parameter time: The commit's.
  package mutating func follow(
    _ rows: some Sequence<Effect>, _ clicks: [ClickEffect], at time: Timestamp
  ) throws(Finding) {
    try Finding.expect(
      "commit_log", "time", "a time that the ledger can have, and not before the last commit's",
      time >= now && time == Self.clamped(time), found: "\(time.milliseconds) ms")
    now = time
    for row in rows { try follow(row) }
    try Finding.expect(
      "commit_log", "time", "a time in \(openPeriod)", time.period == openPeriod, found: "\(time.period)")
    if let settled = unsettled.first, let last = settled.pots.lastDrained {
      try Finding.expect(
        "settlement", "\(settled.period) drained_through", "\(last)", settled.drainedThrough == last,
        found: "\(settled.drainedThrough)")
    }
    try restoreClicks(clicks)
  }

  private mutating func follow(_ row: Effect) throws(Finding) {
    switch row {
    case .periodOpened(let period, let terms):
      try period.check(follows: openPeriod)
      try terms.check(of: period)
      nextTerms = terms
      closePeriod()
      turnNext(accounts: .max)
      closedClicks = nil
    case .accountOpened(let id, _, let fingerprint, _, let budget):
      try restore(
        AccountRow(
          id: id, fingerprint: fingerprint, budget: budget, available: .zero, pots: .zero, isClosed: false))
      accountChangeCount += 1
    case .accountChanged(let number, let id, let change):
      let index = try restoredIndex(id, "account_change", "\(number)")
      let budget = change.budget ?? .zero
      try Finding.expect(
        "account_change", "\(number)", "a budget of 0 or more", budget >= .zero, found: "\(budget)")
      accounts[index].budget = change.budget ?? accounts[index].budget
      standings[index].isClosed = change.closed ?? standings[index].isClosed
      try Self.count(&accountChangeCount, number, "account_change")
    case .thingAdded(let id, let owner, let thing):
      try restore(ThingRow(id: id, fingerprint: thing.fingerprint, owner: owner, isRetired: false))
      thingChangeCount += 1
    case .thingChanged(let number, let id, let change):
      guard id.rawValue >= 1, id.rawValue <= things.count else {
        throw Finding(
          table: "thing_change", key: "\(number)", expected: "a thing from 1 to \(things.count)",
          found: "\(id)")
      }
      let index = Int(id.rawValue) - 1
      things[index].isRetired = change.retired ?? things[index].isRetired
      try Self.count(&thingChangeCount, number, "thing_change")
    case .transfer(let transfer): try follow(transfer)
    // Keys are looked up in the books.
    case .keyBound: break
    case .settlementPlanned(let plan, let seal):
      try checkSettling(plan.period, isPlanned: false)
      unsettled[0].digest = seal.digest
    case .potsDrained(let plan, let positions):
      try checkSettling(plan.period, isPlanned: true)
      if let last = positions.last { unsettled[0].drainedThrough = plan.patrons[last].id }
    case .ownersPaid(let plan, let positions):
      try checkSettling(plan.period, isPlanned: true)
      if let last = positions.last { unsettled[0].paidThrough = plan.owners[last].id }
    case .settlementFinished(let period):
      try checkSettling(period, isPlanned: true)
      let (pots, clearing) = (unsettled[0].pots, unsettled[0].clearing)
      try Finding.expect(
        "settlement", "\(period)", "nothing left in its pots and in clearing",
        pots.left.isEmpty && clearing == .zero, found: "\(clearing) in clearing")
      unsettled.removeFirst()
      lastSettled = period
    }
  }

  /// Moves what a transfer says, and compares what is left with what it says.
  private mutating func follow(_ transfer: Transfer) throws(Finding) {
    func unsound(_ expected: String, found: String) -> Finding {
      Finding(table: "transfer", key: "\(transfer.id)", expected: expected, found: found)
    }
    let index = try transfer.account.map { account throws(Finding) in
      try restoredIndex(account, "transfer", "\(transfer.id)")
    }
    if let obstacle = obstacle(
      to: transfer.kind, index, transfer.amount, forPeriod: transfer.forPeriod, cause: transfer.cause)
    {
      throw unsound("a movement that there can be", found: obstacle)
    }
    let made = post(
      transfer.kind, index, transfer.amount, forPeriod: transfer.forPeriod, cause: transfer.cause)
    effects.removeAll(keepingCapacity: true)
    guard made == transfer else {
      throw unsound(
        "the number \(made.id), and \(made.availableAfter) and \(made.potsAfter) after it",
        found: "\(transfer.availableAfter) and \(transfer.potsAfter)")
    }
  }

  private static func count(_ counter: inout Int64, _ number: Int64, _ table: String) throws(Finding) {
    counter += 1
    try Finding.expect(table, "\(number)", "the number \(counter)", number == counter)
  }

  /// Checks that a month is the next to be settled, and whether its plan is fixed.
  private func checkSettling(_ period: Period, isPlanned: Bool) throws(Finding) {
    guard let next = unsettled.first, next.period == period else {
      throw Finding(
        table: "settlement", key: "\(period)",
        expected: oldestUnsettled.map { "\($0), the oldest that is not settled" } ?? "no settlement",
        found: "another")
    }
    try Finding.expect(
      "settlement", "\(period)", "one plan, before anything is paid", (next.digest != nil) == isPlanned,
      found: isPlanned ? "none" : "a second one")
  }
}
