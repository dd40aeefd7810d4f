internal import CMeceneSystem
package import Dispatch
internal import Foundation

/// The machine's threads, by Dispatch, and its time.
package struct DispatchRuntime: Runtime {
  package init() {}

  package var now: Deadline { Deadline(nanoseconds: DispatchTime.now().uptimeNanoseconds) }

  package func makeQueue(_ label: String, isUrgent: Bool) -> any SerialQueue {
    QueueExecutor(label: label, qos: isUrgent ? .userInitiated : .utility)
  }

  package var tasks: any TaskExecutor { globalConcurrentExecutor }

  package func sleep(nanoseconds: UInt64) async throws {
    try await Task.sleep(for: .nanoseconds(nanoseconds))
  }

  package func rest(nanoseconds: UInt64) {
    // A sleep of no time costs as much as a block of leaves.
    if nanoseconds > 0 { Thread.sleep(forTimeInterval: Double(nanoseconds) / 1e9) }
  }

  package func inBackground(_ label: String, _ work: @escaping @Sendable () -> Void) {
    // A queue of its own: its work may wait, and the threads of the global ones are few.
    DispatchQueue(label: label).async(execute: work)
  }

  package var cores: Cores {
    Cores(count: ProcessInfo.processInfo.activeProcessorCount) { parts, body in
      DispatchQueue.concurrentPerform(iterations: parts, execute: body)
    }
  }

  package func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe mecene_random(start, buffer.count)
    }
    return bytes
  }
}

/// Runs an actor on a Dispatch queue of its own. Linux has no `DispatchSerialQueue` that could do so itself.
package final class QueueExecutor: SerialQueue {
  package let queue: DispatchQueue

  package init(label: String, qos: DispatchQoS = .userInitiated) {
    queue = DispatchQueue(label: label, qos: qos)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    unsafe UnownedSerialExecutor(ordinary: self)
  }

  /// What `assumeIsolated` asks.
  package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

  package func async(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

  package func enter(_ work: () -> Void) { queue.sync(execute: work) }

  package func async(after nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    queue.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: nanoseconds)), execute: work)
  }

  package func watch(
    _ descriptor: Int32, ready: @escaping @Sendable () -> Void, ended: @escaping @Sendable () -> Void
  ) -> () -> Void {
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler(handler: ready)
    source.setCancelHandler(handler: ended)
    source.activate()
    return { source.cancel() }
  }
}
