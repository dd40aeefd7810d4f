import Foundation
import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// The engine on one thread, in a time of its own.
@Suite struct SimulatedWorldTests {
  /// The turn of a month, with all that a daemon does by itself.
  private func live() throws -> CommitPoint {
    let directory = try TemporaryDirectory()
    let runtime = SimulatedRuntime()
    try makeBooks(directory, isSimulated: false, runtime: runtime)
    var settings = EmbeddedEngine.Settings(dataPath: directory.path + "/data")
    settings.runtime = runtime
    settings.clock = WorldClock(from: Timestamp(milliseconds: decemberMs - 5_000), runtime)
    return try runtime.run { [settings] in
      let engine = try EmbeddedEngine(
        settings: settings, logger: quietLogger, fatal: { Issue.record("the daemon gave up: \($0)") })
      try await engine.start { _ in }
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
      try await engine.perform(.click(.number(2), .number(3), nil))
      // The month ends, and settles by itself.
      try await runtime.sleep(milliseconds: 10_000)
      let status = try await engine.read(.status)
      #expect(status.settlements == 1 && status.openPeriod == Period(number: 683))
      let verdict = try await engine.verify { _ in }
      #expect(verdict.finding == nil && verdict.settlements == 1)
      let preview = try await engine.preview(nil)
      #expect(preview.period == Period(number: 683))
      await engine.shutDown()
      return verdict.last
    }
  }

  @Test func `a month ends and settles, and the same world is the same to the bit`() throws {
    let first = try live()
    #expect(first.number > 10)
    #expect(try live() == first)
  }

  @Test func `time jumps to what is due, in its order, and stands still between`() throws {
    let runtime = SimulatedRuntime()
    let order = Locked<[Int]>([])
    let elapsed = try runtime.run {
      let late = runtime.task {
        try await runtime.sleep(milliseconds: 86_400_000)
        order.withLock { $0.append(2) }
      }
      let soon = runtime.task {
        try await runtime.sleep(milliseconds: 1)
        order.withLock { $0.append(1) }
      }
      try await soon.value
      try await late.value
      return runtime.now
    }
    #expect(order.withLock { $0 } == [1, 2])
    #expect(elapsed == Deadline(nanoseconds: 86_400_000_000_000))
    #expect(throws: SimulatedRuntime.Stalled.self) {
      try runtime.run { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }
  }
}
