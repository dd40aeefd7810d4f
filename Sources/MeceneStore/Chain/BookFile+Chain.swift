internal import GRDB
package import MeceneLedger

/// What is left of a commit's rows.
package struct CommitRows {
  /// The canonical bytes over which `rows_hash` was taken, in which `clicks_hash` stands for the clicks.
  package let bytes: [UInt8]
  /// The canonical bytes of its clicks; nil when they were filed and their log dropped.
  package let clickBytes: [UInt8]?
  /// What is behind the commitments in its rows: see `LogEntry`.
  package let texts: [UInt8]
  /// The rows by table, such as "account 2, transfer 3 to 5".
  package let names: String
  /// The last month that it opened.
  package let opened: Period?

  /// Those of a log's entry.
  package init(_ entry: LogEntry) {
    self.init(
      bytes: entry.rows, clickBytes: entry.clicks, texts: entry.texts, names: "the entry's bytes", opened: nil
    )
  }

  init(bytes: [UInt8], clickBytes: [UInt8]?, texts: [UInt8], names: String, opened: Period?) {
    self.bytes = bytes
    self.clickBytes = clickBytes
    self.texts = texts
    self.names = names
    self.opened = opened
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

/// Puts each commit's rows together again. Every table is read once, from front to back.
private struct CommitRowsReader {
  /// The last commit that was read.
  private(set) var sequence: Int64 = .min
  private var readers: [any ChainReader]

  init(readsClicks: Bool) {
    readers = JournalTable.all.map { table in
      switch table.order {
      case .numbered: NumberedRowsReader(table)
      case .few(let key, let commit): FewRowsReader(table, key: key, commit: commit)
      case .transfers: TransferKeysReader(table)
      case .clicks: ClicksReader(table, readsClicks: readsClicks)
      }
    }
  }

  /// Begins behind a commit.
  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) throws {
    for index in readers.indices { try readers[index].skip(through: commit, snapshot) }
    sequence = commit
  }

  mutating func read(_ commits: [CommitRecord], _ snapshot: BookSnapshot) throws -> [CommitRows] {
    guard let last = commits.last?.sequence else { return [] }
    var gathered = GatheredCommits(commits, after: sequence)
    for index in readers.indices { try readers[index].read(commits, snapshot, into: &gathered) }
    sequence = last
    return commits.map { gathered.rows(of: $0) }
  }

  /// What stands behind the last commit was left by none.
  func checkNothingIsLeft(_ snapshot: BookSnapshot) throws {
    for reader in readers { try reader.checkNothingIsLeft(behind: sequence, snapshot) }
  }
}

/// The rows of some commits that follow each other, as far as they were read.
struct GatheredCommits {
  private struct Gathered {
    var rows = CanonicalRows()
    var names: [String] = []
    var hasClicks = true
    var opened: Period?
  }

  /// The commit before the first.
  let before: Int64
  let last: Int64
  private var commits: [Int64: Gathered] = [:]

  init(_ commits: [CommitRecord], after: Int64) {
    before = after
    last = commits.last?.sequence ?? after
    for commit in commits { self.commits[commit.sequence] = Gathered() }
  }

  func contains(_ commit: Int64) -> Bool { commits[commit] != nil }

  /// Adds to a commit's rows. Nothing changes when it is none of these: then its rows are looked for in vain.
  mutating func add(to commit: Int64, _ body: (inout CanonicalRows) throws -> Void) rethrows {
    guard var found = commits[commit] else { return }
    commits[commit] = Gathered()
    defer { commits[commit] = found }
    try body(&found.rows)
  }

  /// - Parameter rows: Such as "transfer 3 to 5".
  mutating func name(_ rows: String, in commit: Int64) { commits[commit]?.names.append(rows) }

  mutating func open(_ period: Period, in commit: Int64) { commits[commit]?.opened = period }

  func opened(in commit: Int64) -> Period? { commits[commit]?.opened }

  /// A commit's clicks are not in their log any more, or are not read.
  mutating func missClicks(of commit: Int64) { commits[commit]?.hasClicks = false }

  mutating func rows(of commit: CommitRecord) -> CommitRows {
    var found = commits.removeValue(forKey: commit.sequence) ?? Gathered()
    let clickBytes = found.rows.takeClicks()
    let texts = found.rows.takeTexts()
    return CommitRows(
      bytes: found.rows.take(clicks: commit.clicksHash.map { (commit.clickRows, $0) }),
      clickBytes: found.hasClicks ? clickBytes : nil, texts: texts,
      names: found.names.joined(separator: ", "),
      opened: found.opened)
  }
}
