internal import Foundation

/// Looks into a write-ahead log before SQLite does. SQLite takes a log up to the first frame whose check sum is wrong, and forgets
/// the rest without a word: after a crash that is a commit on its way, but if a bit has rotted it is everything after it.
///
/// A commit on its way leaves one commit mark at the most, because each is on the disk before the next begins. So whole commits
/// behind a broken frame tell the two apart.
///
/// Source: SQLite's "WAL-mode File Format", sections 4.1 to 4.4.
struct LogCheck {
  /// What was found behind a break.
  struct Break: Hashable {
    /// From 1 on; 0 = the header.
    let frame: Int
    /// Commits behind it that are whole.
    let commits: Int
    /// The last frame of the last of them.
    let last: Int
  }

  private static let headerBytes = 32
  private static let frameHeaderBytes = 24

  private let log: Data
  private let pageBytes: Int
  private let isBigEndian: Bool

  /// Nil when the file holds nothing that is a log.
  private init?(_ log: Data) {
    guard log.count > Self.headerBytes + Self.frameHeaderBytes else { return nil }
    self.log = log
    let magic = Self.word(log, 0)
    let pageBytes = Int(Self.word(log, 8))
    // A header that has rotted says neither; the books have pages of 4 KiB, and this machine's order of bytes.
    let isKnown = magic & ~1 == 0x377f_0682
    isBigEndian = isKnown && magic & 1 == 1
    let isSize = (512...65_536).contains(pageBytes) && pageBytes & (pageBytes - 1) == 0
    self.pageBytes = isKnown && isSize ? pageBytes : 4_096
  }

  /// Finds a break that SQLite would take for the log's end.
  ///
  /// - Returns: Nil when there is none, or nothing of it is missing in the database.
  static func findBreak(log: String, database: String) throws -> Break? {
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: log), options: .alwaysMapped),
      let check = LogCheck(bytes), let found = check.findBreak(),
      let pages = try? FileHandle(forReadingFrom: URL(fileURLWithPath: database))
    else { return nil }
    defer { try? pages.close() }
    return try check.isMoved(found, in: pages) ? nil : found
  }

  private var frames: Int { (log.count - Self.headerBytes) / (Self.frameHeaderBytes + pageBytes) }

  private func offset(of frame: Int) -> Int {
    Self.headerBytes + (frame - 1) * (Self.frameHeaderBytes + pageBytes)
  }

  private func findBreak() -> Break? {
    guard frames > 0 else { return nil }
    var broken: Int?
    var (commits, last) = (0, 0)
    // What a frame may follow from: behind a break, the check sum that stands in it or the one that it should have.
    var sums = [checkSum((0, 0), 0..<24)]
    let stored = (Self.word(log, 24), Self.word(log, 28))
    let salts = (Self.word(log, 16), Self.word(log, 20))
    if sums[0] != stored {
      broken = 0
      sums.append(stored)
    }
    for frame in 1...frames {
      let start = offset(of: frame)
      let stored = (Self.word(log, start + 16), Self.word(log, start + 20))
      let found = sums.map { checkSum(checkSum($0, start..<start + 8), start + 24..<start + 24 + pageBytes) }
      let isOfThisLog = (Self.word(log, start + 8), Self.word(log, start + 12)) == salts
      if found.contains(where: { $0 == stored }), isOfThisLog || broken == 0 {
        if broken != nil, Self.word(log, start + 4) > 0 { (commits, last) = (commits + 1, frame) }
        sums = [stored]
      } else {
        // What follows from nothing is what an older log left.
        guard broken == nil || broken == 0 && frame == 1 else { break }
        broken = broken ?? frame
        sums = found + [stored]
      }
    }
    guard let broken, commits > (broken == 0 ? 0 : 1) else { return nil }
    return Break(frame: broken, commits: commits, last: last)
  }

  /// Whether the database holds all that stands behind a break: then a checkpoint has moved it, and the log is not needed.
  private func isMoved(_ found: Break, in database: FileHandle) throws -> Bool {
    var newest: [UInt32: Int] = [:]
    // The broken one is what it was when it was moved, if it was.
    for frame in found.frame + 1..<found.last + 1 { newest[Self.word(log, offset(of: frame))] = frame }
    for (page, frame) in newest where page > 0 {
      try database.seek(toOffset: UInt64(page - 1) * UInt64(pageBytes))
      let start = log.startIndex + offset(of: frame) + Self.frameHeaderBytes
      guard try database.read(upToCount: pageBytes) == log[start..<start + pageBytes] else { return false }
    }
    return true
  }

  private func checkSum(_ sum: (UInt32, UInt32), _ range: Range<Int>) -> (UInt32, UInt32) {
    var (first, second) = sum
    unsafe log.withUnsafeBytes { bytes in
      var position = range.lowerBound
      while position < range.upperBound {
        let (a, b) = unsafe (
          bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self),
          bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self)
        )
        first &+= (isBigEndian ? UInt32(bigEndian: a) : UInt32(littleEndian: a)) &+ second
        second &+= (isBigEndian ? UInt32(bigEndian: b) : UInt32(littleEndian: b)) &+ first
        position += 8
      }
    }
    return (first, second)
  }

  private static func word(_ bytes: Data, _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[bytes.startIndex + offset + $1]) }
  }
}
