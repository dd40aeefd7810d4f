internal import Foundation
internal import GRDB
package import MeceneLedger

/// The books as they were at one commit, for reading. Valid inside `BookFile.read` alone.
package struct BookSnapshot {
  let db: Database
  let projection: ProjectionView
  let commitTimes: CommitTimes
  /// Translates what SQLite says, and tells the file's owner of damage.
  let failed: (DatabaseError) -> StoreError
  private let cache = Cache()

  init(
    db: Database, projection: ProjectionView, commitTimes: CommitTimes,
    failed: @escaping (DatabaseError) -> StoreError
  ) {
    self.db = db
    self.projection = projection
    self.commitTimes = commitTimes
    self.failed = failed
  }

  /// What most reads need: looking it up takes a fifth of the time of reading an account.
  private final class Cache {
    var openPeriod: (period: Period, terms: Terms)?
    /// Whether closed months hold pots still.
    var hasClosedPots: Bool?
  }
}

// Accounts and things.
extension BookSnapshot {
  private static let accountSQL = """
    SELECT a.id, a.name, a.display_name, a.budget_micros, a.available_micros, a.pots_micros, a.closed,
      a.commit_sequence
    FROM account a
    """

  private static let thingSQL = """
    SELECT t.id, t.owner_id, t.owner_name, t.url, t.title, t.description, t.hidden, t.retired, t.commit_sequence
    FROM thing t
    """

  /// One account.
  ///
  /// - Throws: A `Refusal` when there is none.
  package func account(_ reference: AccountReference, field: String = "account") throws -> AccountRecord {
    let found =
      switch reference {
      case .id(let id): try first(Self.accountSQL + " WHERE a.id = ?", [id.rawValue], accountRecord)
      case .name(let name, _): try first(Self.accountSQL + " WHERE a.name = ?", [name], accountRecord)
      }
    guard let found else { throw Refusal.accountNotFound(reference, field: field) }
    return found
  }

  /// Accounts after an id, by id.
  package func accounts(after: AccountID?, limit: Int) throws -> [AccountRecord] {
    try all(
      Self.accountSQL + " WHERE a.id > ? ORDER BY a.id LIMIT ?", [after?.rawValue ?? 0, limit], accountRecord)
  }

  /// One thing.
  ///
  /// - Throws: A `Refusal` when there is none.
  package func thing(_ reference: ThingReference) throws -> ThingRecord {
    let found =
      switch reference {
      case .id(let id): try first(Self.thingSQL + " WHERE t.id = ?", [id.rawValue], thingRecord)
      case .url(_, let fingerprint):
        try first(Self.thingSQL + " WHERE t.fingerprint = ?", [Data(fingerprint.bytes)], thingRecord)
      }
    guard let found else { throw Refusal.thingNotFound(reference) }
    return found
  }

  /// Things after an id, by id: an owner's, or everybody's that are not hidden.
  ///
  /// - Parameter bytesMax: Fewer are read when their texts have more bytes than this, but one at least.
  package func things(
    owner: AccountID?, after: ThingID?, limit: Int, bytesMax: Int
  ) throws -> (things: [ThingRecord], hasMore: Bool) {
    var bytes = 0
    let fits: (ThingRecord) -> Bool = { thing in
      bytes += thing.url.utf8.count + thing.title.utf8.count + thing.description.utf8.count
      return bytes <= bytesMax
    }
    // The first that does not fit is read too.
    let things =
      if let owner {
        try all(
          Self.thingSQL + " WHERE t.owner_id = ? AND t.id > ? ORDER BY t.id LIMIT ?",
          [owner.rawValue, after?.rawValue ?? 0, limit + 1], through: fits, thingRecord)
      } else {
        try all(
          Self.thingSQL + " WHERE t.hidden = 0 AND t.id > ? ORDER BY t.id LIMIT ?",
          [after?.rawValue ?? 0, limit + 1], through: fits, thingRecord)
      }
    let hasMore = things.count > limit || bytes > bytesMax
    return (hasMore && things.count > 1 ? things.dropLast() : things, hasMore)
  }

  private func accountRecord(_ row: Columns) throws -> AccountRecord {
    let id = AccountID(row.integer(0))
    var money = AccountMoney(
      budget: Micros(row.integer(3)), available: Micros(row.integer(4)), pot: .zero,
      pots: Micros(row.integer(5)))
    let tail = try tail(of: id)
    if let newest = try tail.last.flatMap(transfer) {
      (money.available, money.pots) = (newest.availableAfter, newest.potsAfter)
    }
    money.pot = try hasClosedPots() ? Micros(pot(of: id, openPeriod().period, tail).held) : money.pots
    return AccountRecord(
      id: id, name: row.text(1), displayName: row.text(2), money: money, terms: try openPeriod().terms,
      isClosed: row.integer(6) != 0, openedAt: try time(of: row.integer(7)))
  }

  private func thingRecord(_ row: Columns) throws -> ThingRecord {
    ThingRecord(
      id: ThingID(row.integer(0)), owner: AccountID(row.integer(1)), ownerName: row.text(2), url: row.text(3),
      title: row.text(4), description: row.text(5), isHidden: row.integer(6) != 0,
      isRetired: row.integer(7) != 0, addedAt: try time(of: row.integer(8)))
  }

  private func time(of commit: Int64) throws -> Timestamp {
    try commitTimes.time(of: commit) {
      let time = try first("SELECT time_ms FROM commit_log WHERE sequence = ?", [commit]) { $0.integer(0) }
      guard let time else { throw StoreError.damaged("there is no commit \(commit)") }
      return Timestamp(milliseconds: time)
    }
  }
}

// Periods and settlements.
extension BookSnapshot {
  /// The open period and its terms.
  package func openPeriod() throws -> (period: Period, terms: Terms) {
    if let known = cache.openPeriod { return known }
    guard let newest = try first(Self.periodSQL + " DESC LIMIT 1", [], periodWithTerms) else {
      throw StoreError.damaged("no period")
    }
    cache.openPeriod = newest
    return newest
  }

  /// Whether closed periods may hold pots still: otherwise all pots of an account are the open period's.
  private func hasClosedPots() throws -> Bool {
    if let known = cache.hasClosedPots { return known }
    let unsettled = try first(
      """
      SELECT 1 FROM period p LEFT JOIN settlement s ON s.period = p.number
      WHERE p.number < ? AND s.settled_sequence IS NULL LIMIT 1
      """, [openPeriod().period.number]
    ) { _ in true }
    cache.hasClosedPots = unsettled != nil
    return unsettled != nil
  }

  private static let periodSQL = """
    SELECT number, fee_bps, minimum_micros, receive_requires_giving FROM period ORDER BY number
    """

  /// Every period that the ledger has lived through, the oldest first.
  package func periods() throws -> [(period: Period, terms: Terms)] {
    try all(Self.periodSQL, [], periodWithTerms)
  }

  private func periodWithTerms(_ row: Columns) -> (period: Period, terms: Terms) {
    (
      Period(number: Int(row.integer(0))),
      Terms(
        feeBps: Int(row.integer(1)), minimum: Micros(row.integer(2)),
        receiveRequiresGiving: row.integer(3) != 0)
    )
  }

  /// The commits that can have left clicks of a period: from the one that opened it on, before the one that closed it.
  func commits(of period: Period) throws -> Range<Int64> {
    let found = try fetchOne(
      """
      SELECT (SELECT commit_sequence FROM period WHERE number = ?1),
        (SELECT commit_sequence FROM period WHERE number = ?1 + 1), (SELECT max(sequence) FROM commit_log)
      """, [period.number])
    let first: Int64 = found?[0] ?? 1
    let end = found?[1] as Int64? ?? (found?[2] as Int64? ?? 0) &+ 1
    guard first <= end else {
      throw Finding(
        table: "period", key: "\(period.next) commit_sequence", expected: "a commit after \(first)",
        found: "\(end)")
    }
    return first..<end
  }

  /// The first transfer of a commit, or of those after it. Ids rise with commits.
  func firstTransfer(from commit: Int64) throws -> Int64 {
    var low: Int64 = 1
    var high = (try fetchOne("SELECT coalesce(max(id), 0) FROM transfer", [])?[0] ?? 0) &+ low
    while low < high {
      let middle = low + (high - low) / 2
      let found = try fetchOne("SELECT commit_sequence FROM transfer WHERE id = ?", [middle])?[0] as Int64?
      if found ?? 0 < commit { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The terms of a period.
  ///
  /// - Throws: A `Refusal` when the ledger has not lived through it.
  package func terms(of period: Period) throws -> Terms {
    guard let found = try periods().first(where: { $0.period == period }) else {
      throw Refusal.periodNotFound(period)
    }
    return found.terms
  }

  /// A settlement that has begun or ended; nil before.
  package func settlement(_ period: Period) throws -> SettlementRecord? {
    try fetchOne(Self.settlementSQL + " WHERE s.period = ?", [period.number]).map(settlementRecord)
  }

  /// Settled periods before a period, the newest first.
  package func settlements(before: Period?, limit: Int) throws -> [SettlementRecord] {
    try fetchAll(
      Self.settlementSQL
        + " WHERE s.settled_sequence IS NOT NULL AND s.period < ? ORDER BY s.period DESC LIMIT ?",
      [before?.number ?? Int.max, limit]
    ).map(settlementRecord)
  }

  private static let settlementSQL = """
    SELECT s.period, s.digest, s.pots, s.clicks, s.owners, s.pots_micros, s.fees_micros, s.revenue_micros,
      s.returned_micros, p.fee_bps, c.time_ms, c.sequence, c.link
    FROM settlement s
    JOIN period p ON p.number = s.period
    LEFT JOIN commit_log c ON c.sequence = s.settled_sequence
    """

  private func settlementRecord(_ row: Row) -> SettlementRecord {
    var totals = SettlementPlan.Totals()
    totals.pots = row["pots"]
    totals.clicks = row["clicks"]
    totals.owners = row["owners"]
    totals.potsMicros = Micros(row["pots_micros"])
    totals.feesMicros = Micros(row["fees_micros"])
    totals.revenueMicros = Micros(row["revenue_micros"])
    totals.returnedMicros = Micros(row["returned_micros"])
    let settledAt: Int64? = row["time_ms"]
    return SettlementRecord(
      period: Period(number: row["period"]), state: settledAt == nil ? .planned : .settled,
      feeBps: row["fee_bps"],
      totals: totals, digest: Array(row["digest"] as Data),
      settledAt: settledAt.map(Timestamp.init(milliseconds:)), commit: Self.commitPoint(row))
  }

  private static func commitPoint(_ row: Row) -> CommitPoint? {
    guard let number = row["sequence"] as Int64?, let link = row["link"] as Data? else { return nil }
    return CommitPoint(number: number, link: Array(link))
  }

  /// What a patron set aside for a period.
  package func pot(_ patron: AccountID, _ period: Period) throws -> Micros {
    Micros(try pot(of: patron, period, tail(of: patron)).setAside)
  }

  /// A page of a patron's filed clicks of a settled period, by thing, and how many there are in all.
  package func filedClicks(
    _ patron: AccountID, _ period: Period, after: ThingID?, limit: Int
  ) throws -> (clicks: [(thing: ThingID, share: Micros)], hasMore: Bool, total: Int) {
    let clicks = try all(
      """
      SELECT thing_id, share_micros FROM click WHERE period = ? AND patron_id = ? AND thing_id > ?
      ORDER BY thing_id LIMIT ?
      """, [period.number, patron.rawValue, after?.rawValue ?? 0, limit + 1]
    ) { (thing: ThingID($0.integer(0)), share: Micros($0.integer(1))) }
    let total = try first(
      "SELECT count(*) FROM click WHERE period = ? AND patron_id = ?", [period.number, patron.rawValue]
    ) { $0.integer(0) }
    return (Array(clicks.prefix(limit)), clicks.count > limit, Int(total ?? 0))
  }

  /// A page of what an owner's things earned in a settled period.
  package func filedRevenue(
    _ owner: AccountID, _ period: Period, after: ThingID?, limit: Int
  ) throws -> RevenuePage {
    let rows = try fetchAll(
      """
      SELECT thing_id, clicks, micros FROM revenue
      WHERE period = ? AND owner_id = ? AND thing_id > ? ORDER BY thing_id LIMIT ?
      """, [period.number, owner.rawValue, after?.rawValue ?? 0, limit + 1])
    let sums = try fetchOne(
      """
      SELECT coalesce(sum(clicks), 0) AS clicks, coalesce(sum(micros), 0) AS micros FROM revenue
      WHERE period = ? AND owner_id = ?
      """, [period.number, owner.rawValue])
    return RevenuePage(
      period: period,
      things: rows.prefix(limit).map { row in
        .init(thing: ThingID(row["thing_id"]), clicks: row["clicks"], micros: Micros(row["micros"]))
      },
      hasMore: rows.count > limit, clicksTotal: sums?["clicks"] ?? 0,
      microsTotal: Micros(sums?["micros"] ?? 0),
      settled: true)
  }
}

// The daemon's own numbers.
extension BookSnapshot {
  /// Counts and sums, without what the file system knows.
  package func status() throws -> LedgerStatus {
    let last = try fetchOne(
      "SELECT sequence, time_ms, link FROM commit_log ORDER BY sequence DESC LIMIT 1", [])
    let open = try openPeriod()
    var status = LedgerStatus(
      now: Timestamp(milliseconds: last?["time_ms"] ?? 0), openPeriod: open.period, terms: open.terms)
    status.lastCommit = last.flatMap(Self.commitPoint) ?? .beginning
    status.accounts = try maximum("id", "account")
    status.things = try maximum("id", "thing")
    status.transfers = try maximum("id", "transfer")
    let settled = try fetchOne(
      "SELECT count(*) AS n, max(period) AS newest FROM settlement WHERE settled_sequence IS NOT NULL", [])
    status.settlements = settled?["n"] ?? 0
    let first = try fetchOne(
      "SELECT min(number) AS n FROM period WHERE number > ?", [settled?["newest"] as Int? ?? -1])
    if let number = first?["n"] as Int?, number < status.openPeriod.number {
      status.oldestUnsettled = Period(number: number)
    }
    let sums = try fetchOne("SELECT money_micros, fees_micros FROM ledger", [])
    status.money = Micros(sums?["money_micros"] ?? 0)
    status.fees = Micros(sums?["fees_micros"] ?? 0)
    return status
  }

  private func maximum(_ column: String, _ table: String) throws -> Int {
    try fetchOne("SELECT coalesce(max(\(column)), 0) AS n FROM \(table)", [])?["n"] ?? 0
  }
}

extension BookSnapshot {
  func hasTable(_ name: String) throws -> Bool {
    try fetchOne("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]) != nil
  }

  /// The first row by `body`; nil when there is none.
  func first<T>(
    _ sql: String, _ arguments: StatementArguments, _ body: @escaping (Columns) throws -> T
  ) throws -> T? {
    try all(sql, arguments, body).first
  }

  /// All rows by `body`, which reads them in place, or those up to and with the first that `goesOn` is false for.
  func all<T>(
    _ sql: String, _ arguments: StatementArguments, through goesOn: (T) -> Bool = { _ in true },
    _ body: @escaping (Columns) throws -> T
  ) throws -> [T] {
    do {
      let rows = try RowsInPlace(db.cachedStatement(sql: sql), arguments, body)
      var all: [T] = []
      while let row = try rows.next() {
        all.append(row)
        if !goesOn(row) { break }
      }
      return all
    } catch let error as DatabaseError { throw failed(error) }
  }

  func fetchOne(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
    do {
      return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
    } catch let error as DatabaseError { throw failed(error) }
  }

  func fetchAll(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
    do {
      return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
    } catch let error as DatabaseError { throw failed(error) }
  }
}
