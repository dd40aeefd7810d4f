internal import CMeceneSystem
internal import Synchronization

/// A value behind a mutex.
///
/// On Linux ThreadSanitizer does not see the futex inside Swift's `Mutex`, and would report races that are none. So
/// each acquisition and release is announced to it; without the sanitizer the announcements are empty calls.
@safe package final class Locked<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>

  package init(_ value: Value) { mutex = Mutex(value) }

  /// Runs `body` with the value while nobody else can see it.
  package func withLock<Result: Sendable>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    let address = unsafe Unmanaged.passUnretained(self).toOpaque()
    return try mutex.withLock { value in
      unsafe mecene_tsan_acquire(address)
      defer { unsafe mecene_tsan_release(address) }
      return try body(&value)
    }
  }
}
