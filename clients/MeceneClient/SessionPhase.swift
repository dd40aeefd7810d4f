/// The life of a client's session: it has no connection, or one that takes new calls, until it is closed.
///
///     idle ⇄ connected → closed
enum SessionPhase: Hashable {
  case idle
  /// The number of the connection that takes new calls.
  case connected(Int)
  case closed

  var isClosed: Bool { self == .closed }

  /// The number of the connection that takes new calls; nil when there is none.
  var current: Int? { if case .connected(let link) = self { link } else { nil } }

  mutating func connect(_ link: Int) {
    if self == .idle { self = .connected(link) }
  }

  /// The connection takes no new calls any more.
  mutating func letGo(of link: Int) {
    if self == .connected(link) { self = .idle }
  }

  /// - Returns: False when it is closed already.
  mutating func close() -> Bool {
    if isClosed { return false }
    self = .closed
    return true
  }
}
