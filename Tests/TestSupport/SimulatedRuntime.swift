import Foundation
package import MeceneConcurrency
import MeceneEngine
package import MeceneLedger

/// One thread, and a time of its own: it stands still while there is something to do, and then jumps to what is due next. So
/// whatever runs there does the same in the same order, each time. Sockets between two ends in the same world belong to it: what is
/// sent is there at once.
package final class SimulatedRuntime: Runtime {
  private struct Timer {
    let due: UInt64
    let serial: Int
    let work: @Sendable () -> Void
  }

  private struct State {
    var nanoseconds: UInt64 = 0
    var ready: [@Sendable () -> Void] = []
    var next = 0
    /// By what is due first.
    var timers: [Timer] = []
    var serial = 0
    var watches: [Watch] = []
  }

  private struct Watch {
    let serial: Int
    let descriptor: Int32
    let ready: @Sendable () -> Void
  }

  /// Nothing was left to do before the body had ended.
  package struct Stalled: Error {}

  private let state = Locked(State())
  private let random = Locked(SeededGenerator(seed: 1))
  fileprivate let thread = Locked<UInt?>(nil)

  package init() {}

  package var now: Deadline { Deadline(nanoseconds: state.withLock { $0.nanoseconds }) }

  package func makeQueue(_ label: String, isUrgent: Bool) -> any SerialQueue { SimulatedQueue(self) }

  package var tasks: any TaskExecutor { SimulatedTasks(self) }

  package func sleep(nanoseconds: UInt64) async throws {
    try Task.checkCancellation()
    let sleeper = Locked<CheckedContinuation<Void, Never>?>(nil)
    let wake: @Sendable () -> Void = {
      let continuation = sleeper.withLock { sleeper in
        defer { sleeper = nil }
        return sleeper
      }
      continuation?.resume()
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        sleeper.withLock { $0 = continuation }
        add(after: nanoseconds, wake)
        if Task.isCancelled { wake() }
      }
    } onCancel: {
      wake()
    }
    try Task.checkCancellation()
  }

  package func rest(nanoseconds: UInt64) { state.withLock { $0.nanoseconds += nanoseconds } }

  package func randomBytes(_ count: Int) -> [UInt8] {
    random.withLock { random in (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) } }
  }

  package func inBackground(_ label: String, _ work: @escaping @Sendable () -> Void) { work() }

  package var cores: Cores { .one }

  fileprivate func add(_ work: @escaping @Sendable () -> Void) { state.withLock { $0.ready.append(work) } }

  fileprivate func add(after nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.serial += 1
      let timer = Timer(due: state.nanoseconds + nanoseconds, serial: state.serial, work: work)
      let place = state.timers.firstIndex { ($0.due, $0.serial) > (timer.due, timer.serial) }
      state.timers.insert(timer, at: place ?? state.timers.count)
    }
  }

  fileprivate func watch(_ descriptor: Int32, _ ready: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      state.serial += 1
      state.watches.append(Watch(serial: state.serial, descriptor: descriptor, ready: ready))
      return state.serial
    }
  }

  fileprivate func endWatch(_ serial: Int) {
    state.withLock { $0.watches.removeAll { $0.serial == serial } }
  }

  /// Runs a body, and all that it begins, on the calling thread.
  ///
  /// - Throws: What the body throws, or `Stalled` when it waits for what never comes.
  package func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    thread.withLock { $0 = Self.current }
    defer {
      thread.withLock { $0 = nil }
      // What is left holds queues, and through them this.
      state.withLock { ($0.ready, $0.next, $0.timers, $0.watches) = ([], 0, [], []) }
    }
    let result = Locked<Result<Value, any Error>?>(nil)
    _ = task {
      do {
        let value = try await body()
        result.withLock { $0 = .success(value) }
      } catch {
        result.withLock { $0 = .failure(error) }
      }
    }
    while true {
      if let result = result.withLock({ $0 }) { return try result.get() }
      guard let work = takeNext() else { throw Stalled() }
      work()
    }
  }

  private func takeNext() -> (@Sendable () -> Void)? {
    state.withLock { state in
      if state.next < state.ready.count {
        defer { state.next += 1 }
        return state.ready[state.next]
      }
      (state.ready, state.next) = ([], 0)
      if let watch = state.watches.first(where: { Self.isReadable($0.descriptor) }) { return watch.ready }
      if state.timers.isEmpty { return nil }
      let timer = state.timers.removeFirst()
      state.nanoseconds = max(state.nanoseconds, timer.due)
      return timer.work
    }
  }

  private static func isReadable(_ descriptor: Int32) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) > 0
  }

  fileprivate static var current: UInt { UInt(pthread_self()) }
}

private final class SimulatedQueue: SerialQueue {
  private let runtime: SimulatedRuntime

  init(_ runtime: SimulatedRuntime) { self.runtime = runtime }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    runtime.add { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  func checkIsolated() {
    precondition(runtime.thread.withLock { $0 } == SimulatedRuntime.current, "not on the simulation's thread")
  }

  func async(_ work: @escaping @Sendable () -> Void) { runtime.add(work) }

  func enter(_ work: () -> Void) { work() }

  func async(after nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    runtime.add(after: nanoseconds, work)
  }

  func watch(
    _ descriptor: Int32, ready: @escaping @Sendable () -> Void, ended: @escaping @Sendable () -> Void
  ) -> () -> Void {
    let watch = runtime.watch(descriptor, ready)
    return { [runtime] in
      runtime.endWatch(watch)
      ended()
    }
  }
}

private final class SimulatedTasks: TaskExecutor {
  private let runtime: SimulatedRuntime

  init(_ runtime: SimulatedRuntime) { self.runtime = runtime }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    runtime.add { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// A system's clock of a simulated world: its time passes with the runtime's.
package struct WorldClock: LedgerClock {
  private let start: Timestamp
  private let runtime: SimulatedRuntime

  package init(from start: Timestamp, _ runtime: SimulatedRuntime) {
    self.start = start
    self.runtime = runtime
  }

  private var milliseconds: Int64 { Int64(runtime.now.nanoseconds / 1_000_000) }

  package func now() -> Timestamp { Timestamp(milliseconds: start.milliseconds + milliseconds) }

  package var reading: ClockGuard.Reading? { ClockGuard.Reading(wall: now(), counter: milliseconds) }
}
