internal import MeceneConcurrency

/// Leaves others who write beside a settlement a third of the time for themselves. On two cores they would keep less than
/// half of their throughput otherwise.
final class Pace: Sendable {
  private struct State {
    var since = Deadline.now
    var commits: Int64
    var wasAlone = true
  }

  private let writer: Writer
  private let state: Locked<State>

  init(_ writer: Writer) {
    self.writer = writer
    state = Locked(State(commits: writer.commits))
  }

  /// Whether nobody else wrote between the last two rests.
  var isAlone: Bool { state.withLock { $0.wasAlone } }

  /// The settlement's own commit is not somebody else's.
  func ownCommit() { state.withLock { $0.commits += 1 } }

  /// How long to rest now, in seconds.
  func rest() -> Double {
    let (now, commits) = (Deadline.now, writer.commits)
    return state.withLock { state in
      let worked = now.nanoseconds - min(now.nanoseconds, state.since.nanoseconds)
      state.wasAlone = commits <= state.commits
      let rest = state.wasAlone ? 0 : worked / 2
      state.commits = commits
      state.since = Deadline(nanoseconds: now.nanoseconds + rest)
      return Double(rest) / 1e9
    }
  }
}
