internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// Proves what a settlement is made from before it pays: that the rows on disk are those that were committed.
///
/// The first settlement after a start proves all commits, because memory was read from these rows; a later one those since its
/// month opened. What memory holds of the month is compared when the plan is handed to the ledger.
struct SettlementProof {
  /// The commit before the one that opened a month, for months that opened in what was proved.
  private var openings: [Period: CommitPoint] = [:]

  /// Proves the schema, the ledger's own row, and every commit that the month's settlement follows from, except clicks: those
  /// are held against their commits when the plan reads them.
  ///
  /// - Parameters:
  ///   - tip: The last commit, as the writer knows it.
  ///   - progress: Called with commits proved and commits in all.
  /// - Returns: How many commits were proved.
  /// - Throws: A `Finding` for the first that is wrong.
  mutating func prove(
    _ period: Period, in book: BookFile, through tip: CommitPoint, progress: (Int, Int) -> Void
  ) throws -> Int {
    try book.checkSchema()
    try book.checkIdentity()
    let start = openings[period] ?? .beginning
    var chain = ChainProof(after: start)
    try book.forEachCommit(after: start.number, through: tip.number, readsClicks: false) { commit, rows, _ in
      if let opened = rows.opened { openings[opened] = chain.last }
      try chain.check(commit, rows)
      let count = Int(commit.sequence - start.number)
      if count % 256 == 0 { progress(count, Int(tip.number - start.number)) }
    }
    guard chain.last == tip else {
      throw Finding(
        table: "commit_log", key: "\(tip.number)",
        expected: "link \(tip.link.hexadecimal), which the daemon left",
        found: chain.last.number < tip.number
          ? "commit \(chain.last.number) as the last" : "link \(chain.last.link.hexadecimal)")
    }
    openings = openings.filter { $0.key >= period }
    return Int(tip.number - start.number)
  }

  /// Holds a plan's pots against the movements that filled them.
  ///
  /// - Throws: A `Finding` for the first that differs.
  func checkPots(of plan: SettlementPlan, in book: BookFile) throws {
    var filled = try book.potsFilled(plan.period)
    for patron in plan.patrons {
      let index = Int(patron.id.rawValue)
      let expected = index < filled.count ? filled[index] : .zero
      guard expected == patron.pot else { throw Self.wrongPot(plan.period, patron.id, expected, patron.pot) }
      filled[index] = .zero
    }
    if let missing = filled.firstIndex(where: { $0 != .zero }) {
      throw Self.wrongPot(plan.period, AccountID(Int64(missing)), filled[missing], .zero)
    }
  }

  private static func wrongPot(
    _ period: Period, _ patron: AccountID, _ expected: Micros, _ found: Micros
  ) -> Finding {
    Finding(
      table: "pot", key: "\(period) \(patron) set_aside_micros", expected: "\(expected)", found: "\(found)")
  }
}
