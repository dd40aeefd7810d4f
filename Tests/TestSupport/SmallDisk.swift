import Foundation
import Glibc

/// A real file system of its own, as small as is asked for; mounting one takes the right to.
package final class SmallDisk: Sendable {
  package let path: String
  private let image: String

  /// Whether one can be made here: tried once. In CI it has to be.
  package static let canBeMade: Bool = {
    if ProcessInfo.processInfo.environment["CI"] != nil { return true }
    return (try? SmallDisk(bytes: 1 << 20)) != nil
  }()

  /// Makes and mounts an ext4 of this size.
  package init(bytes: Int) throws {
    path = "/tmp/mecene-disk-\(UUID().uuidString.prefix(8))"
    image = path + ".image"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    do {
      guard FileManager.default.createFile(atPath: image, contents: nil), truncate(image, off_t(bytes)) == 0
      else { throw NotMade(what: "the image") }
      // Without blocks that root alone may use, and without a journal, which would take most of it.
      try Self.run("mkfs.ext4", ["-q", "-m", "0", "-O", "^has_journal", image])
      try Self.run("mount", ["-o", "loop", image, path])
    } catch {
      remove()
      throw error
    }
  }

  deinit {
    // Whoever still has a file of it open keeps it for so long, and no longer.
    try? Self.run("umount", ["-l", path])
    remove()
  }

  private func remove() {
    rmdir(path)
    unlink(image)
  }

  /// Leaves so many bytes free, or a little less.
  package func fill(leaving bytes: Int) throws {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw NotMade(what: "the ballast") }
    let free = Int(status.f_bavail) * Int(status.f_frsize)
    let ballast = Data(repeating: 0xa5, count: max(0, free - bytes - 8_192))
    try ballast.write(to: URL(fileURLWithPath: path + "/ballast"))
  }

  /// Makes room again.
  package func empty() throws { try FileManager.default.removeItem(atPath: path + "/ballast") }

  private struct NotMade: Error { let what: String }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", program] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw NotMade(what: program) }
  }
}
