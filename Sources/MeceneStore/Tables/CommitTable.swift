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

  package init(
    sequence: Int64, time: Timestamp, clickRows: Int64, clicksHash: [UInt8]?, rowsHash: [UInt8], link: [UInt8]
  ) {
    self.sequence = sequence
    self.time = time
    self.clickRows = clickRows
    self.clicksHash = clicksHash
    self.rowsHash = rowsHash
    self.link = link
  }
}

/// The commits themselves: `commit_log`. Its rows are what the chain is made of, and so stand in no other row.
struct CommitTable {
  static let stored = StoredTable(
    name: "commit_log",
    columns: [
      .integer("sequence").primaryKey, .integer("time_ms"), .integer("click_rows"),
      .blob("clicks_hash").orNothing, .blob("rows_hash"), .blob("link"),
    ])

  static let columns = stored.columnList

  private let insert, last: Statement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try connection.prepare("INSERT INTO commit_log (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?)")
    last = try connection.prepare("SELECT \(Self.columns) FROM commit_log ORDER BY sequence DESC LIMIT 1")
  }

  func append(_ commit: CommitRecord) throws(StoreError) {
    try insert.run(
      .integer(commit.sequence), .integer(commit.time.milliseconds), .integer(commit.clickRows),
      commit.clicksHash.map(Statement.Value.blob) ?? .null, .blob(commit.rowsHash), .blob(commit.link))
  }

  /// nil before the first.
  func newest() throws(StoreError) -> CommitRecord? {
    var newest: CommitRecord?
    try last.forEachRow { newest = Self.record($0) }
    return newest
  }

  static func record(_ row: Columns) -> CommitRecord {
    CommitRecord(
      sequence: row.integer(0), time: Timestamp(milliseconds: row.integer(1)), clickRows: row.integer(2),
      clicksHash: row.isNull(3) ? nil : row.blob(3), rowsHash: row.blob(4), link: row.blob(5))
  }
}

extension BookSnapshot {
  func lastCommitSequence() throws -> Int64 { try integer("SELECT max(sequence) FROM commit_log") }

  /// The last commits, the newest first.
  package func newestCommits(_ count: Int) throws -> [CommitRecord] {
    try all(
      "SELECT \(CommitTable.columns) FROM commit_log ORDER BY sequence DESC LIMIT ?", [count],
      CommitTable.record)
  }

  /// Commits after a sequence; fewer than `limit` when they hold many clicks.
  func commits(after: Int64, through: Int64, limit: Int, clicks: Int64) throws -> [CommitRecord] {
    var commits: [CommitRecord] = []
    var sum: Int64 = 0
    try readRows(
      """
      SELECT \(CommitTable.columns) FROM commit_log WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
      """, [after, through, limit]
    ) { row in
      let commit = CommitTable.record(row)
      commits.append(commit)
      let (more, overflow) = sum.addingReportingOverflow(max(0, commit.clickRows))
      if overflow || more > clicks { return false }
      sum = more
      return true
    }
    return commits
  }
}
