internal import MeceneLedger
internal import MeceneStore

/// What is kept of a settled period: enough to make its plan again.
struct FiledPeriod {
  let period: Period
  let terms: Terms
  let pots: [(patron: AccountID, pot: Micros)]
  let clicks: [(patron: AccountID, thing: ThingID)]
  /// What each click's owner got, by the clicks' positions.
  let shares: [Micros]
  let cursors: BookFile.SettlementCursors

  /// Makes the plan again, from the owners of all things.
  ///
  /// - Throws: A `Finding` when the rows contradict each other.
  func plan(_ owners: [AccountID]) throws(Finding) -> SettlementPlan {
    try SettlementPlan(period: period, terms: terms, pots: pots, clicks: clicks, owner: owners.owner)
  }
}

extension BookFile {
  /// Reads a settled period, whose rows don't change any more.
  func filedPeriod(_ period: Period) throws -> FiledPeriod {
    var clicks: [(patron: AccountID, thing: ThingID)] = []
    var shares: [Micros] = []
    let cursors = try forEachFiledClick(period) { patron, thing, share in
      clicks.append((patron, thing))
      shares.append(share)
    }
    let (terms, pots) = try read { (try $0.terms(of: period), try $0.pots(of: period)) }
    return FiledPeriod(
      period: period, terms: terms, pots: pots, clicks: clicks, shares: shares, cursors: cursors)
  }
}
