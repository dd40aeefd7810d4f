import Foundation
package import Logging

/// Keeps log lines for a test to look at: level, text and values.
package final class LogRecorder: Sendable {
  private let lines = Lines()

  package init() {}

  /// What was logged so far, such as "warning: a text path=x".
  package var all: [String] { lines.all }

  package var logger: Logger {
    let lines = lines
    return Logger(label: "test") { _ in Handler(lines: lines) }
  }

  /// How many lines hold a text.
  package func count(_ text: String) -> Int { all.filter { $0.contains(text) }.count }

  private struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let values = (event.metadata ?? [:]).map { " \($0)=\($1)" }.sorted().joined()
      lines.append("\(event.level): \(event.message)\(values)")
    }
  }
}

/// Lines behind a lock.
private final class Lines: @unchecked Sendable {
  private let lock = NSLock()
  // Guarded by `lock`.
  private var lines: [String] = []

  var all: [String] { lock.withLock { lines } }

  func append(_ line: String) { lock.withLock { lines.append(line) } }
}
