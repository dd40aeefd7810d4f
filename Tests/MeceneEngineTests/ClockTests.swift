import Foundation
import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger

/// A clock that a test moves, with or without its counter.
private final class JumpingClock: LedgerClock {
  private let state = Locked((wall: novemberMs + 25 * 86_400_000, counter: Int64(1)))

  func now() -> Timestamp { Timestamp(milliseconds: state.withLock { $0.wall }) }

  var reading: ClockGuard.Reading? {
    state.withLock { .init(wall: Timestamp(milliseconds: $0.wall), counter: $0.counter) }
  }

  func jump(days: Int64) { state.withLock { $0.wall += days * 86_400_000 } }

  func pass(days: Int64) {
    state.withLock {
      $0.wall += days * 86_400_000
      $0.counter += days * 86_400_000
    }
  }
}

/// The engine on a system's clock that jumps.
@Suite struct ClockTests {
  private func withEngine<T>(
    _ directory: TemporaryDirectory, _ clock: JumpingClock, _ log: LogRecorder = LogRecorder(),
    _ body: (EmbeddedEngine) async throws -> T
  ) async throws -> T {
    var settings = settings(directory, autoSettle: true)
    (settings.simulatedClock, settings.clock) = (nil, clock)
    return try await TestSupport.withEngine(settings, logger: log.logger, body)
  }

  private func status(_ engine: EmbeddedEngine) async throws -> LedgerStatus {
    try await engine.read(.status)
  }

  @Test func `a clock that jumps forty days for a moment ends and settles nothing`() async throws {
    let (clock, log) = (JumpingClock(), LogRecorder())
    try await withEngine(TemporaryDirectory(), clock, log) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
      let commits = try await status(engine).lastCommit
      clock.jump(days: 40)
      let error = await #expect(throws: EngineFailure.self) {
        try await engine.perform(.click(.number(2), .number(3), nil))
      }
      guard case .clockUnconfirmed(let doubt)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(doubt.wall.milliseconds - doubt.expected.milliseconds == 40 * 86_400_000)
      #expect(engine.condition == .clockUnconfirmed)
      #expect(try await status(engine).clockDoubt == doubt)
      // The writer's and the settler's looks around change nothing either.
      try await Task.sleep(for: .milliseconds(1_500))
      let held = try await status(engine)
      #expect(held.lastCommit == commits && held.settlements == 0 && held.openPeriod == november.period)
      #expect(log.count("error: the clock is not believed") == 1)
      clock.jump(days: -40)
      try await engine.perform(.click(.number(2), .number(3), november.period))
      #expect(engine.condition == .serving)
      #expect(log.count("notice: the clock is believed again") == 1)
      #expect(try await engine.verify { _ in }.finding == nil)
    }
  }

  @Test func `a clock that is seen wrong by nobody who writes is found and healed all the same`() async throws
  {
    let clock = JumpingClock()
    try await withEngine(TemporaryDirectory(), clock) { engine async throws in
      clock.jump(days: 365)
      #expect(try await eventually { engine.condition == .clockUnconfirmed })
      clock.jump(days: -365)
      #expect(try await eventually { engine.condition == .serving })
      #expect(try await status(engine).openPeriod == november.period)
    }
  }

  @Test
  func `a jump to the thirtieth books with what was counted, and does not end the month a minute later`()
    async throws
  {
    let (clock, log) = (JumpingClock(), LogRecorder())
    try await withEngine(TemporaryDirectory(), clock, log) { engine in
      let before = try await status(engine).now
      clock.jump(days: 4)
      try await engine.populate(accounts: 2)
      #expect(try await status(engine).now == before)
      #expect(log.count("warning: the clock has gained more than an hour") == 1)
      clock.jump(days: 2)
      await #expect(throws: EngineFailure.self) { try await engine.perform(.tick) }
      #expect(try await status(engine).openPeriod == november.period)
    }
  }

  @Test func `a jump that was real is confirmed by one word, and the months settle`() async throws {
    let (clock, directory) = (JumpingClock(), try TemporaryDirectory())
    try await withEngine(directory, clock) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
    }
    // The daemon was away for two months, and its clock is right.
    clock.pass(days: 60)
    try await withEngine(directory, clock) { engine in
      #expect(engine.condition == .clockUnconfirmed)
      #expect(try await status(engine).openPeriod == november.period)
      let wrong = Timestamp(milliseconds: clock.now().milliseconds + 2 * 3_600_000)
      await #expect(throws: EngineFailure.self) { try await engine.perform(.confirmClock(wrong)) }
      #expect(engine.condition == .clockUnconfirmed)
      let outcome = try await engine.perform(.confirmClock(clock.now()))
      guard case .clock(_, let period) = outcome else { throw POSIXError(.EINVAL) }
      #expect(period == clock.now().period && period > november.period.next)
      #expect(try await eventually { try await status(engine).settlements == 2 })
      #expect(try await engine.verify { _ in }.finding == nil)
    }
  }

  @Test func `a month that ends by a clock that counts along ends as ever`() async throws {
    let clock = JumpingClock()
    try await withEngine(TemporaryDirectory(), clock) { engine in
      try await engine.populate(accounts: 2)
      clock.pass(days: 6)
      #expect(try await eventually { try await status(engine).settlements == 1 })
    }
  }

  @Test func `a simulated clock needs nobody's word`() async throws {
    try await TestSupport.withEngine(TemporaryDirectory()) { engine in
      await #expect(throws: EngineFailure.self) { try await engine.perform(.confirmClock(november)) }
      _ = try await engine.perform(.setClock(Period(number: 1_000).start))
    }
  }
}
