internal import MeceneLedger

/// Movements of money, each with the balances that it left.
struct TransferTable {
  static let table = JournalTable(
    number: .transfer, name: "transfer", order: .numbered,
    columns: [
      .integer("id").primaryKey, .integer("kind"), .integer("account_id").orNothing,
      .integer("amount_micros"),
      .integer("period"), .integer("for_period").orNothing, .integer("cause_transfer_id").orNothing,
      .integer("cause_change_id").orNothing, .integer("available_after_micros"),
      .integer("pots_after_micros"),
    ])

  private let insert: RowsStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try RowsStatement(
      connection, "INSERT INTO transfer (\(Self.table.columnList), commit_sequence) VALUES",
      columns: Self.table.columns.count + 1)
  }

  func begin() -> RowsStatement.Rows { insert.begin() }

  /// - Parameter inserting: What `begin` began. Its `end` inserts the last.
  func append(
    _ transfer: Transfer, to commit: inout OpenCommit, _ inserting: inout RowsStatement.Rows
  ) throws(StoreError) {
    var (causeTransfer, causeChange) = (CanonicalRows.nothing, CanonicalRows.nothing)
    switch transfer.cause {
    case .credit(let id): causeTransfer = id.rawValue
    case .budget(let id): causeChange = id
    case nil: break
    }
    let row: CanonicalRows.TransferRow = [
      transfer.id.rawValue, Int64(transfer.kind.rawValue),
      transfer.account?.rawValue ?? CanonicalRows.nothing, transfer.amount.rawValue,
      Int64(transfer.period.number), transfer.forPeriod.map { Int64($0.number) } ?? CanonicalRows.nothing,
      causeTransfer, causeChange, transfer.availableAfter.rawValue, transfer.potsAfter.rawValue,
    ]
    commit.rows.append(transfer: row)
    try inserting.add([
      row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], commit.sequence,
    ])
  }

  /// A row of a log.
  ///
  /// - Parameter time: Its commit's.
  static func transfer(_ row: JournalRow, at time: Timestamp) throws(Finding) -> Transfer {
    guard let kind = Transfer.Kind(rawValue: Int(clamping: row.integer(1))) else {
      throw Finding(
        table: table.name, key: "\(row.integer(0)) kind", expected: "a kind of transfer",
        found: "\(row.integer(1))")
    }
    let cause: Transfer.Cause? =
      row.optional(6).map { .credit(TransferID($0)) } ?? row.optional(7).map { .budget(changeID: $0) }
    return Transfer(
      id: TransferID(row.integer(0)), kind: kind, account: row.optional(2).map(AccountID.init),
      amount: Micros(row.integer(3)), period: Period(number: Int(clamping: row.integer(4))),
      forPeriod: row.optional(5).map { Period(number: Int(clamping: $0)) }, cause: cause, committedAt: time,
      availableAfter: Micros(row.integer(8)), potsAfter: Micros(row.integer(9)))
  }
}
