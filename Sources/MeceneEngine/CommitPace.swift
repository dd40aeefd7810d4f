internal import MeceneConcurrency
internal import Synchronization

/// Whether commits are quick, so that a guest may make one on its way. After a slow one the writer's own thread makes them, until
/// several in a row were quick: a disk that takes seconds keeps only those waiting who write.
final class CommitPace: Sendable {
  /// Nanoseconds.
  private static let slow: UInt64 = 5_000_000
  private static let quickOnes = 8

  /// Quick commits that are still missing.
  private let missing = Atomic(0)
  private let newest = Atomic(0 as UInt64)

  /// How long the last commit took, in nanoseconds.
  var last: UInt64 { newest.load(ordering: .relaxed) }

  var isQuick: Bool { missing.load(ordering: .relaxed) == 0 }

  /// Takes note of a commit. Only the writer does.
  func note(_ nanoseconds: UInt64) {
    newest.store(nanoseconds, ordering: .relaxed)
    if nanoseconds > Self.slow {
      missing.store(Self.quickOnes, ordering: .relaxed)
    } else if !isQuick {
      missing.subtract(1, ordering: .relaxed)
    }
  }
}
