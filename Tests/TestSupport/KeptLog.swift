import Foundation
import MeceneConcurrency
import MeceneEngine
import MeceneLedger
package import MeceneStore

/// The books' own log, with every entry kept as it was handed down.
package final class KeptLog: Sendable {
  private let kept = Locked<[LogEntry]>([])

  package init() {}

  /// Those that are durable, in their order.
  package var entries: [LogEntry] { kept.withLock { $0 } }

  /// What an engine's settings take.
  package func make(_ book: BookWriter, _ file: BookFile) -> any CommitLog {
    Keeping(LocalLog(book, file), self)
  }

  /// Forgets what came behind a commit.
  package func lead(after number: Int64) {
    kept.withLock { entries in
      while let last = entries.last, last.commit.sequence > number { entries.removeLast() }
    }
  }

  /// Makes a data directory from the entries.
  package func rebuild(into dataPath: String) throws {
    let books = try Rebuilding(dataPath: dataPath)
    for entry in entries { try books.follow(entry) }
    guard try books.finish().link == entries.last?.commit.link else { throw WrongLink() }
  }

  private struct WrongLink: Error {}

  private struct Keeping: CommitLog {
    let log: LocalLog
    let owner: KeptLog

    init(_ log: LocalLog, _ owner: KeptLog) { (self.log, self.owner) = (log, owner) }

    func lead() throws(StoreError) -> (commit: CommitPoint, time: Timestamp) {
      let last = try log.lead()
      owner.lead(after: last.commit.number)
      return last
    }

    func append(_ entry: LogEntry) -> Appended {
      // Before, because a commit whose outcome is not known may be there.
      owner.kept.withLock { $0.append(entry) }
      return log.append(entry)
    }

    func read(after number: Int64, _ body: (LogEntry) throws -> Void) throws {
      try log.read(after: number, body)
    }
  }
}
