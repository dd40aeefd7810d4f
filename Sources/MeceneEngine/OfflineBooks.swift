internal import Foundation
internal import MeceneLedger
internal import MeceneStore

/// Books without a daemon, or beside one that goes on: what an operator does with the files.
package enum OfflineBooks {
  /// Proves the books of a data directory.
  ///
  /// - Throws: `StoreError`, whose sentence `EmbeddedEngine.sentence(of:)` gives.
  package static func verify(
    dataPath: String, progress: (StageProgress) -> Void
  ) throws -> Verdict {
    try BookFile(readingOnly: DataDirectory.databasePath(in: dataPath)).verify(progress: progress)
  }

  /// Copies the books of a data directory, as they are at one instant, into a new file, and proves the copy before it
  /// takes its name.
  ///
  /// - Throws: `StoreError`, `WrongCopy`.
  package static func backUp(
    dataPath: String, to file: String, progress: (StageProgress) -> Void
  ) throws -> Verdict {
    let book = try BookFile(readingOnly: DataDirectory.databasePath(in: dataPath))
    return try copy(book, to: file, progress)
  }

  /// Makes a data directory out of a backup. Books that are there already are never replaced.
  ///
  /// - Throws: `StoreError`, `WrongCopy`.
  package static func restore(
    file: String, dataPath: String, progress: (StageProgress) -> Void
  ) throws -> Verdict {
    let book = try BookFile(readingOnly: file)
    let directory = try DataDirectory(path: dataPath)
    defer { directory.release() }
    return try copy(book, to: directory.databasePath, progress)
  }

  /// A copy, or its source, that is wrong. No file is left.
  package struct WrongCopy: Error, CustomStringConvertible {
    let finding: Finding
    package var description: String { "the copy is wrong, and was removed: \(finding)" }
  }

  private static func copy(
    _ book: BookFile, to path: String, _ progress: (StageProgress) -> Void
  ) throws -> Verdict {
    var verdict = Verdict()
    try book.copy(
      to: path,
      check: { copied in
        verdict = try BookFile(readingOnly: copied).verify(progress: progress)
        if let finding = verdict.finding { throw WrongCopy(finding: finding) }
      }, progress: { progress(StageProgress("copying pages", $0, of: $1)) })
    return verdict
  }
}
