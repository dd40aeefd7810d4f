internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

/// One client's connection: what came in and is no frame yet, what goes out and is not taken yet, and its calls.
///
///     open → ending (the last bytes go out, nothing more is read) → lingering (the peer reads them) → gone
final class Connection {
  enum Phase {
    case open
    case ending
    case lingering
  }

  /// A call in flight.
  struct Call {
    let deadline: Deadline?
    /// What the writer's outcome leads to; nil while the call is not at the writer.
    var then: (@Sendable (EngineOutcome) throws -> AnyAnswer)?
    /// A long read or a stream; nil for other calls.
    var task: Task<Void, Never>?
    var streams = false
    /// A stream's newest message that was not written yet.
    var newest: (any Message)?
  }

  let socket: StreamSocket
  let token: UInt64
  var decoder: FrameDecoder
  var phase = Phase.open
  var calls: [UInt64: Call] = [:]
  var outbound: [UInt8] = []
  var sent = 0
  var isDirty = false
  var readsAreWatched = true
  var writesAreWatched = false
  var lastActivity: Deadline
  var frameBegan: Deadline?
  var stalledSince: Deadline?

  init(socket: StreamSocket, token: UInt64, frameBytesMax: Int, now: Deadline) {
    self.socket = socket
    self.token = token
    decoder = FrameDecoder(frameBytesMax: frameBytesMax)
    lastActivity = now
  }

  var bytesWaiting: Int { outbound.count - sent }

  /// Sends as much as the peer takes.
  ///
  /// - Returns: False when the connection is broken.
  func flush(now: Deadline) -> Bool {
    while sent < outbound.count {
      switch socket.send(outbound, from: sent) {
      case .bytes(let count):
        sent += count
        stalledSince = nil
      case .wouldBlock:
        if stalledSince == nil { stalledSince = now }
        return true
      case .closed: return false
      }
    }
    outbound.removeAll(keepingCapacity: outbound.capacity <= 1 << 18)
    sent = 0
    stalledSince = nil
    return true
  }
}
