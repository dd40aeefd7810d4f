import TestSupport
import Testing

@testable import MeceneLedger

/// Rule 4: a clock that jumps ends no month.
@Suite struct ClockGuardTests {
  private static let hour: Int64 = 3_600_000
  private static let day: Int64 = 24 * hour
  private static let december = Period(number: 683).start

  /// A wall clock beside a counter: `pass` lets both go on, `jump` the wall clock alone.
  private struct Clocks {
    var wall: Int64
    var counter: Int64 = 77

    init(_ start: Timestamp) { wall = start.milliseconds }

    var reading: ClockGuard.Reading { .init(wall: Timestamp(milliseconds: wall), counter: counter) }

    mutating func pass(_ milliseconds: Int64) {
      wall += milliseconds
      counter += milliseconds
    }

    mutating func jump(_ milliseconds: Int64) { wall += milliseconds }
  }

  private let period = november.period

  /// Begins in the middle of 2026-11, with a commit just made.
  private func begin() -> (ClockGuard, Clocks, Timestamp) {
    var (guardian, clocks) = (ClockGuard(), Clocks(Timestamp(milliseconds: novemberMs + 10 * Self.day)))
    let now = clocks.reading.wall
    #expect(guardian.judge(clocks.reading, open: period, lastCommit: now) == .time(now, isCounted: false))
    return (guardian, clocks, now)
  }

  private func isHeld(_ verdict: ClockGuard.Verdict) -> Bool {
    if case .held = verdict { true } else { false }
  }

  private func confirms(_ guardian: inout ClockGuard, _ clocks: Clocks, _ time: Timestamp) -> Bool {
    do throws(Refusal) {
      try guardian.confirm(clocks.reading, by: time)
      return true
    } catch { return error.reason != .invalidValue }
  }

  @Test func `a month that ends while the counter counts along is ended`() {
    var (guardian, clocks, last) = begin()
    clocks.pass(20 * Self.day + 1)
    #expect(
      guardian.judge(clocks.reading, open: period, lastCommit: last)
        == .time(clocks.reading.wall, isCounted: false))
    // Also by a clock that gains a little, such as one that is set right now and then.
    (guardian, clocks, last) = begin()
    clocks.jump(Self.hour)
    clocks.pass(20 * Self.day)
    #expect(!isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
  }

  @Test(arguments: [hour + 1, 40 * day, 365 * day, 474 * 365 * day])
  func `a jump beyond the month's end ends nothing, and heals by itself`(jump: Int64) {
    var (guardian, clocks, last) = begin()
    clocks.pass(20 * Self.day - 1)
    let before = clocks.reading.wall
    clocks.jump(jump)
    let verdict = guardian.judge(clocks.reading, open: period, lastCommit: last)
    #expect(verdict == .held(.init(wall: clocks.reading.wall, expected: before)))
    clocks.jump(-jump)
    #expect(guardian.judge(clocks.reading, open: period, lastCommit: last) == .time(before, isCounted: false))
  }

  @Test func `a jump to the thirtieth does not end the month a minute later`() {
    var (guardian, clocks, last) = begin()
    clocks.jump(19 * Self.day)
    // Inside the month commits go on, stamped with what the counter has counted.
    clocks.pass(60_000)
    let counted = Timestamp(milliseconds: last.milliseconds + 60_000)
    #expect(guardian.judge(clocks.reading, open: period, lastCommit: last) == .time(counted, isCounted: true))
    clocks.jump(Self.day)
    #expect(isHeld(guardian.judge(clocks.reading, open: period, lastCommit: counted)))
    clocks.jump(-20 * Self.day)
    #expect(
      guardian.judge(clocks.reading, open: period, lastCommit: counted) == .time(counted, isCounted: false))
  }

  @Test func `a daemon that was away for long ends no month by itself`() {
    for (days, held) in [(9, false), (10, false), (11, true)] as [(Int64, Bool)] {
      var guardian = ClockGuard()
      let last = Timestamp(milliseconds: Self.december.milliseconds - 5 * Self.day)
      let clocks = Clocks(Timestamp(milliseconds: last.milliseconds + days * Self.day))
      #expect(isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)) == held)
    }
    // Nor by a clock that is a year ahead at the start, and right later: what it showed first is no anchor.
    var guardian = ClockGuard()
    let last = Timestamp(milliseconds: novemberMs + 20 * Self.day)
    var clocks = Clocks(Timestamp(milliseconds: last.milliseconds + 365 * Self.day))
    #expect(isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
    clocks.jump(-365 * Self.day)
    #expect(!isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
    clocks.jump(30 * Self.day)
    #expect(isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
  }

  @Test func `a machine that boots in 1970 is believed once its clock is set`() {
    var guardian = ClockGuard()
    let last = Timestamp(milliseconds: novemberMs + 20 * Self.day)
    var clocks = Clocks(Timestamp(milliseconds: 5_000))
    #expect(!isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
    clocks.jump(last.milliseconds + Self.day)
    #expect(
      guardian.judge(clocks.reading, open: period, lastCommit: last)
        == .time(clocks.reading.wall, isCounted: false))
  }

  @Test func `an operator's word allows the one advance, and a wrong clock is not confirmed`() {
    var (guardian, clocks, last) = begin()
    clocks.jump(100 * Self.day)
    #expect(isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
    for wrong in [-1, 1] as [Int64] {
      let asked = Timestamp(milliseconds: clocks.wall + wrong * (Self.hour + 1))
      #expect(!confirms(&guardian, clocks, asked))
    }
    #expect(!confirms(&guardian, clocks, Timestamp(milliseconds: .min)))
    #expect(isHeld(guardian.judge(clocks.reading, open: period, lastCommit: last)))
    #expect(confirms(&guardian, clocks, Timestamp(milliseconds: clocks.wall - Self.hour)))
    let now = clocks.reading.wall
    #expect(guardian.judge(clocks.reading, open: period, lastCommit: last) == .time(now, isCounted: false))
    // The next jump is held again.
    clocks.jump(100 * Self.day)
    #expect(isHeld(guardian.judge(clocks.reading, open: now.period, lastCommit: now)))
  }
}
