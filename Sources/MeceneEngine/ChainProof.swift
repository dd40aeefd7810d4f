internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// Holds commits against their hashes and links, one after the other.
struct ChainProof {
  /// The last commit that was proved.
  private(set) var last: CommitPoint

  init(after commit: CommitPoint = .beginning) { last = commit }

  /// - Parameter rows: With the clicks, or without them: then their hash stands for them.
  /// - Throws: A `Finding` when the commit, or one of its rows, is not what was committed.
  mutating func check(_ commit: CommitRecord, _ rows: CommitRows) throws(Finding) {
    let key = "\(commit.sequence)"
    guard commit.sequence == last.number + 1 else {
      throw Finding(
        table: "commit_log", key: key, expected: "sequence \(last.number + 1)",
        found: "sequence \(commit.sequence)")
    }
    try checkClicks(commit, rows)
    let hash = CommitChain.rowsHash(rows.bytes)
    guard hash == commit.rowsHash else {
      throw Finding(
        table: "commit_log", key: key, expected: "rows_hash \(commit.rowsHash.hexadecimal)",
        found: "\(hash.hexadecimal) over " + (rows.names.isEmpty ? "no rows" : rows.names))
    }
    let link = CommitChain.link(
      previous: last.link, sequence: commit.sequence, time: commit.time, rowsHash: commit.rowsHash)
    guard link == commit.link else {
      throw Finding(
        table: "commit_log", key: key, expected: "link \(link.hexadecimal)",
        found: "link \(commit.link.hexadecimal)")
    }
    last = CommitPoint(number: commit.sequence, link: link)
  }

  private func checkClicks(_ commit: CommitRecord, _ rows: CommitRows) throws(Finding) {
    guard commit.clickRows >= 0, (commit.clickRows > 0) == (commit.clicksHash != nil) else {
      throw Finding(
        table: "commit_log", key: "\(commit.sequence)", expected: "clicks and their clicks_hash, or neither",
        found: "\(commit.clickRows) clicks and " + (commit.clicksHash == nil ? "no hash" : "a hash"))
    }
    guard let clicksHash = commit.clicksHash, let bytes = rows.clickBytes else { return }
    let hash = CommitChain.rowsHash(bytes)
    guard hash == clicksHash else {
      throw Finding(
        table: "commit_log", key: "\(commit.sequence)", expected: "clicks_hash \(clicksHash.hexadecimal)",
        found: "\(hash.hexadecimal) over \(rows.names)")
    }
  }
}

extension BookFile {
  /// Holds the last commit against its rows and against the link of the one before, and looks for rows behind it.
  ///
  /// - Throws: A `Finding` for the first that is wrong.
  func proveTip() throws {
    let commits = try read { try $0.newestCommits(2) }
    guard let last = commits.first else { return try forEachCommit { _, _, _ in } }
    let before = commits.dropFirst().first
    let isNext = last.sequence == (before?.sequence ?? 0) + 1
    guard isNext, last.sequence < Self.sequenceMax else {
      throw Finding(
        table: "commit_log", key: "\(last.sequence)",
        expected: "sequence \((before?.sequence ?? 0) &+ 1), the next after the one before",
        found: "sequence \(last.sequence)")
    }
    var chain = ChainProof(
      after: before.map { CommitPoint(number: $0.sequence, link: $0.link) } ?? .beginning)
    try forEachCommit(after: chain.last.number) { commit, rows, _ in try chain.check(commit, rows) }
  }

  /// A thousand commits a second would reach it after 285,000 years.
  private static var sequenceMax: Int64 { 1 << 53 }
}
