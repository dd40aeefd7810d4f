/// A table whose append-only rows stand in the chain of commits.
///
/// The list of columns is the one place that says what of a row is hashed: the writer inserts and hashes by it, `verify` reads back
/// by it, and `docs/data-model.md` holds it for others. Two tables have so many rows that the writer hashes them by hand, in the
/// same order: transfers (`TransferTable.append`) and clicks (`CanonicalRows`).
struct JournalTable: Sendable {
  /// Stands before each of its rows in the canonical bytes.
  let number: CanonicalRows.Number
  let name: String
  /// How rows are put back to the commits that left them.
  let order: Order
  /// Those that stand in the chain, in their order there.
  let columns: [Column]
  /// From which column on the number stands before each, as it was written from the first commit on.
  var repeatsNumberFrom = Int.max

  enum Order: Sendable {
    /// `id` counts from 1, and `commit_sequence` rises with it.
    case numbered
    /// Few rows, looked up by the commit in a column.
    case few(key: String, commit: String)
    /// Rows of transfers, whose commits they share.
    case transfers
    /// Each commit says how many it left, and the log of the month that was open holds them in their order.
    case clicks
  }

  struct Column: Sendable, Hashable {
    enum Kind: String, Sendable {
      case integer = "INTEGER"
      case text = "TEXT"
      case blob = "BLOB"
    }

    let name: String
    let kind: Kind
    /// Whether there may be nothing in it.
    let isOptional: Bool

    static func integer(_ name: String) -> Column { .init(name: name, kind: .integer, isOptional: false) }
    static func text(_ name: String) -> Column { .init(name: name, kind: .text, isOptional: false) }
    static func blob(_ name: String) -> Column { .init(name: name, kind: .blob, isOptional: false) }
    var orNothing: Column { .init(name: name, kind: kind, isOptional: true) }
  }

  /// As SQL lists them.
  var columnList: String { columns.map(\.name).joined(separator: ", ") }

  /// In the order of their numbers.
  static let all = [
    PeriodTable.table, AccountTable.table, AccountChangeTable.table, ThingTable.table, ThingChangeTable.table,
    TransferTable.table, RequestKeyTable.table, ClickLogTable.table, SettlementTable.table,
    SettlementTable.end, LedgerTable.table,
  ]
}
