/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Sendable, Hashable, Comparable {
  package let milliseconds: Int64
  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

  /// Such as 2026-11-01T00:00:00.000Z.
  package var text: String {
    let (year, month, day) = CivilDate.date(ofDay: milliseconds.flooringDivision(86_400_000))
    // Without a product, which does not fit for the first of all milliseconds.
    let ofDay = (milliseconds % 86_400_000 + 86_400_000) % 86_400_000
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(digits(ofDay / 3_600_000, 2)):"
      + "\(digits(ofDay / 60_000 % 60, 2)):\(digits(ofDay / 1_000 % 60, 2)).\(digits(ofDay % 1_000, 3))Z"
  }

  /// Reads `2026-11-01`, `2026-11-01T12:30:00Z` or the same with up to three decimals of a second; nil for anything
  /// else, for days and times that do not exist, and for years before 1970.
  package init?(parsing text: String) {
    let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    let date = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard date.count == 3, let year = Self.digits(date[0], 4), let month = Self.digits(date[1], 2),
      let day = Self.digits(date[2], 2), year >= 1970
    else { return nil }
    let days = CivilDate.day(year: year, month: month, day: day)
    // A day that does not exist comes back as another.
    guard (1...12).contains(month), CivilDate.date(ofDay: days) == (year, month, day) else { return nil }
    guard parts.count == 2 else {
      milliseconds = days * 86_400_000
      return
    }
    guard parts[1].hasSuffix("Z"), let ofDay = Self.millisecondsOfDay(parts[1].dropLast()) else { return nil }
    milliseconds = days * 86_400_000 + ofDay
  }

  private static func millisecondsOfDay(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let time = parts[0].split(separator: ":", omittingEmptySubsequences: false)
    guard time.count == 3, let hour = digits(time[0], 2), let minute = digits(time[1], 2),
      let second = digits(time[2], 2), hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction: Int64 = 0
    if parts.count == 2 {
      guard (1...3).contains(parts[1].count), let value = digits(parts[1], parts[1].count) else { return nil }
      fraction = value * [100, 10, 1][parts[1].count - 1]
    }
    return ((hour * 60 + minute) * 60 + second) * 1_000 + fraction
  }

  private static func digits(_ text: Substring, _ count: Int) -> Int64? {
    guard text.utf8.count == count, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int64(text)
  }

  /// The month that the instant lies in.
  package var period: Period {
    let days = milliseconds.flooringDivision(86_400_000)
    let (year, month, _) = CivilDate.date(ofDay: days)
    return Period(number: Int((year - 1970) * 12 + month - 1))
  }
}

/// A calendar month in UTC.
package struct Period: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Months since 1970-01.
  package let number: Int

  package init(number: Int) { self.number = number }

  /// The last month that the ledger can live through: numbers stay below 4096.
  package static let last = Period(number: 4095)

  /// Reads `2026-11`; nil for anything else.
  package init?(parsing text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 7, bytes[4] == UInt8(ascii: "-"),
      let year = Int(text.prefix(4)), let month = Int(text.suffix(2)), bytes[0] != UInt8(ascii: "+"),
      bytes[5] != UInt8(ascii: "+"), year >= 1970, (1...12).contains(month)
    else { return nil }
    number = (year - 1970) * 12 + month - 1
  }

  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
  package var next: Period { Period(number: number + 1) }

  /// The month's first instant.
  package var start: Timestamp {
    let day = CivilDate.day(year: Int64(1970 + number / 12), month: Int64(number % 12 + 1), day: 1)
    return Timestamp(milliseconds: day * 86_400_000)
  }

  /// Such as `2026-11`.
  package var description: String {
    Self.names.indices.contains(number) ? Self.names[number] : Self.name(number)
  }

  /// Of two centuries: every answer to a click names its period, and making the words would take 60 ns of it.
  private static let names = (0..<200 * 12).map(name)

  private static func name(_ number: Int) -> String {
    let month = number % 12 + 1
    return "\(1970 + number / 12)-\(month < 10 ? "0" : "")\(month)"
  }
}

/// Days since 1970-01-01 and dates of the proleptic Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil and civil_from_days.
enum CivilDate {
  static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year.flooringDivision(400)
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let day = day + 719_468
    let era = day.flooringDivision(146_097)
    let dayOfEra = day - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}

extension Int64 {
  func flooringDivision(_ divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
