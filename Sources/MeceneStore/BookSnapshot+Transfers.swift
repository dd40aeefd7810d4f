internal import GRDB
package import MeceneLedger

// Movements.
extension BookSnapshot {
  private static let transferColumns = """
    t.id, t.kind, t.account_id, t.amount_micros, t.period, t.for_period, t.cause_transfer_id,
      t.cause_change_id, t.available_after_micros, t.pots_after_micros, c.time_ms
    """

  static let transferSQL = """
    SELECT \(transferColumns)
    FROM transfer t JOIN commit_log c ON c.sequence = t.commit_sequence
    """

  private static let entryColumns = transferColumns + ", coalesce(k.key, ''), coalesce(a.name, '')"

  /// What stands behind `FROM` and the table that names the transfers as `t`.
  private static let entryJoins = """
    JOIN commit_log c ON c.sequence = t.commit_sequence
    LEFT JOIN request_key k ON k.transfer_id = t.id
    LEFT JOIN account a ON a.id = t.account_id
    """

  private static let entrySQL = "SELECT \(entryColumns) FROM transfer t \(entryJoins)"

  private static let accountEntrySQL = """
    SELECT \(entryColumns)
    FROM account_transfer x JOIN transfer t ON t.id = x.transfer_id \(entryJoins)
    WHERE x.account_id = ?
    """

  /// A page of an account's movements, of one period or of all.
  package func statement(
    _ reference: AccountReference, period: Period?, after: TransferID?, limit: Int
  ) throws -> StatementPage {
    let account = try account(reference)
    let id = account.id.rawValue
    let (from, through) =
      period.map { (Int64($0.number), Int64($0.number)) } ?? (0, Int64(Period.last.number))
    let tail = try tail(of: account.id)
    var entries = try all(
      Self.accountEntrySQL
        + " AND x.transfer_id > ? AND t.period BETWEEN ? AND ? ORDER BY x.transfer_id LIMIT ?",
      [id, after?.rawValue ?? 0, from, through, limit + 1], entry)
    for id in tail where after.map({ id > $0 }) ?? true && entries.count <= limit {
      if let entry = try first(Self.entrySQL + " WHERE t.id = ?", [id.rawValue], entry),
        from...through ~= Int64(entry.transfer.period.number)
      {
        entries.append(entry)
      }
    }
    let opening = try opening(id, tail, after: after, from: from)
    return StatementPage(
      account: account, openingAvailable: opening?.availableAfter ?? .zero,
      openingPots: opening?.potsAfter ?? .zero, entries: Array(entries.prefix(limit)),
      hasMore: entries.count > limit)
  }

  /// The transfer that a page of a statement goes on from.
  private func opening(
    _ account: Int64, _ tail: [TransferID], after: TransferID?, from: Int64
  ) throws -> Transfer? {
    if let after {
      return try transfer(after).flatMap { $0.account == AccountID(account) ? $0 : nil }
    }
    // No month is before the first.
    if from == 0 { return nil }
    for id in tail.reversed() {
      if let transfer = try transfer(id), Int64(transfer.period.number) < from { return transfer }
    }
    return try first(
      Self.accountEntrySQL + " AND t.period < ? ORDER BY x.transfer_id DESC LIMIT 1", [account, from],
      transfer)
  }

  /// One transfer; nil when there is none.
  func transfer(_ id: TransferID) throws -> Transfer? {
    try first(Self.transferSQL + " WHERE t.id = ?", [id.rawValue], transfer)
  }

  /// Entries after an id, of one period or of all, in the journal's order.
  package func journal(period: Period?, after: TransferID?, limit: Int) throws -> [BookedTransfer] {
    let (from, through) =
      period.map { (Int64($0.number), Int64($0.number)) } ?? (0, Int64(Period.last.number))
    return try all(
      Self.entrySQL + " WHERE t.id > ? AND t.period BETWEEN ? AND ? ORDER BY t.id LIMIT ?",
      [after?.rawValue ?? 0, from, through, limit], entry)
  }

  /// Transfers after an id, in the journal's order.
  package func transfers(after: TransferID?, limit: Int) throws -> [Transfer] {
    try all(
      Self.transferSQL + " WHERE t.id > ? ORDER BY t.id LIMIT ?", [after?.rawValue ?? 0, limit], transfer)
  }

  private func entry(_ row: Columns) throws -> BookedTransfer {
    BookedTransfer(transfer: try transfer(row), key: row.text(11), accountName: row.text(12))
  }

  func transfer(_ row: Columns) throws -> Transfer {
    guard let kind = Transfer.Kind(rawValue: Int(row.integer(1))) else {
      throw StoreError.damaged("transfer \(row.integer(0)) has no kind")
    }
    let cause: Transfer.Cause? =
      row.optional(6).map { .credit(TransferID($0)) } ?? row.optional(7).map { .budget(changeID: $0) }
    return Transfer(
      id: TransferID(row.integer(0)), kind: kind, account: row.optional(2).map(AccountID.init),
      amount: Micros(row.integer(3)), period: Period(number: Int(row.integer(4))),
      forPeriod: row.optional(5).map { Period(number: Int($0)) }, cause: cause,
      committedAt: Timestamp(milliseconds: row.integer(10)), availableAfter: Micros(row.integer(8)),
      potsAfter: Micros(row.integer(9)))
  }
}
