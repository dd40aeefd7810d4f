internal import Foundation
package import MeceneLedger
package import MeceneStore

/// A log whose every entry is also kept in a file, a line of JSON each, as it was handed down: so tests can make the books anew
/// from what a daemon's log had. An optimised daemon makes none.
package struct KeptLog: CommitLog {
  private let log: any CommitLog
  private let file: URL

  package init(_ log: any CommitLog, file: String) {
    self.log = log
    self.file = URL(fileURLWithPath: file)
  }

  /// Those that are whole, in their order.
  package static func entries(in file: String) throws -> [LogEntry] {
    guard let bytes = FileManager.default.contents(atPath: file) else { return [] }
    let end = UInt8(ascii: "\n")
    // The last line may be cut short, because its daemon was killed: then it has no end, and was never handed down.
    let whole = bytes[..<(bytes.lastIndex(of: end) ?? bytes.startIndex)]
    return try whole.split(separator: end).map { try JSONDecoder().decode(Line.self, from: $0).entry }
  }

  package func lead() throws(StoreError) -> CommitPoint {
    let last = try log.lead()
    do {
      // What was handed down and is not durable never was.
      let durable = try Self.entries(in: file.path).filter { $0.commit.sequence <= last.number }
      try Data(try durable.map(Line.bytes(of:)).joined()).write(to: file, options: .atomic)
    } catch {
      throw .failed("\(error)")
    }
    return last
  }

  package func append(_ entry: LogEntry) -> Appended {
    do {
      let handle = try FileHandle(forWritingTo: file)
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: Line.bytes(of: entry))
    } catch {
      return .failed(.failed("\(error)"))
    }
    return log.append(entry)
  }

  package func read(after number: Int64, _ body: (LogEntry) throws -> Void) throws {
    try log.read(after: number, body)
  }
}

private struct Line: Codable {
  let sequence, time, clickRows: Int64
  let clicksHash: Data?
  let rowsHash, link, rows, clicks, texts: Data

  static func bytes(of entry: LogEntry) throws -> Data {
    let commit = entry.commit
    let line = Line(
      sequence: commit.sequence, time: commit.time.milliseconds, clickRows: commit.clickRows,
      clicksHash: commit.clicksHash.map { Data($0) }, rowsHash: Data(commit.rowsHash),
      link: Data(commit.link), rows: Data(entry.rows), clicks: Data(entry.clicks), texts: Data(entry.texts))
    return try JSONEncoder().encode(line) + [UInt8(ascii: "\n")]
  }

  var entry: LogEntry {
    LogEntry(
      commit: CommitRecord(
        sequence: sequence, time: Timestamp(milliseconds: time), clickRows: clickRows,
        clicksHash: clicksHash.map { Array($0) }, rowsHash: Array(rowsHash), link: Array(link)),
      rows: Array(rows), clicks: Array(clicks), texts: Array(texts))
  }
}
