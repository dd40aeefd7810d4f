internal import Foundation
internal import GRDB

// Whole copies of the books, made while a daemon goes on writing.
extension BookFile {
  /// Pages that one step copies, of 4 KiB each.
  private static let pagesPerStep: CInt = 4_096

  /// Opens books for reading alone, whether a daemon is writing to them or not.
  ///
  /// - Throws: `StoreError` when there are none, or when they are another version's or another program's.
  package convenience init(readingOnly path: String) throws(StoreError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .directory("there are no books at \(path)")
    }
    let location = DatabaseLocation(path: path)
    do {
      let queue = try DatabaseQueue(path: location.uri, configuration: Self.readOnly)
      defer { try? queue.close() }
      let identity = try queue.read { db in
        try Self.checkApplication(db, path)
        let migrator = Schema.migrator()
        if try migrator.hasBeenSuperseded(db) { throw StoreError.newerVersion(path: path) }
        guard try migrator.hasCompletedMigrations(db) else { throw StoreError.olderVersion(path: path) }
        try Self.checkSchema(db)
        return try Self.identity(db)
      }
      try self.init(reading: location, identity: identity)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(reading: error)
    }
  }

  /// Copies the books as they are at one instant into a file that does not exist yet. The file appears whole or not at
  /// all, and is one plain file.
  ///
  /// - Parameters:
  ///   - begun: Called with the path of what is not finished yet: it is left behind when the program ends before.
  ///   - check: Looks at the finished copy, at the path that it gets, before the copy takes its name.
  ///   - progress: Called with pages copied and pages in all.
  /// - Throws: `StoreError`, or what `check` throws; no file is left then.
  package func copy(
    to path: String, begun: (String) -> Void = { _ in }, check: (String) throws -> Void,
    progress: (Int, Int) -> Void
  ) throws {
    for suffix in ["", "-wal", "-shm", "-journal"] where FileManager.default.fileExists(atPath: path + suffix)
    {
      throw StoreError.directory("\(path + suffix) is there already; a copy never takes another file's place")
    }
    let partial = path + ".partial-\(UUID().uuidString.prefix(8))"
    // For its owner alone: it holds secrets.
    let descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.cannotMake(path) }
    close(descriptor)
    defer { Self.removeUnfinished(partial) }
    begun(partial)
    do {
      try writeCopy(to: partial, progress)
    } catch let error as DatabaseError {
      throw StoreError(reading: error)
    }
    try check(partial)
    // A link, unlike a rename, fails when the name is taken meanwhile.
    guard unsafe link(partial, path) == 0 else { throw Self.cannotMake(path) }
    try Self.sync(directoryOf: path)
  }

  /// Removes a copy that was not finished.
  package static func removeUnfinished(_ path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] { unsafe unlink(path + suffix) }
  }

  static func cannotMake(_ path: String) -> StoreError {
    .directory("the file \"\(path)\" can't be made: \(unsafe String(cString: strerror(errno)))")
  }

  /// Makes a new name durable.
  static func sync(directoryOf path: String) throws(StoreError) {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = unsafe open(directory, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotMake(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw cannotMake(path) }
  }

  private func writeCopy(to path: String, _ progress: (Int, Int) -> Void) throws {
    let copy = try DatabaseQueue(path: DatabaseLocation(path: path).uri)
    defer { try? copy.close() }
    try pool.read { source in
      // Until this read ends the source stays as it is now for it, however much is written meanwhile.
      _ = try source.integer("SELECT max(sequence) FROM commit_log")
      try copy.writeWithoutTransaction { target in
        try withoutActuallyEscaping(progress) { progress in
          try source.backup(to: target, pagesPerStep: Self.pagesPerStep) { step in
            progress(step.completedPageCount, step.totalPageCount)
          }
        }
        // One file: the write-ahead log belongs to a daemon.
        try target.execute(sql: "PRAGMA journal_mode = DELETE")
      }
    }
  }
}
