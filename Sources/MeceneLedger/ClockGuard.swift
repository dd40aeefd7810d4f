/// Rule 4 of the economy: a clock that jumps ends no month.
///
/// The wall clock is held against a counter that counts through suspension and never jumps. Both together, at a start or when an
/// operator confirmed the clock, are the anchor.
package struct ClockGuard: Sendable {
  /// What a clock shows at one instant.
  package struct Reading: Sendable, Hashable {
    package let wall: Timestamp
    /// Milliseconds of a counter that never jumps.
    package let counter: Int64

    package init(wall: Timestamp, counter: Int64) {
      self.wall = wall
      self.counter = counter
    }
  }

  /// A clock that is not believed.
  package struct Doubt: Sendable, Hashable {
    /// What the clock shows.
    package let wall: Timestamp
    /// What it would show, had it not jumped; the last commit's time when that is not known.
    package let expected: Timestamp
  }

  package enum Verdict: Sendable, Hashable {
    /// The time of what is booked now. `isCounted`: the clock has gained too much, and this is the anchor's time plus what the
    /// counter has counted since.
    case time(Timestamp, isCounted: Bool)
    /// Nothing may be booked: it would end the open period.
    case held(Doubt)
  }

  /// What a clock may gain on the counter, in milliseconds.
  package static let gainMax: Int64 = 3_600_000
  /// How far a clock may lie behind the last commit at a start and still end the open period, in milliseconds.
  package static let absenceMax: Int64 = 10 * 86_400_000

  /// nil until a first reading was believed.
  private var anchor: Reading?
  /// The period up to which an operator has allowed the clock to go.
  private var allowed: Period?

  package init() {}

  /// What a reading means for the ledger.
  ///
  /// - Parameters:
  ///   - open: The open period.
  ///   - lastCommit: The last commit's time.
  package mutating func judge(_ reading: Reading, open: Period, lastCommit: Timestamp) -> Verdict {
    // A clock behind the last commit is wrong, and no anchor: one that boots in 1970 is set right soon.
    if anchor == nil, reading.wall < lastCommit { return .time(reading.wall, isCounted: false) }
    let expected = anchor.map { $0.wall.milliseconds + (reading.counter - $0.counter) }
    let gain = expected.map { reading.wall.milliseconds - $0 } ?? 0
    guard reading.wall.period > open else {
      anchor = anchor ?? reading
      guard gain > Self.gainMax, let expected else { return .time(reading.wall, isCounted: false) }
      return .time(Timestamp(milliseconds: expected), isCounted: true)
    }
    let isAllowed = allowed.map { reading.wall.period <= $0 } ?? false
    let isFar = reading.wall.period > open.next
    let isAbsent =
      anchor == nil && reading.wall.milliseconds - lastCommit.milliseconds > Self.absenceMax
    guard isAllowed || !(gain > Self.gainMax || isFar || isAbsent) else {
      return .held(
        Doubt(wall: reading.wall, expected: expected.map(Timestamp.init(milliseconds:)) ?? lastCommit))
    }
    anchor = anchor ?? reading
    return .time(reading.wall, isCounted: false)
  }

  /// An operator says that the clock is right: it is the anchor from now on, and may end the periods up to its own.
  ///
  /// - Parameter time: What the operator's own clock shows.
  /// - Throws: A `Refusal` when that is more than an hour from the clock's.
  package mutating func confirm(_ reading: Reading, by time: Timestamp) throws(Refusal) {
    let (apart, overflow) = time.milliseconds.subtractingReportingOverflow(reading.wall.milliseconds)
    guard !overflow, apart.magnitude <= UInt64(Self.gainMax) else {
      throw Refusal(
        .invalidValue, field: "now_ms",
        "the daemon's clock shows \(reading.wall.text), more than an hour from \(time.text); set one of them right",
        ["now_ms": "\(time.milliseconds)", "clock_ms": "\(reading.wall.milliseconds)"])
    }
    anchor = reading
    allowed = reading.wall.period
  }
}
