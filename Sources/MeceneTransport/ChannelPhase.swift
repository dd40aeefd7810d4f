/// The life of a client's connection:
///
///     idle → resolving → connecting (one address after the other) → connected → closed
///
/// It only goes forward. Each door says whether it was passed, and what comes from an attempt that is over passes none.
enum ChannelPhase {
  case idle
  case resolving
  case connecting(attempt: Int, others: ArraySlice<SocketAddress>)
  case connected(attempt: Int)
  case closed

  var isConnected: Bool { if case .connected = self { true } else { false } }
  var isClosed: Bool { if case .closed = self { true } else { false } }

  /// Whether there are addresses that were not tried yet.
  var hasOthers: Bool { if case .connecting(_, let others) = self { !others.isEmpty } else { false } }

  mutating func start() -> Bool {
    guard case .idle = self else { return false }
    self = .resolving
    return true
  }

  mutating func resolve(_ addresses: [SocketAddress]) -> Bool {
    guard case .resolving = self else { return false }
    self = .connecting(attempt: 0, others: addresses[...])
    return true
  }

  /// Begins the next attempt.
  ///
  /// - Returns: Its number and where it leads; nil when no address is left.
  mutating func tryNext() -> (attempt: Int, address: SocketAddress)? {
    guard case .connecting(let attempt, var others) = self, let next = others.popFirst() else { return nil }
    self = .connecting(attempt: attempt + 1, others: others)
    return (attempt + 1, next)
  }

  /// Whether this attempt is under way still, or stands.
  func isAt(_ attempt: Int) -> Bool {
    switch self {
    case .connecting(attempt, _), .connected(attempt): true
    case .idle, .resolving, .connecting, .connected, .closed: false
    }
  }

  /// The attempt under way has come through.
  mutating func connect() -> Bool {
    guard case .connecting(let attempt, _) = self, attempt > 0 else { return false }
    self = .connected(attempt: attempt)
    return true
  }

  mutating func close() -> Bool {
    if isClosed { return false }
    self = .closed
    return true
  }
}
