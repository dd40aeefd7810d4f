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
    /// Tells whether an outcome is this call's, or that of an earlier one with the same id.
    let serial: UInt64
    let deadline: Deadline?
    /// What the writer's outcome leads to; nil while the call is not at the writer.
    var then: Continuation?
    /// A long read or a stream; nil for other calls.
    var long: LongCall?

    var streams: Bool { long?.streams ?? false }
    /// Whether the answer may be as large as a page.
    var isRead: Bool { then == nil && !streams }
  }

  /// What only calls have that take their time.
  final class LongCall {
    let task: Task<Void, Never>
    let streams: Bool
    /// A stream's newest message that was not written yet.
    var newest: (any Message)?

    init(_ task: Task<Void, Never>, streams: Bool) {
      self.task = task
      self.streams = streams
    }
  }

  let socket: StreamSocket
  let token: UInt64
  var decoder: FrameDecoder
  var phase = Phase.open
  private(set) var calls: CallTable<Call>
  /// Calls in flight whose answers may be large.
  private(set) var reads = 0
  private(set) var streams = 0
  /// Whether frames wait in the decoder until there is room for their answers.
  var isHeld = false
  var outbound: [UInt8] = []
  var sent = 0
  var isDirty = false
  /// Whether something of the writer's waits to be sent.
  var hasOutcomes = false
  /// Since when answers wait for the writer's.
  var waitsSince: Deadline?
  /// Whether it is looked at ten times a second.
  var isActive = false
  var readsAreWatched = true
  var writesAreWatched = false
  var lastActivity: Deadline
  var frameBegan: Deadline?
  var stalledSince: Deadline?

  /// - Parameter seed: Not known to the peer.
  init(socket: StreamSocket, token: UInt64, frameBytesMax: Int, seed: UInt64, now: Deadline) {
    calls = CallTable(seed: seed)
    self.socket = socket
    self.token = token
    decoder = FrameDecoder(frameBytesMax: frameBytesMax)
    lastActivity = now
  }

  /// Calls in flight that are at the writer.
  var writes: Int { calls.count - reads - streams }

  var bytesWaiting: Int { outbound.count - sent }

  /// Whether nothing but idleness can end it.
  var isQuiet: Bool {
    phase == .open && calls.isEmpty && frameBegan == nil && stalledSince == nil && bytesWaiting == 0
  }

  func add(_ call: Call, id: UInt64) {
    calls.insert(call, id: id)
    if call.isRead { reads += 1 }
    if call.streams { streams += 1 }
  }

  /// Forgets a call; nil when there is none of this id, or none of this serial.
  @discardableResult
  func removeCall(_ id: UInt64, serial: UInt64? = nil) -> Call? {
    guard let call = calls.remove(id) else { return nil }
    if let serial, serial != call.serial {
      calls.insert(call, id: id)
      return nil
    }
    if call.isRead { reads -= 1 }
    if call.streams { streams -= 1 }
    return call
  }

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
        // A peer that always leaves something waiting would let the sent bytes pile up.
        if sent > 1 << 20 {
          outbound.removeFirst(sent)
          sent = 0
        }
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
