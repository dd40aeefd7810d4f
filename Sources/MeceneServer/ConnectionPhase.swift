internal import MeceneConcurrency
internal import MeceneEngine

/// The life of a connection:
///
///     open → ending (the last bytes go out, nothing more is read) → lingering (the peer reads them) → gone
///
/// It only goes forward, and each door says whether it was passed.
enum ConnectionPhase: Hashable {
  case open
  case ending(since: Deadline)
  case lingering(since: Deadline)
  case gone

  /// How long the last bytes may take to be sent and read, in nanoseconds.
  private static let farewellMax: UInt64 = 1_000_000_000

  var isOpen: Bool { if case .open = self { true } else { false } }

  /// Nothing more is read; what is written still goes out.
  mutating func end(at now: Deadline) -> Bool {
    guard case .open = self else { return false }
    self = .ending(since: now)
    return true
  }

  /// All is sent. The peer has the rest of the time to read it.
  mutating func finishSending() -> Bool {
    guard case .ending(let since) = self else { return false }
    self = .lingering(since: since)
    return true
  }

  mutating func leave() -> Bool {
    guard self != .gone else { return false }
    self = .gone
    return true
  }

  /// Whether its farewell has taken too long.
  func isOverdue(at now: Deadline) -> Bool {
    switch self {
    case .open, .gone: false
    case .ending(let since), .lingering(let since):
      now.since(since) > Self.farewellMax
    }
  }
}
