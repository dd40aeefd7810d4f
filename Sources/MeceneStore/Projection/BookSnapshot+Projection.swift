internal import GRDB
internal import MeceneConcurrency
package import MeceneLedger

/// How far the projection of a snapshot is, and where its journal ends.
struct ProjectionView {
  let position: ProjectionPosition
  let newest: TransferID
  private let tail: Locked<JournalTail>

  /// Looks up both, and lets the tail know of transfers that it has missed: those of a daemon in another process.
  init(_ db: Database, _ tail: Locked<JournalTail>) throws {
    (position, newest) = try ProjectionPosition.check(
      db.first(ProjectionPosition.sql, [], ProjectionPosition.read))
    self.tail = tail
    let known = tail.withLock { [position] tail in
      tail.reach(position.through)
      return tail.last
    }
    if known >= newest { return }
    try db.forEachRow("SELECT id, account_id FROM transfer WHERE id > ? ORDER BY id", [known.rawValue]) {
      row in
      tail.withLock {
        $0.append(TransferID(row.integer(0)), account: row.optional(1).map(AccountID.init))
      }
    }
  }

  /// The transfers of an account that the projection lacks, in their order; nil when the tail has let go of
  /// them, because the snapshot is older than a whole pass.
  func transfers(of account: AccountID) -> [TransferID]? {
    let after = position.through(account)
    if after == newest { return [] }
    return tail.withLock { tail in
      tail.base > after || tail.last < newest
        ? nil : tail.transfers(of: account, after: after, through: newest)
    }
  }
}

// What the projection lacks: the tail of the journal.
extension BookSnapshot {
  /// The transfers of an account that the projection lacks, in their order.
  func tail(of account: AccountID) throws -> [TransferID] {
    if let known = projection.transfers(of: account) { return known }
    return try all(
      "SELECT id FROM transfer WHERE id > ? AND account_id = ? ORDER BY id",
      [projection.position.through(account).rawValue, account.rawValue]
    ) { TransferID($0.integer(0)) }
  }

  /// Calls `body` with every transfer that the projection lacks, in their order.
  func forEachTailTransfer(_ body: (Transfer) throws -> Void) throws {
    if projection.position.through == projection.newest { return }
    try forEachRow(
      Self.transferSQL + " WHERE t.id > ? ORDER BY t.id", [projection.position.through.rawValue]
    ) { row in
      let transfer = try transfer(row)
      guard let account = transfer.account, transfer.id > projection.position.through(account)
      else { return }
      try body(transfer)
    }
  }

  /// The pots of a period as they were at its close, or are now, by patron: all that went in.
  ///
  /// - Parameter patrons: Only of these, when there is a range.
  package func pots(
    of period: Period, patrons: Range<AccountID>? = nil
  ) throws -> [(patron: AccountID, pot: Micros)] {
    let range = patrons ?? AccountID(.min)..<AccountID(.max)
    let pots = try all(
      """
      SELECT account_id, set_aside_micros FROM pot
      WHERE period = ? AND account_id >= ? AND account_id < ? ORDER BY account_id
      """, [period.number, range.lowerBound.rawValue, range.upperBound.rawValue]
    ) { (patron: AccountID($0.integer(0)), pot: Micros($0.integer(1))) }
    var changes = try potChanges(of: period, range)
    if changes.changes.isEmpty { return pots }
    for pot in pots {
      changes.add(
        .init(
          period: Int64(period.number), account: pot.patron.rawValue, setAside: pot.pot.rawValue, held: 0))
    }
    changes.combine()
    return changes.changes.map { (AccountID($0.account), Micros($0.setAside)) }
  }

  /// What transfers that the projection lacks put into pots.
  private func potChanges(of period: Period, _ patrons: Range<AccountID>) throws -> PotChanges {
    var changes = PotChanges()
    if projection.position.through == projection.newest { return changes }
    try forEachRow(
      """
      SELECT id, account_id, kind, amount_micros FROM transfer
      WHERE id > ? AND kind IN (\(Transfer.Kind.intoPots)) AND for_period = ? AND account_id >= ? AND account_id < ?
      """,
      [
        projection.position.through.rawValue, period.number, patrons.lowerBound.rawValue,
        patrons.upperBound.rawValue,
      ]
    ) { row in
      let account = AccountID(row.integer(1))
      guard TransferID(row.integer(0)) > projection.position.through(account) else { return }
      changes.add(
        account: account.rawValue, kind: Transfer.Kind(rawValue: Int(row.integer(2))), amount: row.integer(3),
        period: Int64(period.number))
    }
    return changes
  }

  /// An account's pot of a period, as the whole journal has it; nothing set aside and nothing held when there is none.
  ///
  /// - Parameter tail: The account's, as `tail(of:)` gives it.
  func pot(of account: AccountID, _ period: Period, _ tail: [TransferID]) throws -> PotChanges.Change {
    let number = Int64(period.number)
    var pot = PotChanges()
    pot.add(.init(period: number, account: account.rawValue, setAside: 0, held: 0))
    let projected = try first(
      "SELECT set_aside_micros, held_micros FROM pot WHERE period = ? AND account_id = ?",
      [number, account.rawValue]
    ) { (setAside: $0.integer(0), held: $0.integer(1)) }
    if let (setAside, held) = projected {
      pot.add(.init(period: number, account: account.rawValue, setAside: setAside, held: held))
    }
    for id in tail {
      if let transfer = try transfer(id), transfer.forPeriod == period { pot.add(transfer) }
    }
    return pot.changes[0]
  }
}
