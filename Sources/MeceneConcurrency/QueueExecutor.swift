package import Dispatch

/// Runs an actor on a Dispatch queue of its own. Linux has no `DispatchSerialQueue` that could do so itself.
package final class QueueExecutor: SerialExecutor {
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
}
