internal import MeceneLedger

/// The months that have opened, with the terms that they keep.
struct PeriodTable {
  static let table = JournalTable(
    number: .period, name: "period", order: .few(key: "number", commit: "commit_sequence"),
    columns: [
      .integer("number").primaryKey, .integer("fee_bps"), .integer("minimum_micros"),
      .integer("receive_requires_giving"),
    ], derived: [.text("name")])

  private let insert: JournalInsert
  private let newestNumber: Statement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(connection, Self.table, others: ["commit_sequence": "?", "name": "?"])
    newestNumber = try connection.prepare("SELECT max(number) FROM period")
  }

  func append(_ period: Period, _ terms: Terms, to commit: inout OpenCommit) throws(StoreError) {
    try insert.append(
      [
        .integer(Int64(period.number)), .integer(Int64(terms.feeBps)), .integer(terms.minimum.rawValue),
        .init(terms.receiveRequiresGiving),
      ], .integer(commit.sequence), .text(period.description), to: &commit)
  }

  /// What a row of a log does.
  static func effect(_ row: JournalRow) -> Effect {
    .periodOpened(
      Period(number: Int(clamping: row.integer(0))),
      Terms(
        feeBps: Int(clamping: row.integer(1)), minimum: Micros(row.integer(2)),
        receiveRequiresGiving: row.integer(3) != 0))
  }

  /// The open one; nil before the first.
  func newest() throws(StoreError) -> Period? {
    var newest: Period?
    try newestNumber.forEachRow { row in newest = row.optional(0).map { Period(number: Int($0)) } }
    return newest
  }

  static func restore(_ months: inout LedgerBuilder, from book: BookWriter) throws(StoreError) {
    try book.restore(
      """
      SELECT p.number, p.fee_bps, p.minimum_micros, p.receive_requires_giving, s.settled_sequence
      FROM period p LEFT JOIN settlement s ON s.period = p.number ORDER BY p.number
      """
    ) { row throws(Finding) in
      try months.add(
        Period(number: Int(row.integer(0))),
        Terms(
          feeBps: Int(row.integer(1)), minimum: Micros(row.integer(2)),
          receiveRequiresGiving: row.integer(3) != 0),
        isSettled: !row.isNull(4))
    }
  }
}
