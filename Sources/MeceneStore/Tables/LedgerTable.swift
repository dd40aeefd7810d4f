internal import MeceneLedger

/// The one ledger: what was written once, when it was made, and derived, the sums of its money.
struct LedgerTable {
  static let table = JournalTable(
    number: .ledger, name: "ledger", order: .few(key: "id", commit: "commit_sequence"),
    columns: [
      .text("currency"), .blob("secret").committed, .integer("created_at_ms"), .integer("simulated_clock"),
    ], own: [.integer("id").constrained("PRIMARY KEY CHECK (id = 1)")],
    derived: [.integer("money_micros"), .integer("fees_micros")])

  private let commit, belongs, sums: Statement
  /// Whether its row belongs to a commit; nil when it is not known.
  private(set) var isCommitted: Bool?
  /// What the row holds of them, and what it will hold when the commit is durable; nil when it is not known.
  private var totals, written: (money: Micros, fees: Micros)?

  init(_ connection: SQLiteConnection) throws(StoreError) {
    commit = try connection.prepare("SELECT commit_sequence, \(Self.table.chainList()) FROM ledger")
    belongs = try connection.prepare("UPDATE ledger SET commit_sequence = ? WHERE id = 1")
    sums = try connection.prepare(
      """
      UPDATE ledger SET money_micros = ?1, fees_micros = ?2
      WHERE id = 1 AND (money_micros <> ?1 OR fees_micros <> ?2)
      """)
  }

  /// Lets the row belong to this commit, when it belongs to none.
  mutating func join(_ commit: inout OpenCommit) throws(StoreError) {
    var belongs = true
    var finding: Finding?
    try self.commit.forEachRow { row in
      belongs = row.integer(0) != 0
      if belongs { return }
      do throws(Finding) { try commit.rows.append(Self.table, row, behind: 1) } catch { finding = error }
    }
    if let finding { throw .damaged("\(finding)") }
    if !belongs { try self.belongs.run(.integer(commit.sequence)) }
    isCommitted = true
  }

  /// A row of a log.
  static func identity(_ row: JournalRow) -> BookFile.Identity {
    BookFile.Identity(
      currency: row.text(0), secret: row.bytes(1), salt: row.salt,
      createdAt: Timestamp(milliseconds: row.integer(2)), isSimulated: row.integer(3) != 0)
  }

  mutating func write(money: Micros, fees: Micros) throws(StoreError) {
    written = (money, fees)
    if totals.map({ $0 != (money, fees) }) ?? true {
      try sums.run(.integer(money.rawValue), .integer(fees.rawValue))
    }
  }

  /// What was written is durable.
  mutating func committed() { totals = written }

  /// What was written may have been taken back.
  mutating func forget() {
    isCommitted = nil
    totals = nil
  }

  /// Ends the building of a ledger with its sums.
  static func restoreTotals(
    _ clicks: consuming LedgerBuilder.Clicks, from book: BookWriter
  ) throws(StoreError) -> Ledger {
    var ledger: Ledger?
    let clicks = clicks
    try book.restore(
      """
      SELECT money_micros, fees_micros, (SELECT coalesce(max(id), 0) FROM transfer),
        (SELECT coalesce(max(id), 0) FROM account_change), (SELECT coalesce(max(id), 0) FROM thing_change)
      FROM ledger
      """
    ) { row throws(Finding) in
      ledger = try clicks.ledger(
        money: Micros(row.integer(0)), fees: Micros(row.integer(1)), transfers: row.integer(2),
        accountChanges: row.integer(3), thingChanges: row.integer(4))
    }
    guard let ledger else { throw .damaged("no ledger row") }
    return ledger
  }
}
