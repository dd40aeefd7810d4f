/// The life of an event loop:
///
///     serving → draining (what was begun is finished, nothing new is taken) → stopped
enum LoopPhase: Hashable {
  case serving
  case draining
  case stopped

  /// - Returns: False when it drains already.
  mutating func drain() -> Bool {
    guard self == .serving else { return false }
    self = .draining
    return true
  }

  mutating func stop() { self = .stopped }
}
