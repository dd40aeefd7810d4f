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
      case .name(_, let fingerprint):
        try first(Self.accountSQL + " WHERE a.fingerprint = ?", [Data(fingerprint.bytes)], accountRecord)
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
  ) throws -> ThingPage {
    var bytes = 0
    let fits: (ThingRecord) -> Bool = { thing in
      bytes += thing.url.utf8.count + thing.title.utf8.count + thing.description.utf8.count
      return bytes <= bytesMax
    }
    let (condition, arguments): (String, StatementArguments) =
      if let owner {
        ("t.owner_id = ? AND t.id > ?", [owner.rawValue, after?.rawValue ?? 0, limit + 1])
      } else {
        ("t.hidden = 0 AND t.id > ?", [after?.rawValue ?? 0, limit + 1])
      }
    var things: [ThingRecord] = []
    // The first that does not fit is read too.
    try readRows("\(Self.thingSQL) WHERE \(condition) ORDER BY t.id LIMIT ?", arguments) { row in
      things.append(try thingRecord(row))
      return fits(things[things.count - 1])
    }
    let hasMore = things.count > limit || bytes > bytesMax
    return ThingPage(things: hasMore && things.count > 1 ? things.dropLast() : things, hasMore: hasMore)
  }

  /// What things are called, in one look-up.
  ///
  /// - Parameters:
  ///   - ids: Rising.
  ///   - bytesMax: No more are read when their texts have more than this.
  /// - Throws: A `Refusal` when there is no such thing.
  package func labels(of ids: [ThingID], bytesMax: Int) throws -> [ThingLabel] {
    var labels: [ThingLabel] = []
    var bytes = 0
    try readRows(
      """
      SELECT id, url, title, owner_name FROM thing WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id
      """, ["[" + ids.map { "\($0.rawValue)" }.joined(separator: ",") + "]"]
    ) { row in
      let label = ThingLabel(
        id: ThingID(row.integer(0)), url: row.text(1), title: row.text(2), ownerName: row.text(3))
      bytes += label.url.utf8.count + label.title.utf8.count + label.ownerName.utf8.count
      labels.append(label)
      return bytes <= bytesMax
    }
    let isCut = bytes > bytesMax
    for (position, id) in ids.enumerated() {
      if isCut, position == labels.count { break }
      guard position < labels.count, labels[position].id == id else { throw Refusal.thingNotFound(.id(id)) }
    }
    return labels
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
    let opening = "SELECT commit_sequence FROM period WHERE number = ?"
    let first = try first(opening, [period.number]) { $0.integer(0) } ?? 1
    let end =
      try self.first(opening, [period.number + 1]) { $0.integer(0) }
      ?? integer("SELECT max(sequence) FROM commit_log") &+ 1
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
    var high = try integer("SELECT max(id) FROM transfer") &+ low
    while low < high {
      let middle = low + (high - low) / 2
      let found = try integer("SELECT commit_sequence FROM transfer WHERE id = ?", [middle])
      if found < commit { low = middle + 1 } else { high = middle }
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
    try first(Self.settlementSQL + " WHERE s.period = ?", [period.number], settlementRecord)
  }

  /// Settled periods before a period, the newest first.
  package func settlements(before: Period?, limit: Int) throws -> [SettlementRecord] {
    try all(
      Self.settlementSQL
        + " WHERE s.settled_sequence IS NOT NULL AND s.period < ? ORDER BY s.period DESC LIMIT ?",
      [before?.number ?? Int.max, limit], settlementRecord)
  }

  private static let settlementSQL = """
    SELECT s.period, s.digest, s.pots, s.clicks, s.owners, s.pots_micros, s.fees_micros, s.revenue_micros,
      s.returned_micros, p.fee_bps, c.time_ms, c.sequence, c.link
    FROM settlement s
    JOIN period p ON p.number = s.period
    LEFT JOIN commit_log c ON c.sequence = s.settled_sequence
    """

  private func settlementRecord(_ row: Columns) -> SettlementRecord {
    var totals = SettlementPlan.Totals()
    totals.pots = Int(row.integer(2))
    totals.clicks = Int(row.integer(3))
    totals.owners = Int(row.integer(4))
    totals.potsMicros = Micros(row.integer(5))
    totals.feesMicros = Micros(row.integer(6))
    totals.revenueMicros = Micros(row.integer(7))
    totals.returnedMicros = Micros(row.integer(8))
    let settledAt = row.optional(10)
    return SettlementRecord(
      period: Period(number: Int(row.integer(0))), state: settledAt == nil ? .planned : .settled,
      feeBps: Int(row.integer(9)), totals: totals, digest: row.blob(1),
      settledAt: settledAt.map(Timestamp.init(milliseconds:)),
      commit: row.optional(11).map { CommitPoint(number: $0, link: row.blob(12)) })
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
    let things = try all(
      """
      SELECT thing_id, clicks, micros FROM revenue
      WHERE period = ? AND owner_id = ? AND thing_id > ? ORDER BY thing_id LIMIT ?
      """, [period.number, owner.rawValue, after?.rawValue ?? 0, limit + 1]
    ) {
      SettlementPlan.ThingRevenue(
        thing: ThingID($0.integer(0)), clicks: Int($0.integer(1)), micros: Micros($0.integer(2)))
    }
    let sums = try first(
      "SELECT sum(clicks), sum(micros) FROM revenue WHERE period = ? AND owner_id = ?",
      [period.number, owner.rawValue]
    ) { (clicks: Int($0.integer(0)), micros: Micros($0.integer(1))) }
    return RevenuePage(
      period: period, things: Array(things.prefix(limit)), hasMore: things.count > limit,
      clicksTotal: sums?.clicks ?? 0, microsTotal: sums?.micros ?? .zero, settled: true)
  }
}

// The daemon's own numbers.
extension BookSnapshot {
  /// Counts and sums, without what the file system knows.
  package func status() throws -> LedgerStatus {
    let last = try first("SELECT sequence, time_ms, link FROM commit_log ORDER BY sequence DESC LIMIT 1") {
      (
        point: CommitPoint(number: $0.integer(0), link: $0.blob(2)),
        time: Timestamp(milliseconds: $0.integer(1))
      )
    }
    let open = try openPeriod()
    var status = LedgerStatus(
      now: last?.time ?? Timestamp(milliseconds: 0), openPeriod: open.period, terms: open.terms)
    status.lastCommit = last?.point ?? .beginning
    status.accounts = Int(try integer("SELECT max(id) FROM account"))
    status.things = Int(try integer("SELECT max(id) FROM thing"))
    status.transfers = Int(try integer("SELECT max(id) FROM transfer"))
    let settled = try first(
      "SELECT count(*), coalesce(max(period), -1) FROM settlement WHERE settled_sequence IS NOT NULL"
    ) { (count: Int($0.integer(0)), newest: $0.integer(1)) }
    status.settlements = settled?.count ?? 0
    let first = try first("SELECT min(number) FROM period WHERE number > ?", [settled?.newest ?? -1]) {
      $0.optional(0)
    }
    if let number = first ?? nil, number < status.openPeriod.number {
      status.oldestUnsettled = Period(number: Int(number))
    }
    let sums = try self.first("SELECT money_micros, fees_micros FROM ledger") {
      (money: Micros($0.integer(0)), fees: Micros($0.integer(1)))
    }
    status.money = sums?.money ?? .zero
    status.fees = sums?.fees ?? .zero
    return status
  }
}

extension BookSnapshot: RowSource {
  func readRows(
    _ sql: String, _ arguments: StatementArguments, while body: (Columns) throws -> Bool
  ) throws {
    do {
      try db.readRows(sql, arguments, while: body)
    } catch let error as DatabaseError { throw failed(error) }
  }

  func hasTable(_ name: String) throws -> Bool {
    try hasRow("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name])
  }
}
