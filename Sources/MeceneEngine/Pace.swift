internal import MeceneConcurrency

/// Leaves others who write beside a settlement a third of the time for themselves. On two cores they would keep less than
/// half of their throughput otherwise.
final class Pace: Sendable {
  private struct State {
    var since: Deadline
    var calls: Int64
    var wasAlone = true
  }

  /// Nanoseconds.
  private static let leastWork: UInt64 = 10_000_000

  private let writer: Writer
  private let runtime: any Runtime
  private let state: Locked<State>

  init(_ writer: Writer, _ runtime: any Runtime) {
    self.writer = writer
    self.runtime = runtime
    state = Locked(State(since: runtime.now, calls: writer.callsDecided))
  }

  /// Whether nobody else wrote between the last two rests.
  var isAlone: Bool { state.withLock { $0.wasAlone } }

  /// Rests on the calling thread.
  func restHere() { runtime.rest(nanoseconds: due()) }

  /// Rests without a thread.
  func rest() async throws { try await runtime.sleep(nanoseconds: due()) }

  /// How long to rest now, in nanoseconds; 0 after little work, which counts with what follows.
  private func due() -> UInt64 {
    let (now, calls) = (runtime.now, writer.callsDecided)
    return state.withLock { state in
      let worked = now.since(state.since)
      if worked < Self.leastWork { return 0 }
      state.wasAlone = calls == state.calls
      let rest = state.wasAlone ? 0 : worked / 2
      state.calls = calls
      state.since = Deadline(nanoseconds: now.nanoseconds + rest)
      return rest
    }
  }
}
