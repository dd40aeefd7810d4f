/// What the daemon's core runs on: its threads, the time that passes there, and what is random there. It is handed in, so that a whole
/// daemon can run on one thread in a time of its own. The core starts no thread, sleeps on none, reads no clock and draws no
/// random number but by this and by the `LedgerClock` (`.ci/check` looks).
package protocol Runtime: Sendable {
  var now: Deadline { get }

  /// A queue that runs one piece of work after the other.
  ///
  /// - Parameter isUrgent: Whether callers wait for what runs there.
  func makeQueue(_ label: String, isUrgent: Bool) -> any SerialQueue

  /// Where tasks run that belong to no actor.
  var tasks: any TaskExecutor { get }

  /// Returns when the time has passed.
  ///
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  func sleep(nanoseconds: UInt64) async throws

  /// Keeps the calling thread for this long.
  func rest(nanoseconds: UInt64)

  /// Runs work beside the caller's, or before it where there is one thread. So work must not wait for its caller.
  func inBackground(_ label: String, _ work: @escaping @Sendable () -> Void)

  /// All cores that there are.
  var cores: Cores { get }

  /// Bytes that nobody can guess.
  func randomBytes(_ count: Int) -> [UInt8]
}

extension Runtime {
  /// Begins a task that belongs to no actor.
  package func task<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) -> Task<Success, any Error> {
    Task(executorPreference: tasks, operation: body)
  }

  package func sleep(milliseconds: UInt64) async throws {
    try await sleep(nanoseconds: milliseconds * 1_000_000)
  }
}

/// Runs one piece of work after the other: an actor's, and what is left for it.
package protocol SerialQueue: SerialExecutor {
  func async(_ work: @escaping @Sendable () -> Void)

  /// Runs work on the calling thread, as soon as nothing else runs on the queue.
  func enter(_ work: () -> Void)

  func async(after nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void)

  /// Watches a descriptor for something to read.
  ///
  /// - Parameters:
  ///   - ready: Called on the queue whenever there is something.
  ///   - ended: Called when it is not watched any more.
  /// - Returns: Ends the watch.
  func watch(
    _ descriptor: Int32, ready: @escaping @Sendable () -> Void, ended: @escaping @Sendable () -> Void
  ) -> () -> Void
}

/// Cores that share work.
package struct Cores: Sendable {
  package let count: Int
  /// Runs a body for each part, and returns after the last.
  package let perform: @Sendable (_ parts: Int, _ body: @Sendable (Int) -> Void) -> Void

  package init(
    count: Int, perform: @escaping @Sendable (_ parts: Int, _ body: @Sendable (Int) -> Void) -> Void
  ) {
    self.count = count
    self.perform = perform
  }

  /// The caller's alone.
  package static let one = Cores(count: 1) { parts, body in for part in 0..<parts { body(part) } }
}
