internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

extension [AccountID] {
  /// The owner of a thing, when this is the list of owners by thing.
  func owner(_ thing: ThingID) -> AccountID? {
    thing.rawValue >= 1 && thing.rawValue <= count ? self[Int(thing.rawValue) - 1] : nil
  }
}

extension BookFile {
  /// Makes the plan of an unsettled period from its rows.
  ///
  /// - Throws: A `Finding` when the rows contradict each other.
  func plan(_ period: Period, progress: (StageProgress) -> Void = { _ in }) throws -> SettlementPlan {
    var owners: [AccountID] = []
    return try plan(period, owners: &owners, progress: progress)
  }

  /// The same, with a list of owners that is kept for the next plan.
  ///
  /// - Parameter proves: Whether the clicks are held against the hashes of their commits.
  func plan(
    _ period: Period, owners: inout [AccountID], proves: Bool = false, progress: (StageProgress) -> Void
  ) throws -> SettlementPlan {
    let data = try periodData(period, provesClicks: proves) { done, total in
      progress(StageProgress("reading clicks", done, of: total))
    }
    progress(StageProgress("planning", 0, of: 0))
    // Whatever was clicked then is there now.
    try extend(&owners)
    do throws(Finding) {
      return try SettlementPlan(
        period: period, terms: data.terms, pots: data.pots, clicks: data.clicks, owner: owners.owner)
    } catch {
      // These clicks are not filed yet.
      let table = error.table == "click" ? "click_log" : error.table
      throw Finding(table: table, key: error.key, expected: error.expected, found: error.found)
    }
  }
}
