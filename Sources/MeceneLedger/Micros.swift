/// An amount of money in millionths of the ledger's currency: 1 EUR is 1,000,000 micros.
///
/// Arithmetic traps on overflow. The ledger never holds more than `Int64.max` in all (deposits that would are
/// refused), so an overflow is a broken invariant, and carrying on would risk the books.
package struct Micros: Sendable, Hashable, Comparable {
  /// The amount, in micros.
  package var rawValue: Int64

  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package static let zero = Micros(0)
  package static let max = Micros(.max)

  package static func < (a: Micros, b: Micros) -> Bool { a.rawValue < b.rawValue }
  package static func + (a: Micros, b: Micros) -> Micros { Micros(a.rawValue + b.rawValue) }
  package static func - (a: Micros, b: Micros) -> Micros { Micros(a.rawValue - b.rawValue) }
  package static func += (a: inout Micros, b: Micros) { a = a + b }
  package static func -= (a: inout Micros, b: Micros) { a = a - b }

  /// The sum, or nil beyond `Int64.max`.
  package func adding(_ other: Micros) -> Micros? {
    let (sum, overflow) = rawValue.addingReportingOverflow(other.rawValue)
    return overflow ? nil : Micros(sum)
  }
}

extension Micros: CustomStringConvertible {
  /// The amount with at least two and at most six decimals, never rounded: `2.00`, `0.333334`, `-0.50`.
  package var description: String {
    let magnitude = rawValue.magnitude
    var fraction = String(magnitude % 1_000_000)
    fraction = String(repeating: "0", count: 6 - fraction.count) + fraction
    while fraction.count > 2, fraction.last == "0" { fraction.removeLast() }
    return (rawValue < 0 ? "-" : "") + "\(magnitude / 1_000_000).\(fraction)"
  }

  /// Reads `10`, `10.5` or `0.000001`; nil for anything else, for more than six decimals, and beyond `Int64`.
  package init?(parsing text: some StringProtocol) {
    let isNegative = text.hasPrefix("-")
    let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ Self.isDigits($0) }) else { return nil }
    let fraction = parts.count == 2 ? String(parts[1]) : "0"
    guard fraction.count <= 6 else { return nil }
    let digits = String(parts[0]) + String(fraction) + String(repeating: "0", count: 6 - fraction.count)
    guard let value = Int64((isNegative ? "-" : "") + digits) else { return nil }
    rawValue = value
  }

  private static func isDigits(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
