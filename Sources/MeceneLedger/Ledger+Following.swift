// Following books: what another ledger committed, one commit after the other. Rows are taken by the functions that take them at a start,
// and money is moved by `post`. What contradicts the rows before, or would trap later, is thrown as a `Finding`; then this ledger is of
// no use any more. Whether a click or a key was allowed is not decided again: that the rows are those that were committed is the
// chain's to prove.
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
    _ rows: some Collection<Effect>, _ clicks: [ClickEffect], at time: Timestamp
  ) throws(Finding) {
    try Finding.expect(
      "commit_log", "time", "a time that the ledger can have, and not before the last commit's",
      time >= now && time == Self.clamped(time), found: "\(time.milliseconds) ms")
    now = time
    for row in rows { try follow(row) }
    try Finding.expect(
      "commit_log", "time", "a time in \(openPeriod)", time.period == openPeriod, found: "\(time.period)")
    try checkSettled(by: rows)
    try restoreClicks(clicks)
  }

  private mutating func follow(_ row: Effect) throws(Finding) {
    switch row {
    case .periodOpened(let period, let terms):
      try period.check(follows: openPeriod)
      try terms.check(of: period)
      closePeriod(opening: terms)
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
        "account_change", "\(number)", "a budget of 0 or more, and an account that stays closed",
        budget >= .zero && change.closed != false)
      accounts[index].budget = change.budget ?? accounts[index].budget
      standings[index].isClosed = change.closed ?? standings[index].isClosed
      try Self.count(&accountChangeCount, number, "account_change")
    case .thingAdded(let id, let owner, let thing):
      try restore(ThingRow(id: id, fingerprint: thing.fingerprint, owner: owner, isRetired: false))
      thingChangeCount += 1
    case .thingChanged(let number, let id, let change):
      let index = try restoredThing(id, "thing_change", "\(number)")
      things[index].isRetired = change.retired ?? things[index].isRetired
      try Self.count(&thingChangeCount, number, "thing_change")
    case .transfer(let transfer): try follow(transfer)
    // Keys are looked up in the books.
    case .keyBound: break
    case .settlementPlanned(let plan, let seal):
      try checkSettling(plan.period, isPlanned: false)
      unsettled[0].digest = seal.digest
      unsettled[0].plan = plan
    case .potsDrained(let plan, let positions):
      try checkSettling(plan.period, isPlanned: true, plan)
      unsettled[0].drainedThrough = try Self.reached(
        positions, of: plan.patrons, \.id, after: unsettled[0].drainedThrough, "drained_through")
    case .ownersPaid(let plan, let positions):
      try checkSettling(plan.period, isPlanned: true, plan)
      unsettled[0].paidThrough = try Self.reached(
        positions, of: plan.owners, \.id, after: unsettled[0].paidThrough, "paid_through")
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
    let index = try transfer.account.map { account throws(Finding) in
      try restoredIndex(account, "transfer", "\(transfer.id)")
    }
    if let obstacle = obstacle(
      to: transfer.kind, index, transfer.amount, forPeriod: transfer.forPeriod, cause: transfer.cause)
    {
      throw Finding(
        table: "transfer", key: "\(transfer.id)", expected: "a movement that there can be", found: obstacle)
    }
    let made = post(
      transfer.kind, index, transfer.amount, forPeriod: transfer.forPeriod, cause: transfer.cause)
    effects.removeAll(keepingCapacity: true)
    if made == transfer { return }
    for (column, expected, found) in [
      ("id", "\(made.id)", "\(transfer.id)"), ("period", "\(made.period)", "\(transfer.period)"),
      ("time", "\(made.committedAt.milliseconds)", "\(transfer.committedAt.milliseconds)"),
      ("available_after", "\(made.availableAfter)", "\(transfer.availableAfter)"),
      ("pots_after", "\(made.potsAfter)", "\(transfer.potsAfter)"),
    ] {
      try Finding.expect(
        "transfer", "\(transfer.id) \(column)", expected, expected == found, found: found)
    }
  }

  private static func count(_ counter: inout Int64, _ number: Int64, _ table: String) throws(Finding) {
    counter += 1
    try Finding.expect(table, "\(number)", "the number \(counter)", number == counter)
  }

  /// Checks that a month is the next to be settled, whether its plan is fixed, and that it is this one.
  private func checkSettling(
    _ period: Period, isPlanned: Bool, _ plan: SettlementPlan? = nil
  ) throws(Finding) {
    guard let next = unsettled.first, next.period == period else {
      throw Finding(
        table: "settlement", key: "\(period)",
        expected: oldestUnsettled.map { "\($0), the oldest that is not settled" } ?? "no settlement",
        found: "another")
    }
    let isOther = plan.flatMap { plan in next.plan.map { $0 !== plan } } ?? false
    try Finding.expect(
      "settlement", "\(period)", "one plan, before anything is paid",
      (next.digest != nil) == isPlanned && !isOther, found: isPlanned && !isOther ? "none" : "a second one")
  }

  /// The id that a step of a settlement reached, which goes on behind the one before.
  private static func reached<Row>(
    _ positions: Range<Int>, of rows: [Row], _ id: (Row) -> AccountID, after last: AccountID,
    _ column: String
  ) throws(Finding) -> AccountID {
    guard let end = positions.last else { return last }
    guard rows.indices.contains(positions.lowerBound), rows.indices.contains(end),
      id(rows[positions.lowerBound]) > last
    else {
      throw Finding(
        table: "settlement", key: column, expected: "accounts of the plan, behind \(last)",
        found: "the positions \(positions)")
    }
    return id(rows[end])
  }

  /// Checks that what a commit paid of a settlement is what it says that it reached.
  private func checkSettled(by rows: some Collection<Effect>) throws(Finding) {
    guard let settling = unsettled.first else { return }
    var (drains, owner) = (false, AccountID?.none)
    for case .transfer(let transfer) in rows where transfer.forPeriod == settling.period {
      let from = transfer.kind.line.from
      if from == .pot { drains = true }
      if from == .clearing { owner = transfer.account }
    }
    try Finding.expect(
      "settlement", "\(settling.period)", "a plan before anything is paid",
      settling.digest != nil || !drains && owner == nil, found: "none")
    let (drained, left) = (settling.pots.lastDrained, settling.pots.left.first?.account)
    try Finding.expect(
      "settlement", "\(settling.period) drained_through",
      "\(drained.map { "\($0)" } ?? "nobody"), whose pot went last",
      drained ?? settling.drainedThrough == settling.drainedThrough
        && left.map { $0 > settling.drainedThrough } ?? true,
      found: "\(settling.drainedThrough)")
    try Finding.expect(
      "settlement", "\(settling.period) paid_through", "\(owner ?? settling.paidThrough) or later",
      owner.map { $0 <= settling.paidThrough } ?? true, found: "\(settling.paidThrough)")
  }
}
