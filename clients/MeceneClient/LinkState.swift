internal import MeceneTransport
internal import MeceneWire

/// The life of one of a session's connections, and what becomes of the calls on it when it ends:
///
///     connecting → connected → dismissed (the daemon has said why it ends)
///                            ↘ estranged (the peer's bytes are no frames)
///
/// From each it may be closed. It only goes forward; a door that does not lead on from where it is changes nothing.
enum LinkState {
  case connecting
  case connected
  case estranged
  case dismissed(MeceneError)
  indirect case closed(after: LinkState, reason: String)

  /// Whether a daemon, or whoever listens there, has taken the connection.
  var isConnected: Bool {
    switch self {
    case .connecting, .closed(after: .connecting, _): false
    case .connected, .estranged, .dismissed, .closed: true
    }
  }

  mutating func connect() {
    if case .connecting = self { self = .connected }
  }

  mutating func estrange() {
    if case .connected = self { self = .estranged }
  }

  mutating func dismiss(_ lastWord: MeceneError) {
    if case .connected = self { self = .dismissed(lastWord) }
  }

  mutating func close(_ reason: String) {
    if case .closed = self { return }
    self = .closed(after: self, reason: reason)
  }

  /// Why a call failed on a connection that is closed; nil for one that is not.
  ///
  /// - Parameters:
  ///   - frameBytes: What the call's request was, in bytes.
  ///   - address: Of the daemon.
  func error(ofCallWith frameBytes: Int, to address: Address) -> MeceneError? {
    guard case .closed(let before, let reason) = self else { return nil }
    let lost = MeceneError(
      .connectionLost, "the connection to \(address) was lost before the answer came", cause: reason)
    switch before {
    case .connecting, .estranged: return Self.noDaemon(at: address, reason)
    case .connected, .closed: return lost
    case .dismissed(let lastWord):
      // One frame that is too long ends the connection; calls beside it were only lost with it.
      let most = lastWord.details["frame_bytes_max"].flatMap { Int($0) }
      return lastWord.reason == .frameTooLarge && most.map { frameBytes <= $0 } ?? false ? lost : lastWord
    }
  }

  /// The error of an attempt to connect.
  static func noDaemon(at address: Address, _ cause: String) -> MeceneError {
    // The address stands in the sentence already, unless a name stood for another.
    MeceneError(
      .connectFailed, "no daemon answers at \(address)", notExecuted: true,
      cause: String(cause.trimmingPrefix("\(address) does not answer: ")))
  }
}
