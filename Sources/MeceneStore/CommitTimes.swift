internal import MeceneConcurrency
internal import MeceneLedger

/// When commits were made, as far as readers have asked: it never changes, and looking it up is a third of reading a thing.
final class CommitTimes: Sendable {
  private static let most = 65_536
  private let known = Locked<[Int64: Timestamp]>([:])

  /// - Parameter lookUp: Asked when the time is not known yet.
  func time(of commit: Int64, lookUp: () throws -> Timestamp) rethrows -> Timestamp {
    if let time = known.withLock({ $0[commit] }) { return time }
    let time = try lookUp()
    known.withLock { known in
      if known.count >= Self.most { known.removeAll(keepingCapacity: true) }
      known[commit] = time
    }
    return time
  }
}
