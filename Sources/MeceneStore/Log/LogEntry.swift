package import MeceneLedger

/// A commit as a log has it: all that books with the same links are made from.
package struct LogEntry: Sendable, Hashable {
  package let commit: CommitRecord
  /// The canonical bytes over which `rows_hash` is taken, in which one row stands for the clicks.
  package let rows: [UInt8]
  /// The canonical bytes over which `clicks_hash` is taken.
  package let clicks: [UInt8]
  /// Salts, texts and secrets behind the commitments in `rows`: not hashed, so that they can be erased one day; books are made only
  /// of entries that have them. See `CanonicalRows`.
  package let texts: [UInt8]

  package init(commit: CommitRecord, rows: [UInt8], clicks: [UInt8], texts: [UInt8]) {
    self.commit = commit
    self.rows = rows
    self.clicks = clicks
    self.texts = texts
  }
}

/// What became of an entry that was handed down.
package enum Appended: Sendable, Hashable {
  case durable
  /// It is not there.
  case failed(StoreError)
  /// Whether it is there is not known before the log is led again.
  case unknown(StoreError)
  /// Somebody else leads the log, and it is not there.
  case fenced(String)
}

/// Where commits go to be durable. The writer hands each down whole, and knows no more of the disk: the log decides what is true.
package protocol CommitLog {
  /// Takes the lead: nobody else appends from here on. Called at a start, and after an entry of which nobody knows whether it is
  /// there.
  ///
  /// - Returns: The last commit that is durable. The writer's books are at this commit then.
  func lead() throws(StoreError) -> CommitPoint

  /// Makes the next commit durable, and the rows in the writer's books with it.
  func append(_ entry: LogEntry) -> Appended

  /// Commits after a number, in their order, as far back as the log reaches.
  ///
  /// - Throws: `StoreError`, or a `Finding` when the log does not reach so far back.
  func read(after number: Int64, _ body: (LogEntry) throws -> Void) throws
}

/// The log in the books themselves: a commit is durable with the transaction that holds its rows. It reaches back to the oldest month
/// that is not settled, because the clicks of others are only filed.
package struct LocalLog: CommitLog {
  private let book: BookWriter
  private let file: BookFile

  /// - Parameters:
  ///   - book: The one that writes. Whoever has its directory leads.
  ///   - file: The same books.
  package init(_ book: BookWriter, _ file: BookFile) {
    self.book = book
    self.file = file
  }

  package func lead() throws(StoreError) -> CommitPoint {
    let last = try book.lastCommit()
    return CommitPoint(number: last.sequence, link: last.link)
  }

  package func append(_ entry: LogEntry) -> Appended {
    do throws(StoreError) {
      try book.commit(entry)
      return .durable
    } catch {
      // A disk that is full says so before the commit is there.
      return error == .diskFull ? .failed(error) : .unknown(error)
    }
  }

  package func read(after number: Int64, _ body: (LogEntry) throws -> Void) throws {
    try file.forEachCommit(after: number) { commit, rows, _ in
      guard let clicks = rows.clickBytes else {
        throw Finding(
          table: "commit_log", key: "\(commit.sequence)", expected: "a commit of a month that is not settled",
          found: "one whose clicks are only filed")
      }
      try body(LogEntry(commit: commit, rows: rows.bytes, clicks: clicks, texts: rows.texts))
    }
  }
}
