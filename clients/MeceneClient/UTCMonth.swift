#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Names of calendar months in UTC.
enum UTCMonth {
  /// The month of an instant, such as 2026-11.
  static func name(ofMilliseconds milliseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    return String(date.formatted(Date.ISO8601FormatStyle().year().month()).prefix(7))
  }
}
