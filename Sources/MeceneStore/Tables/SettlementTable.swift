internal import MeceneLedger

/// Settlements: a row when one is planned, which its end fills in, and derived, how far it is.
struct SettlementTable {
  static let table = JournalTable(
    number: .settlement, name: "settlement", order: .few(key: "period", commit: "commit_sequence"),
    columns: [
      .integer("period").primaryKey, .blob("digest"), .integer("pots"), .integer("clicks"),
      .integer("owners"),
      .integer("pots_micros"), .integer("fees_micros"), .integer("revenue_micros"),
      .integer("returned_micros"),
    ], own: [.integer("settled_sequence").orNothing],
    derived: [.integer("drained_through"), .integer("paid_through")])
  /// The end, which is a row of the chain though not one of the table.
  static let end = JournalTable(
    number: .settlementEnd, name: "settlement", order: .few(key: "period", commit: "settled_sequence"),
    columns: [.integer("period")])

  private let insert: JournalInsert
  private let finish, drainedThrough, paidThrough: Statement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(
      connection, Self.table,
      others: ["commit_sequence": "?", "drained_through": "0", "paid_through": "0"])
    finish = try connection.prepare("UPDATE settlement SET settled_sequence = ? WHERE period = ?")
    drainedThrough = try connection.prepare("UPDATE settlement SET drained_through = ? WHERE period = ?")
    paidThrough = try connection.prepare("UPDATE settlement SET paid_through = ? WHERE period = ?")
  }

  func append(
    _ plan: SettlementPlan, _ seal: SettlementSeal, to commit: inout OpenCommit
  ) throws(StoreError) {
    let totals = plan.totals
    try insert.append(
      [
        .integer(Int64(plan.period.number)), .blob(seal.digest), .integer(Int64(totals.pots)),
        .integer(Int64(totals.clicks)), .integer(Int64(totals.owners)), .integer(totals.potsMicros.rawValue),
        .integer(totals.feesMicros.rawValue), .integer(totals.revenueMicros.rawValue),
        .integer(totals.returnedMicros.rawValue),
      ], .integer(commit.sequence), to: &commit)
  }

  /// What a row of a log says of a plan.
  static func planned(_ row: JournalRow) -> (period: Period, digest: [UInt8]) {
    (Period(number: Int(clamping: row.integer(0))), row.bytes(1))
  }

  func end(_ period: Period, in commit: inout OpenCommit) throws(StoreError) {
    commit.rows.append(Self.end, [.integer(Int64(period.number))])
    try finish.run(.integer(commit.sequence), .integer(Int64(period.number)))
  }

  func setDrained(through patron: AccountID, _ period: Period) throws(StoreError) {
    try drainedThrough.run(.integer(patron.rawValue), .integer(Int64(period.number)))
  }

  func setPaid(through owner: AccountID, _ period: Period) throws(StoreError) {
    try paidThrough.run(.integer(owner.rawValue), .integer(Int64(period.number)))
  }

  /// Reads how far the one under way is.
  static func restore(
    _ holdings: inout LedgerBuilder.Holdings, from book: BookWriter
  ) throws(StoreError) {
    try book.restore(
      """
      SELECT s.period, s.digest, s.drained_through, s.paid_through,
        coalesce((SELECT sum(CASE
            WHEN kind IN (\(Transfer.Kind.intoClearing)) THEN amount_micros
            WHEN kind IN (\(Transfer.Kind.outOfClearing)) THEN -amount_micros ELSE 0 END)
          FROM transfer WHERE for_period = s.period AND commit_sequence >= s.commit_sequence), 0)
      FROM settlement s WHERE s.settled_sequence IS NULL
      """
    ) { row throws(Finding) in
      try holdings.setSettlement(
        of: Period(number: Int(row.integer(0))), digest: row.blob(1),
        drainedThrough: AccountID(row.integer(2)), paidThrough: AccountID(row.integer(3)),
        clearing: Micros(row.integer(4)))
    }
  }

  /// The settled months.
  static func settled(in book: BookWriter) throws(StoreError) -> [Period] {
    var settled: [Period] = []
    try book.query("SELECT period FROM settlement WHERE settled_sequence IS NOT NULL") {
      settled.append(Period(number: Int($0.integer(0))))
    }
    return settled
  }
}
