internal import Foundation
internal import MeceneConcurrency
package import MeceneLedger

/// Where the ledger's time comes from.
package protocol LedgerClock: Sendable {
  func now() -> Timestamp
  /// What the guard holds against each other; nil for a clock that needs no guard.
  var reading: ClockGuard.Reading? { get }
}

/// The system's clock.
package struct SystemClock: LedgerClock {
  package init() {}

  package func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

  package var reading: ClockGuard.Reading? {
    ClockGuard.Reading(wall: now(), counter: BootClock.milliseconds)
  }
}

/// A clock that stands still until it is set.
package final class SimulatedClock: LedgerClock {
  private let time: Locked<Timestamp>

  package init(_ start: Timestamp) { time = Locked(start) }

  package func now() -> Timestamp { time.withLock { $0 } }

  package var reading: ClockGuard.Reading? { nil }

  /// Moves the clock forward; it never goes back.
  package func set(_ new: Timestamp) { time.withLock { $0 = max($0, new) } }
}
