internal import MeceneProof

/// A table whose append-only rows stand in the chain of commits.
///
/// The list of columns is the one place that says what of a row is hashed: the table is made from it, the writer inserts and
/// hashes by it, `verify` reads back by it, and `docs/data-model.md` holds it for others. Two tables have so many rows that the
/// writer hashes them by hand, in the same order: transfers (`TransferTable.append`) and clicks (`CanonicalRows`).
struct JournalTable: Sendable {
  /// Stands before each of its rows in the canonical bytes.
  let number: CanonicalRows.Number
  /// How rows are put back to the commits that left them.
  let order: Order
  /// Those that stand in the chain, in their order there.
  let columns: [Column]
  /// Whether there are salts. Kept, because it is asked for each row.
  let hasCommitments: Bool
  /// What SQL makes of it.
  let stored: StoredTable

  /// - Parameters:
  ///   - own: Other columns that are written once, such as a key.
  ///   - derived: Columns that follow from other rows.
  init(
    number: CanonicalRows.Number, name: String, order: Order, columns: [Column], own: [Column] = [],
    derived: [Column] = [], indexes: [(name: String, columns: [String])] = []
  ) {
    self.number = number
    self.order = order
    self.columns = columns
    let commit = order.commit.map { [Column.integer($0)] } ?? []
    hasCommitments = columns.contains(where: \.isCommitted)
    let salt = hasCommitments ? [Self.salt] : []
    let written = own + columns
    stored = StoredTable(
      name: name,
      columns: written.filter(\.isKey) + commit + salt + written.filter { !$0.isKey }, derived: derived,
      indexes: indexes)
  }

  var name: String { stored.name }

  /// What is hashed before each text or secret of a row: 16 random bytes, zeros under a simulated clock.
  static let salt = Column.blob("salt").orNothing

  enum Order: Sendable {
    /// `id` counts from 1, and `commit_sequence` rises with it.
    case numbered
    /// Few rows, looked up by the commit in a column.
    case few(key: String, commit: String)
    /// Rows of transfers, whose commits they share.
    case transfers
    /// Each commit says how many it left, and the log of the month that was open holds them in their order.
    case clicks

    /// The column that says which commit a row is of.
    var commit: String? {
      switch self {
      case .numbered: "commit_sequence"
      case .few(_, let commit): commit
      case .transfers, .clicks: nil
      }
    }
  }

  /// How many bytes a row's salt has: none where nothing is committed to.
  func saltBytes(_ row: [Statement.Value]) -> Int {
    zip(columns, row).contains { $0.isCommitted && !$1.isNull } ? Commitment.saltBytes : 0
  }

  /// The columns as SQL lists them.
  var columnList: String { columns.map(\.name).joined(separator: ", ") }

  /// What `CanonicalRows` reads of a row: the salt before its columns, if there are salts.
  ///
  /// - Parameter table: The table's other name in a statement, with a dot.
  func chainList(_ table: String = "") -> String {
    ((hasCommitments ? [Self.salt] : []) + columns).map { table + $0.name }.joined(separator: ", ")
  }

  /// In the order of their numbers.
  static let all = [
    PeriodTable.table, AccountTable.table, AccountChangeTable.table, ThingTable.table, ThingChangeTable.table,
    TransferTable.table, RequestKeyTable.table, ClickLogTable.table, SettlementTable.table,
    SettlementTable.end, LedgerTable.table,
  ]
}
