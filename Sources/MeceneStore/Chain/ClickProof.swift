internal import MeceneLedger
internal import MeceneProof

/// Holds the clicks of a month, as they are read from its log in their order, against the `clicks_hash` of the commits that left
/// them. What those commits are is proved by their links: see `forEachCommit`.
struct ClickProof {
  private static let commitsAtOnce: Int64 = 4_096

  private let table: String
  private let commitsBehind: Statement
  private let lastCommit: Int64
  private var commit: Int64
  /// Commits that left clicks and are still to be met, the next one last.
  private var ahead: [(sequence: Int64, clicks: Int64, hash: [UInt8])] = []
  /// Canonical bytes of the clicks of the next commit.
  private var bytes: [UInt8] = []
  /// How many of them are still to come.
  private var clicksAhead: Int64 = 0

  /// - Parameters:
  ///   - commits: The commits that can have left clicks of the month.
  ///   - rows: How many clicks the log has.
  /// - Throws: A `Finding` when the commits left another number.
  init(
    _ connection: SQLiteConnection, table: String, _ commits: Range<Int64>, rows: Int
  ) throws {
    self.table = table
    (commit, lastCommit) = (commits.lowerBound - 1, commits.upperBound - 1)
    commitsBehind = try connection.prepare(
      """
      SELECT sequence, click_rows, clicks_hash FROM commit_log
      WHERE sequence > ? AND sequence <= ? AND click_rows <> 0 ORDER BY sequence LIMIT \(Self.commitsAtOnce)
      """)
    var sum: Int64 = 0
    try connection.prepare(
      "SELECT coalesce(sum(click_rows), 0) FROM commit_log WHERE sequence > ? AND sequence <= ?"
    ).forEachRow(.integer(commit), .integer(lastCommit)) { sum = $0.integer(0) }
    guard sum == rows else {
      throw Finding(
        table: table, key: "sequence", expected: "\(sum) rows, which its commits left", found: "\(rows)")
    }
  }

  /// The next click of the log.
  mutating func add(patron: Int64, thing: Int64, undone: Int64) throws {
    if clicksAhead == 0 { try meetCommit() }
    guard undone == 0 || undone == 1 else {
      throw Finding(
        table: table, key: "\(patron) \(thing)", expected: "undone 0 or 1", found: "undone \(undone)")
    }
    let click = ClickEffect(patron: AccountID(patron), thing: ThingID(thing), isUndone: undone == 1)
    bytes.append(addingCapacity: CanonicalRows.clickBytes) { CanonicalRows.append(click, to: &$0) }
    clicksAhead -= 1
    if clicksAhead == 0 { try prove() }
  }

  private mutating func meetCommit() throws {
    if ahead.isEmpty { try readAhead() }
    guard let next = ahead.last, next.clicks > 0 else {
      throw Finding(
        table: table, key: "sequence", expected: "no more rows than commits left", found: "one more")
    }
    clicksAhead = next.clicks
    bytes.reserveCapacity(CanonicalRows.clickBytes * Int(clamping: min(next.clicks, 1 << 16)))
  }

  private mutating func prove() throws {
    guard let commit = ahead.popLast() else { return }
    let found = CommitChain.rowsHash(bytes)
    bytes.removeAll(keepingCapacity: true)
    guard found == commit.hash else {
      throw Finding(
        table: table, key: "the \(commit.clicks) rows of commit \(commit.sequence)",
        expected: "what was committed", found: "other clicks")
    }
  }

  /// After the last click: all commits have been met.
  mutating func end() throws {
    if ahead.isEmpty { try readAhead() }
    guard let next = ahead.last else { return }
    throw Finding(
      table: table, key: "the rows of commit \(next.sequence)", expected: "\(next.clicks) rows",
      found: "\(next.clicks - clicksAhead)")
  }

  private mutating func readAhead() throws {
    var found: [(sequence: Int64, clicks: Int64, hash: [UInt8])] = []
    try commitsBehind.forEachRow(.integer(commit), .integer(lastCommit)) { row in
      found.append((row.integer(0), row.integer(1), row.isNull(2) ? [] : row.blob(2)))
    }
    if let last = found.last { commit = last.sequence }
    ahead = found.reversed()
  }
}
