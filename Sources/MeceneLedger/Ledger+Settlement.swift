// Settlement: rules 5 to 7 of the economy, one bounded step at a time.
//
//     closed → planned → pots drained, by patron id → owners paid, by owner id → settled
//
// Each step says how far it got, so a step that is repeated after a crash finds where to go on, and money never
// moves twice.
extension Ledger {
  /// How far a period's settlement is.
  package struct SettlementProgress: Sendable, Hashable {
    package let digest: [UInt8]?
    package let drainedThrough: AccountID
    package let paidThrough: AccountID
  }

  /// The progress of the oldest unsettled period.
  package var settlementProgress: SettlementProgress? {
    unsettled.first.map {
      SettlementProgress(digest: $0.digest, drainedThrough: $0.drainedThrough, paidThrough: $0.paidThrough)
    }
  }

  /// Whether `period` can be settled now; throws why not. A settled period passes.
  package func checkSettleable(_ period: Period) throws(Refusal) {
    guard period >= firstPeriod, period <= openPeriod else { throw .periodNotFound(period) }
    guard period < openPeriod else {
      throw Refusal(
        .periodOpen, field: "period", "the period \(period) is still open", ["period": "\(period)"])
    }
    if let oldest = oldestUnsettled, oldest < period {
      throw Refusal(
        .earlierPeriodUnsettled, field: "period",
        "the period \(oldest) has to be settled before \(period)",
        ["period": "\(period)", "oldest_unsettled_period": "\(oldest)"])
    }
  }

  mutating func planSettlement(_ plan: SettlementPlan, _ seal: SettlementSeal) throws(Refusal) -> Outcome {
    let digest = seal.digest
    try checkSettleable(plan.period)
    guard let current = unsettled.first, current.period == plan.period else { return .done }
    if let begun = current.digest {
      guard begun == digest else {
        throw Refusal(
          .digestMismatch, field: "period",
          "the plan of \(plan.period) was begun with the digest \(hexadecimal(begun)) and is now "
            + "\(hexadecimal(digest)); nothing more is paid",
          ["begun_digest": hexadecimal(begun), "digest": hexadecimal(digest)])
      }
      try checkAgainstBooks(plan)
      return .done
    }
    try checkAgainstBooks(plan)
    // Past the last refusal: from here on it must succeed.
    unsettled[0].digest = digest
    effects.append(.settlementPlanned(plan, seal))
    return .done
  }

  /// Compares a part of a plan, so that a plan of a million pots keeps nobody waiting when it is fixed.
  mutating func checkPlan(_ plan: SettlementPlan, rows: Int) throws(Refusal) -> Outcome {
    try checkSettleable(plan.period)
    if unsettled.first?.turning != nil { turnNext(accounts: rows) }
    guard let current = unsettled.first, current.period == plan.period, current.turning == nil else {
      return .done
    }
    var check = current.check.flatMap { $0.plan === plan ? $0 : nil } ?? PlanCheck(plan, current)
    unsettled[0].check = nil
    do throws(Finding) {
      try check.goOn(current, rows: rows) { thing in
        things.indices.contains(thing) ? things[thing].owner.id.rawValue : nil
      }
    } catch {
      throw .booksInconsistent(error)
    }
    unsettled[0].check = check
    return .done
  }

  /// Compares what is left to compare, and then the sums.
  private mutating func checkAgainstBooks(_ plan: SettlementPlan) throws(Refusal) {
    _ = try checkPlan(plan, rows: .max)
    defer { unsettled[0].check = nil }
    do throws(Finding) { try unsettled[0].check?.end(unsettled[0]) } catch {
      throw .booksInconsistent(error)
    }
    unsettled[0].plan = plan
  }

  /// Refuses a step that does not go on from where the ledger is. Memory may have been read back since the plan was compared
  /// with it, from rows that somebody changed.
  private mutating func checkGoesOn(
    _ plan: SettlementPlan, _ goesOn: (UnsettledPeriod) -> Bool
  ) throws(Refusal) {
    if unsettled[0].digest != nil, unsettled[0].plan !== plan { try checkAgainstBooks(plan) }
    guard unsettled[0].digest != nil, goesOn(unsettled[0]) else {
      throw .booksInconsistent(
        Finding(
          table: "settlement", key: "\(plan.period)", expected: "a settlement as far as it was carried out",
          found: unsettled[0].digest == nil ? "none" : "one that is behind"))
    }
  }

  mutating func drainPots(_ plan: SettlementPlan, _ positions: Range<Int>) throws(Refusal) -> Outcome {
    guard unsettled.first?.period == plan.period else { return .done }
    // A step that is repeated after a crash leaves out what it has done.
    let remaining = positions.drop { plan.patrons[$0].id <= unsettled[0].drainedThrough }
    try checkGoesOn(plan) { current in
      remaining.first.map { current.pots.held(by: plan.patrons[$0].id) != nil } ?? true
    }
    // Past the last refusal: from here on it must succeed.
    for position in remaining { drain(plan.patrons[position], plan) }
    if !remaining.isEmpty { effects.append(.potsDrained(plan, remaining)) }
    return .done
  }

  private mutating func drain(_ patron: SettlementPlan.Patron, _ plan: SettlementPlan) {
    invariant(
      unsettled[0].pots.held(by: patron.id) == patron.pot,
      "the plan has another pot for patron \(patron.id) than the books")
    unsettled[0].drainedThrough = patron.id
    let index = AccountIndex(patron.id)
    if patron.clicks.isEmpty {
      let transfer = post(.potReturn, index, patron.pot, forPeriod: plan.period)
      topUp(index, cause: .credit(transfer.id))
    } else {
      if patron.fee > .zero { post(.fee, index, patron.fee, forPeriod: plan.period) }
      let given = patron.pot - patron.fee
      if given > .zero { post(.give, index, given, forPeriod: plan.period) }
    }
    invariant(
      unsettled[0].pots.held(by: patron.id) == nil, "something is left in the pot of patron \(patron.id)")
  }

  mutating func payOwners(_ plan: SettlementPlan, _ positions: Range<Int>) throws(Refusal) -> Outcome {
    guard unsettled.first?.period == plan.period else { return .done }
    let remaining = positions.drop { plan.owners[$0].id <= unsettled[0].paidThrough }
    try checkGoesOn(plan) { $0.pots.left.isEmpty }
    // Past the last refusal: from here on it must succeed.
    for owner in plan.owners[remaining] {
      unsettled[0].paidThrough = owner.id
      guard owner.micros > .zero else { continue }
      let index = AccountIndex(owner.id)
      let transfer = post(.revenue, index, owner.micros, forPeriod: plan.period)
      topUp(index, cause: .credit(transfer.id))
    }
    if !remaining.isEmpty { effects.append(.ownersPaid(plan, remaining)) }
    return .done
  }

  mutating func finishSettlement(_ plan: SettlementPlan) throws(Refusal) -> Outcome {
    guard unsettled.first?.period == plan.period else { return .done }
    try checkGoesOn(plan) { $0.pots.left.isEmpty && $0.clearing == .zero }
    // Past the last refusal: from here on it must succeed.
    unsettled.removeFirst()
    lastSettled = plan.period
    effects.append(.settlementFinished(plan.period))
    return .done
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
