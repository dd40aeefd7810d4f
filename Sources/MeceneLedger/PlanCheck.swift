/// Holds a plan against what the ledger knows, some rows at a time. The plan is made from rows of the disk, the state from
/// others. What is still to be moved has to be the same in both: nothing is moved otherwise.
struct PlanCheck: Sendable {
  let plan: SettlementPlan
  private var patrons = 0
  private var owners = 0
  /// The pots that are still to be compared.
  private var left: ArraySlice<PotList.Pot>
  private var clearing = Micros.zero

  init(_ plan: SettlementPlan, _ current: Ledger.UnsettledPeriod) {
    self.plan = plan
    left = current.pots.left
  }

  /// Compares the next rows.
  ///
  /// - Parameter owner: The owner's account by a thing's position; nil for a thing that there is none of.
  /// - Throws: The first row that differs.
  mutating func goOn(
    _ current: Ledger.UnsettledPeriod, rows: Int, owner: (Int) -> Int64?
  ) throws(Finding) {
    var rows = rows
    while patrons < plan.patrons.count, rows > 0 {
      try check(plan.patrons[patrons], current)
      patrons += 1
      rows -= 1
    }
    while owners < plan.owners.count, rows > 0 {
      try check(plan.owners[owners], current, owner)
      rows -= plan.owners[owners].things.count
      owners += 1
    }
  }

  /// Compares the sums, once all rows were.
  func end(_ current: Ledger.UnsettledPeriod) throws(Finding) {
    guard plan.terms == current.terms else {
      throw Finding(
        table: "period", key: "\(plan.period)", expected: "\(current.terms)", found: "\(plan.terms)")
    }
    if let clicks = current.clicks, clicks != plan.totals.clicks {
      throw Finding(
        table: "click_log", key: "\(plan.period)", expected: "\(clicks) clicks that stand",
        found: "\(plan.totals.clicks)")
    }
    guard left.isEmpty, clearing == current.clearing else {
      let known = current.pots.left.count
      throw Finding(
        table: "settlement", key: "\(plan.period)",
        expected: "\(known - left.count) pots and \(clearing) in clearing",
        found: "\(known) pots and \(current.clearing)")
    }
  }

  private mutating func check(
    _ patron: SettlementPlan.Patron, _ current: Ledger.UnsettledPeriod
  ) throws(Finding) {
    if patron.id <= current.drainedThrough {
      if !patron.clicks.isEmpty { clearing += patron.pot - patron.fee }
      return
    }
    let pot = left.popFirst()
    if let pot, pot.account < patron.id {
      throw Finding(
        table: "settlement", key: "\(plan.period) drained_through",
        expected: "no pot left of a patron up to \(current.drainedThrough)",
        found: "\(pot.amount) of patron \(pot.account)")
    }
    guard let pot, pot.account == patron.id, pot.amount == patron.pot else {
      let found = pot?.account == patron.id ? pot?.amount : nil
      throw Finding(
        table: "pot", key: "\(plan.period) \(patron.id)", expected: "\(patron.pot)",
        found: found.map { "\($0)" } ?? "none")
    }
  }

  private mutating func check(
    _ owner: SettlementPlan.Owner, _ current: Ledger.UnsettledPeriod, _ ownerOf: (Int) -> Int64?
  ) throws(Finding) {
    for thing in plan.revenue[owner.things] {
      let known = ownerOf(Int(thing.thing.rawValue) - 1)
      guard known == owner.id.rawValue else {
        throw Finding(
          table: "thing", key: "\(thing.thing) owner_id", expected: known.map { "\($0)" } ?? "a thing",
          found: "\(owner.id)")
      }
    }
    if owner.id <= current.paidThrough { clearing -= owner.micros }
  }
}
