internal import Foundation
internal import MeceneConcurrency

/// Leaves others who write beside a settlement a third of the time for themselves. On two cores they would keep less than
/// half of their throughput otherwise.
final class Pace: Sendable {
  private struct State {
    var since = Deadline.now
    var calls: Int64
    var wasAlone = true
  }

  /// Nanoseconds.
  private static let leastWork: UInt64 = 10_000_000

  private let writer: Writer
  private let state: Locked<State>

  init(_ writer: Writer) {
    self.writer = writer
    state = Locked(State(calls: writer.callsDecided))
  }

  /// Whether nobody else wrote between the last two rests.
  var isAlone: Bool { state.withLock { $0.wasAlone } }

  /// Rests on the calling thread.
  func restHere() {
    let seconds = rest()
    // A sleep of no time costs as much as a block of leaves.
    if seconds > 0 { Thread.sleep(forTimeInterval: seconds) }
  }

  /// How long to rest now, in seconds; 0 after little work, which counts with what follows.
  func rest() -> Double {
    let (now, calls) = (Deadline.now, writer.callsDecided)
    return state.withLock { state in
      let worked = now.nanoseconds - min(now.nanoseconds, state.since.nanoseconds)
      if worked < Self.leastWork { return 0 }
      state.wasAlone = calls == state.calls
      let rest = state.wasAlone ? 0 : worked / 2
      state.calls = calls
      state.since = Deadline(nanoseconds: now.nanoseconds + rest)
      return Double(rest) / 1e9
    }
  }
}
