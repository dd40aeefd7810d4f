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
    guard let firstPeriod, period >= firstPeriod, period <= openPeriod else { throw .periodNotFound(period) }
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
      try checkAgainstBooks(plan, current)
      return .done
    }
    try checkAgainstBooks(plan, current)
    unsettled[0].digest = digest
    effects.append(.settlementPlanned(plan, seal))
    return .done
  }

  /// The plan is made from rows of the disk, the state from others. What is still to be moved has to be the same in
  /// both: nothing is moved otherwise.
  private func checkAgainstBooks(_ plan: SettlementPlan, _ current: UnsettledPeriod) throws(Refusal) {
    guard plan.terms == current.terms else {
      throw .booksInconsistent(
        Finding(
          table: "period", key: "\(plan.period)", expected: "\(current.terms)", found: "\(plan.terms)"))
    }
    if let clicks = current.clicks, clicks != plan.totals.clicks {
      throw .booksInconsistent(
        Finding(
          table: "click_log", key: "\(plan.period)", expected: "\(clicks) clicks that stand",
          found: "\(plan.totals.clicks)"))
    }
    var clearing = Micros.zero
    var left = current.pots.left
    for patron in plan.patrons {
      if patron.id <= current.drainedThrough {
        if !patron.clicks.isEmpty { clearing += patron.pot - patron.fee }
        continue
      }
      guard let pot = left.popFirst(), pot.account == patron.id, pot.amount == patron.pot else {
        let found = current.pots.left.first { $0.account == patron.id }?.amount ?? .zero
        throw .booksInconsistent(
          Finding(
            table: "pot", key: "\(plan.period) \(patron.id)", expected: "\(patron.pot)", found: "\(found)"))
      }
    }
    for owner in plan.owners {
      guard owner.id.rawValue <= accounts.count else {
        throw .booksInconsistent(
          Finding(table: "account", key: "\(owner.id)", expected: "an owner's account", found: "none"))
      }
      for thing in plan.revenue[owner.things] {
        let index = Int(thing.thing.rawValue) - 1
        guard things.indices.contains(index), Int64(things[index].owner) + 1 == owner.id.rawValue else {
          throw .booksInconsistent(
            Finding(
              table: "thing", key: "\(thing.thing) owner_id",
              expected: things.indices.contains(index) ? "\(Int64(things[index].owner) + 1)" : "a thing",
              found: "\(owner.id)"))
        }
      }
      if owner.id <= current.paidThrough { clearing -= owner.micros }
    }
    guard left.isEmpty, clearing == current.clearing else {
      let known = current.pots.left.count
      throw .booksInconsistent(
        Finding(
          table: "settlement", key: "\(plan.period)",
          expected: "\(known - left.count) pots and \(clearing) in clearing",
          found: "\(known) pots and \(current.clearing)"))
    }
  }

  mutating func drainPots(_ plan: SettlementPlan, _ positions: Range<Int>) throws(Refusal) -> Outcome {
    guard unsettled.first?.period == plan.period else { return .done }
    precondition(unsettled[0].digest != nil, "pots are drained before the plan is fixed")
    // A step that is repeated after a crash leaves out what it has done.
    let remaining = positions.drop { plan.patrons[$0].id <= unsettled[0].drainedThrough }
    for position in remaining { drain(plan.patrons[position], plan) }
    if !remaining.isEmpty { effects.append(.potsDrained(plan, remaining)) }
    return .done
  }

  private mutating func drain(_ patron: SettlementPlan.Patron, _ plan: SettlementPlan) {
    guard let pot = unsettled[0].pots.removeFirst(of: patron.id), pot == patron.pot else {
      preconditionFailure("the plan has another pot for patron \(patron.id) than the books")
    }
    unsettled[0].drainedThrough = patron.id
    let index = Int(patron.id.rawValue) - 1
    guard !patron.clicks.isEmpty else {
      accounts[index].pots -= pot
      accounts[index].available += pot
      let transfer = record(.potReturn, index, pot, forPeriod: plan.period)
      return topUp(index, cause: .credit(transferID: transfer.id))
    }
    if patron.fee > .zero {
      accounts[index].pots -= patron.fee
      fees += patron.fee
      record(.fee, index, patron.fee, forPeriod: plan.period)
    }
    let given = pot - patron.fee
    if given > .zero {
      accounts[index].pots -= given
      unsettled[0].clearing += given
      record(.give, index, given, forPeriod: plan.period)
    }
  }

  mutating func payOwners(_ plan: SettlementPlan, _ positions: Range<Int>) throws(Refusal) -> Outcome {
    guard unsettled.first?.period == plan.period else { return .done }
    let remaining = positions.drop { plan.owners[$0].id <= unsettled[0].paidThrough }
    for owner in plan.owners[remaining] {
      unsettled[0].paidThrough = owner.id
      guard owner.micros > .zero else { continue }
      precondition(owner.micros <= unsettled[0].clearing, "the plan pays more than was given")
      unsettled[0].clearing -= owner.micros
      let index = Int(owner.id.rawValue) - 1
      accounts[index].available += owner.micros
      let transfer = record(.revenue, index, owner.micros, forPeriod: plan.period)
      topUp(index, cause: .credit(transferID: transfer.id))
    }
    if !remaining.isEmpty { effects.append(.ownersPaid(plan, remaining)) }
    return .done
  }

  mutating func finishSettlement(_ plan: SettlementPlan) throws(Refusal) -> Outcome {
    guard unsettled.first?.period == plan.period else { return .done }
    precondition(
      unsettled[0].pots.left.isEmpty && unsettled[0].clearing == .zero,
      "a settlement ended with money left in it")
    unsettled.removeFirst()
    lastSettled = plan.period
    effects.append(.settlementFinished(plan.period))
    return .done
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
