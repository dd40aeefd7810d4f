internal import CMeceneSystem
internal import Foundation
internal import MeceneConcurrency

/// The directory of one ledger. Until it is released, no other process can have it.
///
/// The lock is on the directory itself, for a file that locks it would be removed as "stale" one day.
package final class DataDirectory: Sendable {
  package let path: String
  private let descriptor: Locked<Int32>
  /// The database's files, once they are open.
  private let files: Locked<[(path: String, file: FileIdentity)]> = Locked([])

  /// Makes the directory if need be, for its owner alone, and locks it.
  ///
  /// - Throws: `StoreError.directory` when it can't be made, or when another daemon has it.
  package init(path: String) throws(StoreError) {
    self.path = path
    guard Self.make(path) else {
      throw .directory("the data directory \(path) can't be made: \(Self.lastError)")
    }
    let opened = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    descriptor = Locked(opened)
    guard opened >= 0, unsafe access(path, W_OK | X_OK) == 0 else {
      throw .directory("the data directory \(path) can't be written to: \(Self.lastError)")
    }
    guard mecene_lock_file(opened) else {
      throw .directory("another daemon is using the data directory \(path)")
    }
  }

  deinit { release() }

  /// Lets others have the directory.
  package func release() {
    descriptor.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  /// The directory's mode when other users may enter it, such as "0755"; nil when they may not.
  package var modeForOthers: String? {
    var status = stat()
    guard descriptor.withLock({ unsafe fstat($0, &status) }) == 0, status.st_mode & 0o077 != 0 else {
      return nil
    }
    let digits = String(status.st_mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Takes absence for a first start only when nothing of a ledger is there.
  ///
  /// - Throws: `StoreError.directory` when the database is missing or empty beside what belongs to it.
  package func checkForRemains() throws(StoreError) {
    var status = stat()
    if unsafe stat(databasePath, &status) == 0 {
      if status.st_size > 0 { return try checkForLog() }
      throw .directory(
        "\(databasePath) is empty, and was not when it was made: put the books back, or restore a backup into another "
          + "directory. Nothing was changed here")
    }
    let names = ["-wal", "-shm", "-journal"].map { "mecene.sqlite" + $0 } + ["mecene.lock", "mecene.sock"]
    let remains = names.filter { unsafe lstat(path + "/" + $0, &status) == 0 }
    guard !remains.isEmpty else { return }
    throw .directory(
      "the data directory \(path) has no mecene.sqlite, but \(remains.joined(separator: " and ")), which belongs to one: the "
        + "books were moved or removed. Put them back, or restore a backup into another directory. Nothing was changed here"
    )
  }

  /// Removes the log's index when there is no log.
  package func removeIndexWithoutLog() {
    var status = stat()
    if unsafe lstat(databasePath + "-wal", &status) != 0 { unsafe unlink(databasePath + "-shm") }
  }

  /// SQLite removes the log and its index together, and a crash leaves both.
  private func checkForLog() throws(StoreError) {
    var status = stat()
    let (log, index) = (databasePath + "-wal", databasePath + "-shm")
    guard unsafe lstat(index, &status) == 0, unsafe lstat(log, &status) != 0 else { return }
    throw .directory(
      "\(index) is there, and \(log), which belongs to it, is not: what was acknowledged last may have been in it. Put it back, or "
        + "remove \(index) if you know that nothing is missing. Nothing was changed here")
  }

  /// Refuses a log that has a break with whole commits behind it, which SQLite would forget.
  ///
  /// - Throws: `StoreError.directory`.
  package func checkLog() throws(StoreError) {
    let found: LogCheck.Break?
    do {
      found = try LogCheck.findBreak(log: databasePath + "-wal", database: databasePath)
    } catch {
      throw .unreadable("\(databasePath): \(error.localizedDescription)")
    }
    guard let found else { return }
    let place = found.frame == 0 ? "at its beginning" : "at its frame \(found.frame)"
    throw .directory(
      "\(databasePath)-wal is damaged \(place), and \(found.commits) whole commits behind it would be lost if the books were opened. "
        + "Keep a copy of both files, and restore the newest backup; or move the log away to go on without what it "
        + "holds. Nothing was changed here")
  }

  /// Lets nobody but their owner read the books, and remembers which files they are.
  ///
  /// - Returns: The names of files that others could read.
  /// - Throws: `StoreError.directory` when a file's mode can't be changed.
  package func secureFiles() throws(StoreError) -> [String] {
    var opened: [String] = []
    var found: [(path: String, file: FileIdentity)] = []
    for suffix in ["", "-wal", "-shm"] {
      let file = databasePath + suffix
      var status = stat()
      guard unsafe stat(file, &status) == 0 else { continue }
      if status.st_mode & 0o077 != 0 {
        guard unsafe chmod(file, 0o600) == 0 else {
          throw .directory("the mode of \(file) can't be changed: \(Self.lastError)")
        }
        opened.append("mecene.sqlite" + suffix)
      }
      found.append((file, FileIdentity(status)))
    }
    files.withLock { $0 = found }
    return opened
  }

  /// What was moved or removed under the daemon's hands, in one sentence; nil when all is in its place.
  package var loss: String? {
    var (own, named) = (stat(), stat())
    guard descriptor.withLock({ unsafe fstat($0, &own) }) == 0 else { return nil }
    guard unsafe stat(path, &named) == 0, FileIdentity(own) == FileIdentity(named) else {
      return "the data directory \(path) was moved or removed while the daemon ran"
    }
    for (path, file) in files.withLock({ $0 }) {
      guard unsafe stat(path, &named) == 0, FileIdentity(named) == file else {
        return "\(path) was moved, removed or replaced while the daemon ran"
      }
    }
    return nil
  }

  /// Makes the names in the directory durable: SQLite tries that, and ignores when it fails.
  package func sync() throws(StoreError) {
    guard descriptor.withLock({ fsync($0) }) == 0 else {
      throw .directory("the data directory \(path) can't be synced: \(Self.lastError)")
    }
  }

  /// The database file.
  package var databasePath: String { Self.databasePath(in: path) }

  /// The database file of a data directory.
  package static func databasePath(in path: String) -> String { path + "/mecene.sqlite" }

  /// Whether the disk takes this many bytes now: found out by writing and removing them.
  package func hasRoom(bytes: Int) -> Bool {
    let probe = path + "/mecene.probe"
    let descriptor = unsafe open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer {
      close(descriptor)
      unsafe unlink(probe)
    }
    let block = [UInt8](repeating: 0xa5, count: 65_536)
    var written = 0
    while written < bytes {
      let count = unsafe block.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count <= 0 { return false }
      written += count
    }
    return fsync(descriptor) == 0
  }

  /// Makes a directory and those above it that are missing. False with `errno` when it is not there afterwards.
  private static func make(_ path: String) -> Bool {
    if unsafe mkdir(path, 0o700) == 0 { return true }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      guard make(String(path[..<slash])) else { return false }
      if unsafe mkdir(path, 0o700) == 0 { return true }
    }
    guard errno == EEXIST else { return false }
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      errno = ENOTDIR
      return false
    }
    return true
  }

  private static var lastError: String { unsafe String(cString: strerror(errno)) }
}

/// Which file it is, whatever it is called.
private struct FileIdentity: Sendable, Hashable {
  let device: dev_t
  let inode: ino_t

  init(_ status: stat) { (device, inode) = (status.st_dev, status.st_ino) }
}
