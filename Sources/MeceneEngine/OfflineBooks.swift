internal import Foundation
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// Books without a daemon, or beside one that goes on: what an operator does with the files.
package enum OfflineBooks {
  /// Which books are meant.
  package enum Place: Sendable {
    /// Those of a data directory.
    case directory(String)
    /// A file of their own, such as a backup.
    case file(String)

    fileprivate var path: String {
      switch self {
      case .directory(let path): DataDirectory.databasePath(in: path)
      case .file(let path): path
      }
    }
  }

  /// Proves books.
  ///
  /// - Parameter kept: A commit that was kept outside, as number and link: the chain has to hold it.
  /// - Throws: `StoreError`, `MalformedCommit`.
  package static func verify(
    _ place: Place, against kept: String? = nil, progress: (StageProgress) -> Void
  ) throws -> Verdict {
    let commit = try kept.map { text throws(MalformedCommit) in
      guard let commit = CommitPoint(parsing: text) else { throw MalformedCommit(text: text) }
      return commit
    }
    return try BookFile(readingOnly: place.path).verify(
      against: commit, progress: progress)
  }

  /// What is no number and link of a commit.
  package struct MalformedCommit: Error, CustomStringConvertible {
    let text: String
    package var description: String {
      "a commit is a number and a link of 64 hexadecimal digits, as `mecene status` shows them: 14:0a1b…; it was \(text)"
    }
  }

  /// Copies the books of a data directory, as they are at one instant, into a new file, and proves the copy before it
  /// takes its name.
  ///
  /// - Throws: `StoreError`, `WrongCopy`.
  package static func backUp(
    dataPath: String, to file: String, begun: (Unfinished) -> Void, progress: (StageProgress) -> Void
  ) throws -> Verdict {
    let book = try BookFile(readingOnly: DataDirectory.databasePath(in: dataPath))
    return try copy(book, to: file, { begun(Unfinished(file: $0, directory: nil)) }, progress)
  }

  /// Makes a data directory out of a backup. Books that are there already are never replaced.
  ///
  /// - Throws: `StoreError`, `WrongCopy`.
  package static func restore(
    file: String, dataPath: String, begun: (Unfinished) -> Void, progress: (StageProgress) -> Void
  ) throws -> Verdict {
    let book = try BookFile(readingOnly: file)
    let directory = try DataDirectory(path: dataPath)
    defer { directory.release() }
    do {
      return try copy(
        book, to: directory.databasePath, { begun(Unfinished(file: $0, directory: directory.path)) }, progress
      )
    } catch {
      // It goes only when nothing is in it.
      unsafe rmdir(directory.path)
      throw error
    }
  }

  /// A copy that is not finished, and the directory that was made for it.
  package struct Unfinished: Sendable {
    let file: String
    let directory: String?

    /// Removes it. The directory goes only when nothing else is in it.
    package func remove() {
      BookFile.removeUnfinished(file)
      if let directory { unsafe rmdir(directory) }
    }
  }

  /// A copy, or its source, that is wrong. No file is left.
  package struct WrongCopy: Error, CustomStringConvertible {
    let finding: Finding
    package var description: String { "the copy is wrong, and was removed: \(finding)" }
  }

  private static func copy(
    _ book: BookFile, to path: String, _ begun: (String) -> Void, _ progress: (StageProgress) -> Void
  ) throws -> Verdict {
    var verdict = Verdict()
    try book.copy(
      to: path, begun: begun,
      check: { copied in
        verdict = try BookFile(readingOnly: copied).verify(progress: progress)
        if let finding = verdict.finding { throw WrongCopy(finding: finding) }
      }, progress: { progress(StageProgress("copying pages", $0, of: $1)) })
    return verdict
  }
}
