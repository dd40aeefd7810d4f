internal import ArgumentParser
internal import Foundation
internal import Logging
internal import MeceneTerminal
internal import MeceneWire

/// Log lines on standard error, one event each: the time, the level and the event before its values.
struct LineLogHandler: LogHandler {
  /// How a line is written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    /// `2026-12-01T00:00:01Z info period settled clicks=2 period=2026-11`, for people. Values with blanks stand in quotes.
    case text
    /// `{"time":"…","level":"info","event":"period settled","values":{"clicks":"2"}}`, for programs.
    case json
  }

  let format: Format
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(format: Format, logLevel: Logger.Level) {
    self.format = format
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let values = metadata.merging(event.metadata ?? [:]) { $1 }.map { ($0, "\($1)") }.sorted { $0.0 < $1.0 }
    Output.note(line(Date.now, "\(event.level)", "\(event.message)", values) + "\n")
  }

  func line(_ time: Date, _ level: String, _ event: String, _ values: [(name: String, value: String)])
    -> String
  {
    let time = time.formatted(Date.ISO8601FormatStyle())
    switch format {
    case .text:
      return ([time, level, event.shown()] + values.map { "\($0)=\(Self.written($1))" }).joined(
        separator: " ")
    case .json:
      var json = JSONWriter()
      json.beginObject()
      for (name, value) in [("time", time), ("level", level), ("event", event)] {
        json.key(name)
        json.string(value)
      }
      json.key("values")
      json.beginObject()
      for (name, value) in values {
        json.key(name)
        json.string(value)
      }
      json.endObject()
      json.endObject()
      return json.text
    }
  }

  /// A value as one word: whoever wrote it, it begins neither a line nor another value.
  private static func written(_ value: String) -> String {
    let isWord =
      !value.isEmpty
      && value.unicodeScalars.allSatisfy {
        $0.isASCII && $0.value > 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7f
      }
    if isWord { return value }
    var json = JSONWriter()
    json.string(value)
    return json.text
  }
}
