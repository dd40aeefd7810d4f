import Foundation
import MeceneConcurrency
import Testing

/// The machine's threads and time, as the daemon's core sees them.
@Suite struct DispatchRuntimeTests {
  private let runtime = DispatchRuntime()

  @Test func `a queue runs one piece of work after the other, in their order`() async {
    let queue = runtime.makeQueue("test", isUrgent: true)
    let order = Locked<[Int]>([])
    await withCheckedContinuation { continuation in
      for number in 0..<1_000 { queue.async { order.withLock { $0.append(number) } } }
      queue.async { continuation.resume() }
    }
    #expect(order.withLock { $0 } == Array(0..<1_000))
  }

  @Test func `who enters a queue works on the own thread, behind what was there before`() {
    let queue = runtime.makeQueue("test", isUrgent: true)
    let order = Locked<[Int]>([])
    queue.async { order.withLock { $0.append(1) } }
    let thread = pthread_self()
    queue.enter {
      #expect(pthread_self() == thread)
      order.withLock { $0.append(2) }
    }
    #expect(order.withLock { $0 } == [1, 2])
  }

  @Test func `work that is put off comes no sooner, and time runs forward`() async {
    let queue = runtime.makeQueue("test", isUrgent: false)
    let began = runtime.now
    let ended = await withCheckedContinuation { continuation in
      queue.async(after: 20_000_000) { continuation.resume(returning: runtime.now) }
    }
    #expect(ended.since(began) >= 20_000_000 && began.since(ended) == 0)
    #expect(began.adding(milliseconds: 20) <= ended)
    runtime.rest(nanoseconds: 0)
    runtime.rest(nanoseconds: 2_000_000)
    #expect(runtime.now.since(ended) >= 2_000_000)
  }

  @Test func `a sleep ends with its task`() async {
    let sleeper = runtime.task { try await runtime.sleep(milliseconds: 600_000) }
    sleeper.cancel()
    await #expect(throws: CancellationError.self) { try await sleeper.value }
  }

  @Test func `cores share the parts of some work, each once`() {
    let done = Locked([Int](repeating: 0, count: 100))
    runtime.cores.perform(100) { part in done.withLock { $0[part] += 1 } }
    #expect(done.withLock { $0 } == Array(repeating: 1, count: 100))
    Cores.one.perform(100) { part in done.withLock { $0[part] += 1 } }
    #expect(done.withLock { $0 } == Array(repeating: 2, count: 100))
    #expect(runtime.cores.count >= 1 && Cores.one.count == 1)
  }

  @Test func `a watch tells of what can be read, and ends`() async throws {
    let queue = runtime.makeQueue("test", isUrgent: true)
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    await withCheckedContinuation { (ended: CheckedContinuation<Void, Never>) in
      let stop = Locked<Stop?>(nil)
      queue.async {
        let end = queue.watch(
          descriptor,
          ready: {
            _ = pipe.fileHandleForReading.availableData
            stop.withLock { stop in
              stop?.now()
              stop = nil
            }
          }, ended: { ended.resume() })
        stop.withLock { $0 = Stop(now: end) }
      }
      pipe.fileHandleForWriting.write(Data([1]))
    }
  }

  /// Called on the watch's queue alone.
  private struct Stop: @unchecked Sendable {
    let now: () -> Void
  }
}
