internal import CMeceneSystem
public import Synchronization

/// A value behind a mutex.
///
/// On Linux ThreadSanitizer does not see the futex inside Swift's `Mutex`, and would report races that are none. So
/// each acquisition and release is announced to it; without the sanitizer the announcements are empty calls.
///
/// Callers compile it for their own value: looking that up at each use took a quarter of the time of an empty call. It is public
/// for that alone; what is `package` stays behind the call, even if it is marked to be inlined.
@safe public final class Locked<Value: Sendable>: Sendable {
  @usableFromInline let mutex: Mutex<Value>

  /// - Parameter value: What it holds at first.
  @inlinable public init(_ value: Value) { mutex = Mutex(value) }

  /// Runs `body` with the value while nobody else can see it.
  @inlinable @inline(__always) public func withLock<Result: Sendable>(
    _ body: (inout Value) throws -> Result
  ) rethrows -> Result {
    let address = unsafe Unmanaged.passUnretained(self).toOpaque()
    return try mutex.withLock { value in
      unsafe Announcement.acquired(address)
      defer { unsafe Announcement.released(address) }
      return try body(&value)
    }
  }
}

/// What ThreadSanitizer is told.
@usableFromInline enum Announcement {
  @usableFromInline static func acquired(_ mutex: UnsafeMutableRawPointer) {
    unsafe mecene_tsan_acquire(mutex)
  }

  @usableFromInline static func released(_ mutex: UnsafeMutableRawPointer) {
    unsafe mecene_tsan_release(mutex)
  }
}
