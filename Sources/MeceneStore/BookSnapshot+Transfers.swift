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

  private static let accountTransferSQL = """
    SELECT \(transferColumns)
    FROM account_transfer x JOIN transfer t ON t.id = x.transfer_id JOIN commit_log c ON c.sequence = t.commit_sequence
    WHERE x.account_id = ?
    """

  /// A page of an account's movements, of one period or of all.
  package func statement(
    _ reference: AccountReference, period: Period?, after: Int64?, limit: Int
  ) throws -> StatementPage {
    let account = try account(reference)
    let id = account.id.rawValue
    let (from, through) =
      period.map { (Int64($0.number), Int64($0.number)) } ?? (0, Int64(Period.last.number))
    let tail = try tail(of: account.id)
    var transfers = try fetchAll(
      Self.accountTransferSQL
        + " AND x.transfer_id > ? AND t.period BETWEEN ? AND ? ORDER BY x.transfer_id LIMIT ?",
      [id, after ?? 0, from, through, limit + 1]
    ).map(transfer)
    transfers += tail.filter { $0.id > after ?? 0 && from...through ~= Int64($0.period.number) }
      .prefix(limit + 1 - transfers.count)
    let opening = try opening(id, tail, after: after, from: from)
    return StatementPage(
      account: account, openingAvailable: opening?.availableAfter ?? .zero,
      openingPots: opening?.potsAfter ?? .zero, transfers: Array(transfers.prefix(limit)),
      hasMore: transfers.count > limit)
  }

  /// The transfer that a page of a statement goes on from.
  private func opening(
    _ id: Int64, _ tail: [Transfer], after: Int64?, from: Int64
  ) throws -> Transfer? {
    if let after {
      return try transfer(after).flatMap { $0.account == AccountID(id) ? $0 : nil }
    }
    if let newest = tail.last(where: { Int64($0.period.number) < from }) { return newest }
    return try fetchOne(
      Self.accountTransferSQL + " AND t.period < ? ORDER BY x.transfer_id DESC LIMIT 1", [id, from]
    ).map(transfer)
  }

  /// One transfer; nil when there is none.
  func transfer(_ id: Int64) throws -> Transfer? {
    try fetchOne(Self.transferSQL + " WHERE t.id = ?", [id]).map(transfer)
  }

  /// Transfers after an id with the names of their accounts, of one period or of all, in the journal's order.
  package func journal(
    period: Period?, after: Int64?, limit: Int
  ) throws -> [(transfer: Transfer, accountName: String)] {
    let (from, through) =
      period.map { (Int64($0.number), Int64($0.number)) } ?? (0, Int64(Period.last.number))
    return try fetchAll(
      """
      SELECT \(Self.transferColumns), coalesce(a.name, '') AS account_name
      FROM transfer t
      JOIN commit_log c ON c.sequence = t.commit_sequence
      LEFT JOIN account a ON a.id = t.account_id
      WHERE t.id > ? AND t.period BETWEEN ? AND ? ORDER BY t.id LIMIT ?
      """, [after ?? 0, from, through, limit]
    ).map { (try transfer($0), $0["account_name"]) }
  }

  /// Transfers after an id, in the journal's order.
  package func transfers(after: Int64, limit: Int) throws -> [Transfer] {
    // A cursor, for a row that is kept is a copy.
    let statement = try db.cachedStatement(sql: Self.transferSQL + " WHERE t.id > ? ORDER BY t.id LIMIT ?")
    let cursor = try Row.fetchCursor(statement, arguments: [after, limit])
    var transfers: [Transfer] = []
    while let row = try cursor.next() { transfers.append(try transfer(row)) }
    return transfers
  }

  /// Reads by position, which takes a third of the time of reading by name.
  func transfer(_ row: Row) throws -> Transfer {
    guard let kind = Transfer.Kind(rawValue: row[1]) else {
      throw StoreError.damaged("transfer \(row[0] as Int64) has no kind")
    }
    let causeTransfer: Int64? = row[6]
    let causeChange: Int64? = row[7]
    return Transfer(
      id: row[0], kind: kind, account: (row[2] as Int64?).map(AccountID.init), amount: Micros(row[3]),
      period: Period(number: row[4]), forPeriod: (row[5] as Int?).map(Period.init(number:)),
      cause: causeTransfer.map { .credit(transferID: $0) } ?? causeChange.map { .budget(changeID: $0) },
      committedAt: Timestamp(milliseconds: row[10]), availableAfter: Micros(row[8]), potsAfter: Micros(row[9])
    )
  }
}
