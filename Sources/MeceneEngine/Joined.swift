internal import MeceneConcurrency

/// Answers equal questions once: whoever asks while the same question waits for its turn gets its answer too. A question that
/// is being answered is not joined, because it may have looked at the books before something that the caller knows of.
///
/// What nobody waits for any more is given up.
final class Joined<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
  /// One question on its way to its answer.
  final class Run: Sendable {
    fileprivate struct State {
      var task: Task<Answer, any Error>?
      var listeners: [Int: @Sendable (StageProgress) -> Void] = [:]
      var next = 0
    }

    fileprivate let state = Locked(State())

    /// Tells all who wait how far it is.
    func notify(_ progress: StageProgress) {
      for listener in state.withLock({ $0.listeners.values.map { $0 } }) { listener(progress) }
    }

    fileprivate func join(_ listener: @escaping @Sendable (StageProgress) -> Void) -> Int {
      state.withLock { state in
        defer { state.next += 1 }
        state.listeners[state.next] = listener
        return state.next
      }
    }
  }

  private let waiting = Locked<[Key: Run]>([:])
  private let runtime: any Runtime

  init(_ runtime: any Runtime) { self.runtime = runtime }

  /// Asks, or joins whoever has asked.
  ///
  /// - Parameters:
  ///   - progress: Called with how far the answer is.
  ///   - body: Answers. It says by `begin` that it is its turn.
  func ask(
    _ question: Key, progress: @escaping @Sendable (StageProgress) -> Void = { _ in },
    _ body: @escaping @Sendable (Run) async throws -> Answer
  ) async throws -> Answer {
    let (run, place, task) = waiting.withLock { waiting in
      let run = waiting[question] ?? Run()
      waiting[question] = run
      let place = run.join(progress)
      let task = run.state.withLock { state in
        let task = state.task ?? runtime.task { try await body(run) }
        state.task = task
        return task
      }
      return (run, place, task)
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      waiting.withLock { waiting in
        let isLast = run.state.withLock { state in
          state.listeners[place] = nil
          return state.listeners.isEmpty
        }
        guard isLast else { return }
        task.cancel()
        if waiting[question] === run { waiting[question] = nil }
      }
    }
  }

  /// How many wait for the answer to a question that may still be joined, for a test.
  func callers(of question: Key) -> Int {
    waiting.withLock { $0[question]?.state.withLock { $0.listeners.count } ?? 0 }
  }

  /// Lets whoever asks from now on ask anew.
  func begin(_ question: Key, _ run: Run) {
    waiting.withLock { waiting in if waiting[question] === run { waiting[question] = nil } }
  }
}
