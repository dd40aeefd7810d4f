internal import CMeceneSystem
internal import Foundation
internal import MeceneConcurrency

/// The directory of one ledger. Until it is released, no other process can have it.
package final class DataDirectory: Sendable {
  package let path: String
  private let lockDescriptor: Locked<Int32>

  /// Makes the directory if need be, for its owner alone, and locks it.
  ///
  /// - Throws: `StoreError.directory` when it can't be made, or when another daemon has it.
  package init(path: String) throws(StoreError) {
    self.path = path
    guard Self.make(path) else {
      throw .directory("the data directory \(path) can't be made: \(Self.lastError)")
    }
    let descriptor = unsafe open(path + "/mecene.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    lockDescriptor = Locked(descriptor)
    guard descriptor >= 0 else {
      throw .directory("the data directory \(path) can't be written to: \(Self.lastError)")
    }
    guard mecene_lock_file(descriptor) else {
      throw .directory("another daemon is using the data directory \(path)")
    }
  }

  deinit { release() }

  /// Lets others have the directory.
  package func release() {
    lockDescriptor.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
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
