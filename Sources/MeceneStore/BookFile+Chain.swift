internal import Foundation
internal import GRDB
package import MeceneLedger

/// A commit as its row says it was.
package struct CommitRecord: Sendable, Hashable {
  package let sequence: Int64
  package let time: Timestamp
  package let clickRows: Int64
  /// SHA-256 of the canonical bytes of its clicks, 32 bytes; nil when it left none.
  package let clicksHash: [UInt8]?
  /// 32 bytes.
  package let rowsHash: [UInt8]
  /// 32 bytes.
  package let link: [UInt8]
}

/// What is left of a commit's rows.
package struct CommitRows {
  /// The canonical bytes over which `rows_hash` was taken, in which `clicks_hash` stands for the clicks.
  package let bytes: [UInt8]
  /// The canonical bytes of its clicks; nil when they were filed and their log dropped.
  package let clickBytes: [UInt8]?
  /// The rows by table, such as "transfer 3 to 5, request_key 3".
  package let names: String
  /// The last month that it opened.
  package let opened: Period?
}

extension CommitRecord {
  fileprivate init(_ row: Row) {
    self.init(
      sequence: row["sequence"], time: Timestamp(milliseconds: row["time_ms"]), clickRows: row["click_rows"],
      clicksHash: (row["clicks_hash"] as Data?).map { Array($0) }, rowsHash: Array(row["rows_hash"] as Data),
      link: Array(row["link"] as Data))
  }
}

extension BookFile {
  /// Commits that one piece reads at the most, and the click rows after which it ends.
  private static let pieceCommits = 256
  private static let pieceClicks: Int64 = 200_000

  /// Hands on commits with the rows that they left, in order, in pieces of one short snapshot each.
  ///
  /// - Parameters:
  ///   - after: The commit before the first; 0 = all, and rows of numbers that no commit has.
  ///   - through: The last commit; nil = all that there are at the end.
  ///   - readsClicks: Whether clicks are read. Without them a commit's `clicks_hash` stands for them.
  ///   - body: Gets the commit, its rows, and the number of the last commit.
  /// - Throws: A `Finding` for rows that no commit has left.
  package func forEachCommit(
    after: Int64 = 0, through: Int64? = nil, readsClicks: Bool = true,
    _ body: (CommitRecord, CommitRows, Int64) throws -> Void
  ) throws {
    var reader = CommitRowsReader(readsClicks: readsClicks)
    if after > 0 { try read { try reader.skip(through: after, $0) } }
    while reader.sequence < through ?? .max {
      try Task.checkCancellation()
      let piece = try read { snapshot in
        let last = try through ?? snapshot.lastCommitSequence()
        let commits = try snapshot.commits(
          after: reader.sequence, through: through ?? .max, limit: Self.pieceCommits, clicks: Self.pieceClicks
        )
        let rows = try reader.read(commits, snapshot)
        if commits.isEmpty, through == nil { try reader.checkNothingIsLeft(snapshot) }
        return zip(commits, rows).map { ($0, $1, last) }
      }
      if piece.isEmpty { return }
      for (commit, rows, last) in piece { try body(commit, rows, last) }
    }
  }
}

extension BookSnapshot {
  fileprivate func lastCommitSequence() throws -> Int64 {
    try fetchOne("SELECT coalesce(max(sequence), 0) AS n FROM commit_log", [])?["n"] ?? 0
  }

  /// The last commits, the newest first.
  package func newestCommits(_ count: Int) throws -> [CommitRecord] {
    try fetchAll(
      """
      SELECT sequence, time_ms, click_rows, clicks_hash, rows_hash, link FROM commit_log
      ORDER BY sequence DESC LIMIT ?
      """, [count]
    ).map(CommitRecord.init)
  }

  /// Commits after a sequence; fewer than `limit` when they hold many clicks.
  fileprivate func commits(
    after: Int64, through: Int64, limit: Int, clicks: Int64
  ) throws -> [CommitRecord] {
    var commits: [CommitRecord] = []
    var sum: Int64 = 0
    for row in try fetchAll(
      """
      SELECT sequence, time_ms, click_rows, clicks_hash, rows_hash, link FROM commit_log
      WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
      """, [after, through, limit])
    {
      let commit = CommitRecord(row)
      commits.append(commit)
      let (more, overflow) = sum.addingReportingOverflow(max(0, commit.clickRows))
      if overflow || more > clicks { break }
      sum = more
    }
    return commits
  }
}

/// Puts each commit's rows together again. Ids rise with commits, so every table is read once, from front to back.
private struct CommitRowsReader {
  private struct Gathered {
    var rows = CanonicalRows()
    var names: [String] = []
    var hasClicks = true
  }

  private static let transferColumns = """
    kind, account_id, amount_micros, period, for_period, cause_transfer_id, cause_change_id, available_after_micros,
    pots_after_micros
    """

  let readsClicks: Bool
  /// The last commit that was read.
  private(set) var sequence: Int64 = .min
  private var lastAccount: Int64 = 0
  private var lastAccountChange: Int64 = 0
  private var lastThing: Int64 = 0
  private var lastThingChange: Int64 = 0
  private var lastTransfer: Int64 = 0
  private var openPeriod: Period?
  private var lastClick: Int64 = 0

  init(readsClicks: Bool) { self.readsClicks = readsClicks }

  /// Begins behind a commit: looks from the tables' ends for its rows.
  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) throws {
    func lastRow(_ table: String) throws -> Int64 {
      let cursor = try Row.fetchCursor(
        snapshot.db, sql: "SELECT id, commit_sequence FROM \(table) ORDER BY id DESC")
      while let row = try cursor.next() {
        if (row[1] as Int64) <= commit { return row[0] }
      }
      return 0
    }
    lastAccount = try lastRow("account")
    lastAccountChange = try lastRow("account_change")
    lastThing = try lastRow("thing")
    lastThingChange = try lastRow("thing_change")
    lastTransfer = try lastRow("transfer")
    let opening = try snapshot.fetchOne(
      "SELECT number, commit_sequence FROM period WHERE commit_sequence <= ? ORDER BY number DESC LIMIT 1",
      [commit])
    if let opening {
      openPeriod = Period(number: opening[0])
      let clicks = try snapshot.fetchOne(
        "SELECT coalesce(sum(click_rows), 0) FROM commit_log WHERE sequence BETWEEN ? AND ?",
        [opening[1] as Int64, commit])
      lastClick = clicks?[0] ?? 0
    }
    sequence = commit
  }

  mutating func read(_ commits: [CommitRecord], _ snapshot: BookSnapshot) throws -> [CommitRows] {
    guard let last = commits.last?.sequence else { return [] }
    var gathered: [Int64: Gathered] = [:]
    for commit in commits { gathered[commit.sequence] = Gathered() }
    try readLedger(snapshot, through: last, &gathered)
    let opened = try readPeriods(snapshot, through: last, &gathered)
    lastAccount = try readTable("account", "name", snapshot, after: lastAccount, through: last, &gathered) {
      row, rows in
      rows.appendAccount(id: row[0], name: row[2])
    }
    lastAccountChange = try readTable(
      "account_change", "account_id, display_name, budget_micros, closed", snapshot, after: lastAccountChange,
      through: last, &gathered
    ) {
      row, rows in
      rows.appendAccountChange(
        account: row[2], displayName: row[3], budget: row[4], closed: row[5])
    }
    lastThing = try readTable("thing", "owner_id, url", snapshot, after: lastThing, through: last, &gathered)
    { row, rows in
      rows.appendThing(id: row[0], owner: row[2], url: row[3])
    }
    lastThingChange = try readTable(
      "thing_change", "thing_id, title, description, hidden, retired", snapshot, after: lastThingChange,
      through: last, &gathered
    ) {
      row, rows in
      rows.appendThingChange(
        thing: row[2], title: row[3], description: row[4], hidden: row[5], retired: row[6])
    }
    try readKeys(snapshot, after: lastTransfer, through: last, &gathered)
    lastTransfer = try readTable(
      "transfer", Self.transferColumns, snapshot, after: lastTransfer, through: last, &gathered
    ) {
      row, rows in
      func word(_ column: Int) -> Int64 { row[column] ?? CanonicalRows.nothing }
      rows.append(transfer: [
        word(0), word(2), word(3), word(4), word(5), word(6), word(7), word(8), word(9), word(10),
      ])
    }
    try readSettlements(snapshot, through: last, &gathered)
    try readClicks(snapshot, commits, opened, &gathered)
    sequence = last
    return commits.map { commit in
      var found = gathered[commit.sequence] ?? Gathered()
      let clickBytes = found.rows.takeClicks()
      return CommitRows(
        bytes: found.rows.take(clicks: commit.clicksHash.map { (commit.clickRows, $0) }),
        clickBytes: found.hasClicks ? clickBytes : nil, names: found.names.joined(separator: ", "),
        opened: opened[commit.sequence])
    }
  }

  /// What stands behind the last commit was left by none.
  func checkNothingIsLeft(_ snapshot: BookSnapshot) throws {
    for (table, last) in [
      ("account", lastAccount), ("account_change", lastAccountChange), ("thing", lastThing),
      ("thing_change", lastThingChange), ("transfer", lastTransfer),
    ] {
      let extra = try snapshot.fetchOne(
        "SELECT id, commit_sequence FROM \(table) WHERE id > ? OR id < 1 ORDER BY id LIMIT 1", [last])
      if let extra {
        throw Finding(
          table: table, key: "\(extra["id"] as Int64) commit_sequence",
          expected: "a commit up to \(sequence)", found: "\(extra["commit_sequence"] as Int64)")
      }
    }
    if let openPeriod { try checkNoMoreClicks(snapshot, openPeriod) }
    try checkLedgerIsOne(snapshot)
    for (table, key) in [("period", "number"), ("settlement", "period")] {
      let column = table == "period" ? "commit_sequence" : "coalesce(settled_sequence, commit_sequence)"
      let extra = try snapshot.fetchOne(
        """
        SELECT \(key) AS key FROM \(table) WHERE commit_sequence < 1 OR commit_sequence > ?1
          OR \(column) < 1 OR \(column) > ?1 LIMIT 1
        """, [max(0, sequence)])
      if let extra {
        throw Finding(
          table: table, key: "\(extra["key"] as Int64) commit_sequence",
          expected: "a commit up to \(sequence)",
          found: "another")
      }
    }
  }

  /// One row, of a commit that there is.
  private func checkLedgerIsOne(_ snapshot: BookSnapshot) throws {
    let commits = try snapshot.fetchAll("SELECT id, commit_sequence FROM ledger ORDER BY id", [])
    guard commits.count == 1, commits[0][0] as Int64 == 1 else {
      throw Finding(table: "ledger", key: "id", expected: "one row, 1", found: "\(commits.count) rows")
    }
    let commit: Int64 = commits[0][1]
    // 0 before the first commit, and before the first after books of an earlier version were brought up to date.
    guard 0...max(0, sequence) ~= commit else {
      throw Finding(
        table: "ledger", key: "1 commit_sequence", expected: "a commit up to \(max(0, sequence))",
        found: "\(commit)")
    }
  }

  private func checkNoMoreClicks(_ snapshot: BookSnapshot, _ period: Period) throws {
    guard readsClicks, try snapshot.hasClickLog(period) else { return }
    let table = Schema.clickLogTable(period)
    let extra = try snapshot.fetchOne(
      "SELECT sequence FROM \(table) WHERE sequence > ? OR sequence < 1 LIMIT 1", [lastClick])
    if let extra {
      throw Finding(
        table: table, key: "\(extra["sequence"] as Int64)", expected: "no click that no commit has left",
        found: "one")
    }
  }

  private func readTable(
    _ table: String, _ columns: String, _ snapshot: BookSnapshot, after: Int64, through last: Int64,
    _ gathered: inout [Int64: Gathered],
    _ append: (Row, inout CanonicalRows) -> Void
  ) throws -> Int64 {
    var newest = after
    var name: (commit: Int64, first: Int64) = (0, 0)
    func finishName() {
      guard name.commit > 0 else { return }
      gathered[name.commit]?.names.append(
        "\(table) \(name.first)" + (newest > name.first ? " to \(newest)" : ""))
    }
    // Read up to the first row of a later commit: there is no index on commits, and none is needed.
    let cursor = try Row.fetchCursor(
      snapshot.db, sql: "SELECT id, commit_sequence, \(columns) FROM \(table) WHERE id > ? ORDER BY id",
      arguments: [after])
    while let row = try cursor.next() {
      let id: Int64 = row[0]
      let commit: Int64 = row[1]
      if commit > last { break }
      guard id == newest + 1 else {
        throw Finding(table: table, key: "id", expected: "\(newest + 1)", found: "\(id)")
      }
      if commit != name.commit {
        finishName()
        name = (commit, id)
      }
      newest = id
      guard gathered[commit] != nil else {
        throw Finding(
          table: table, key: "\(id) commit_sequence", expected: "a commit after \(sequence)",
          found: "\(commit)")
      }
      append(row, &gathered[commit, default: Gathered()].rows)
    }
    finishName()
    return newest
  }

  private func readKeys(
    _ snapshot: BookSnapshot, after: Int64, through last: Int64, _ gathered: inout [Int64: Gathered]
  ) throws {
    let cursor = try Row.fetchCursor(
      snapshot.db,
      sql: """
        SELECT t.commit_sequence, k.account_id, k.key, k.transfer_id
        FROM transfer t JOIN request_key k ON k.transfer_id = t.id
        WHERE t.id > ? AND t.kind IN (\(Transfer.Kind.keyed)) ORDER BY t.id
        """, arguments: [after])
    while let row = try cursor.next() {
      let commit: Int64 = row[0]
      if commit > last { break }
      gathered[commit]?.rows.appendRequestKey(account: row[1], key: row[2], transfer: row[3])
    }
  }

  private func readLedger(
    _ snapshot: BookSnapshot, through last: Int64, _ gathered: inout [Int64: Gathered]
  ) throws {
    for row in try snapshot.fetchAll(
      """
      SELECT currency, secret, created_at_ms, simulated_clock, commit_sequence FROM ledger
      WHERE commit_sequence > ? AND commit_sequence <= ?
      """, [sequence, last])
    {
      let commit: Int64 = row[4]
      gathered[commit]?.rows.appendLedger(
        currency: row[0], secret: Array(row[1] as Data), createdAt: row[2], isSimulated: row[3])
      gathered[commit]?.names.append("ledger 1")
    }
  }

  /// - Returns: The period that each commit left open, for those commits that opened one.
  private func readPeriods(
    _ snapshot: BookSnapshot, through last: Int64, _ gathered: inout [Int64: Gathered]
  ) throws -> [Int64: Period] {
    var opened: [Int64: Period] = [:]
    for row in try snapshot.fetchAll(
      "SELECT * FROM period WHERE commit_sequence > ? AND commit_sequence <= ? ORDER BY number",
      [sequence, last])
    {
      let commit: Int64 = row["commit_sequence"]
      let number: Int64 = row["number"]
      gathered[commit]?.rows.appendPeriod(
        number: number, feeBps: row["fee_bps"], minimum: row["minimum_micros"],
        receiveRequiresGiving: row["receive_requires_giving"])
      gathered[commit]?.names.append("period \(number)")
      opened[commit] = Period(number: Int(number))
    }
    return opened
  }

  private func readSettlements(
    _ snapshot: BookSnapshot, through last: Int64, _ gathered: inout [Int64: Gathered]
  ) throws {
    for row in try snapshot.fetchAll(
      "SELECT * FROM settlement WHERE commit_sequence > ? AND commit_sequence <= ? ORDER BY period",
      [sequence, last])
    {
      let commit: Int64 = row["commit_sequence"]
      gathered[commit]?.rows.appendSettlement(
        period: row["period"], digest: Array(row["digest"] as Data),
        numbers: [
          row["pots"], row["clicks"], row["owners"], row["pots_micros"], row["fees_micros"],
          row["revenue_micros"],
          row["returned_micros"],
        ])
      gathered[commit]?.names.append("settlement \(row["period"] as Int64)")
    }
    for row in try snapshot.fetchAll(
      "SELECT period, settled_sequence FROM settlement WHERE settled_sequence > ? AND settled_sequence <= ?",
      [sequence, last])
    {
      let commit: Int64 = row["settled_sequence"]
      gathered[commit]?.rows.appendSettlementEnd(period: row["period"])
      gathered[commit]?.names.append("settlement \(row["period"] as Int64) settled_sequence")
    }
  }

  /// Clicks carry no commit of their own: each commit says how many it left, and the log holds them in order.
  private mutating func readClicks(
    _ snapshot: BookSnapshot, _ commits: [CommitRecord], _ opened: [Int64: Period],
    _ gathered: inout [Int64: Gathered]
  ) throws {
    for commit in commits {
      if let period = opened[commit.sequence] {
        if let openPeriod { try checkNoMoreClicks(snapshot, openPeriod) }
        openPeriod = period
        lastClick = 0
      }
      guard commit.clickRows > 0, let openPeriod else { continue }
      guard readsClicks, try snapshot.hasClickLog(openPeriod) else {
        gathered[commit.sequence]?.hasClicks = false
        continue
      }
      let table = Schema.clickLogTable(openPeriod)
      let first = lastClick + 1
      let cursor = try Row.fetchCursor(
        snapshot.db,
        sql: "SELECT patron_id, thing_id, undone FROM \(table) WHERE sequence > ? ORDER BY sequence LIMIT ?",
        arguments: [lastClick, commit.clickRows])
      var rows = gathered[commit.sequence]?.rows ?? CanonicalRows()
      gathered[commit.sequence]?.rows = CanonicalRows()
      while let row = try cursor.next() {
        lastClick += 1
        let undone: Int64 = row[2]
        guard undone == 0 || undone == 1 else {
          throw Finding(table: table, key: "\(lastClick) undone", expected: "0 or 1", found: "\(undone)")
        }
        rows.append(ClickEffect(patron: AccountID(row[0]), thing: ThingID(row[1]), isUndone: undone == 1))
      }
      gathered[commit.sequence]?.rows = rows
      gathered[commit.sequence]?.names.append("\(table) \(first) to \(lastClick)")
    }
  }
}

extension BookSnapshot {
  /// Whether a period's clicks are still in its log: once they are filed, it loses its rows and goes.
  fileprivate func hasClickLog(_ period: Period) throws -> Bool {
    guard try hasTable(Schema.clickLogTable(period)) else { return false }
    let isFiled = try fetchOne(
      "SELECT 1 FROM settlement WHERE period = ? AND settled_sequence IS NOT NULL", [period.number])
    return isFiled == nil
  }
}
