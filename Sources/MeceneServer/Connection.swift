internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

/// One client's connection: what came in and is no request yet, what goes out and is not taken yet, and its calls.
final class Connection {
  /// A call in flight.
  struct Call {
    /// Tells whether an outcome is this call's, or that of an earlier one with the same id.
    let serial: UInt64
    let request: CallHandle.Request
    /// Whether the answer may be as large as a page.
    var isRead: Bool
    // Here and no wider, so that a call takes no more room for it.
    fileprivate(set) var bytesTaken: UInt32
    /// What the writer's outcome leads to; nil while the call is not at the writer.
    var then: Continuation?
    /// A long read or a stream; nil for other calls.
    var long: LongCall?

    /// A call as it begins. An initialiser would make it in place and copy it: 4 % of an empty call.
    static func of(_ handle: CallHandle, bytes: Int, then: Continuation? = nil, long: LongCall? = nil) -> Call
    {
      Call(
        serial: handle.serial, request: handle.request, isRead: false, bytesTaken: UInt32(clamping: bytes),
        then: then, long: long)
    }

    /// What it takes, with its answer, in bytes.
    var bytes: Int {
      get { Int(bytesTaken) }
      set { bytesTaken = UInt32(clamping: newValue) }
    }

    var streams: Bool { long?.streams ?? false }
  }

  /// What only calls have that take their time.
  final class LongCall {
    let streams: Bool
    let body: @Sendable () async throws -> any Message
    /// Nil while it waits for its turn.
    var task: Task<Void, any Error>?
    /// A stream's newest message that was not written yet.
    var newest: (any Message)?

    init(streams: Bool, body: @escaping @Sendable () async throws -> any Message) {
      self.streams = streams
      self.body = body
    }
  }

  /// What becomes of what comes in.
  enum Intake {
    case reading
    /// Requests wait until there is room for their answers.
    case held
    /// The rest of a large frame is not read before there is room for it.
    case waitingForGrant
  }

  /// What a read takes while it waits for its turn, and a long call, in bytes.
  private static let bytesToWait = 2_048
  private static let bytesToWaitLong = 3_072

  let socket: StreamSocket
  let token: UInt64
  let framing: LengthPrefixedFraming
  /// Whether its first byte has come, which says what it speaks.
  var hasGreeted = false
  var phase = ConnectionPhase.open
  private(set) var calls: CallTable<Call>
  /// What the writer holds for it, and what readers and long calls do, with their answers, in bytes; also for calls that ended
  /// here before they came back.
  private var callBytes = 0
  private var hasWaiting = false
  private var readBytes = 0
  /// Reads that were handed over and have not come back, and what is asked of the writer.
  private(set) var reads = 0
  private(set) var streams = 0
  /// Long calls that are carried out.
  private(set) var longCalls = 0
  /// Long calls that wait for their turn.
  var longWaiting: [CallHandle] = []
  /// Reads that were not handed over yet, and what they will take, in bytes.
  var readsToCome = 0
  var bytesToCome = 0
  /// What stood behind the last whole request, in bytes.
  var bytesKept = 0
  /// What a frame takes of which only the beginning is here, in bytes; 0 for a short one.
  var granted = 0
  var intake = Intake.reading
  /// Whether it is told when there is room.
  var waitsForRoom = false
  /// What of it stands in the sum of all connections.
  var counted = Room()
  let outbound = OutboundBuffer(capacityKept: 1 << 18)
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
  /// Since when the peer has taken less than a MiB of what waits for it.
  var stalledSince: Deadline?
  private var sentSinceStall = 0

  /// - Parameter seed: Not known to the peer.
  init(
    socket: StreamSocket, token: UInt64, framing: LengthPrefixedFraming, seed: UInt64, now: Deadline
  ) {
    calls = CallTable(seed: seed)
    self.socket = socket
    self.token = token
    self.framing = framing
    lastActivity = now
  }

  /// Calls in flight that are at the writer.
  var writes: Int { max(0, calls.count - reads - streams) }

  var bytesWaiting: Int { outbound.waiting }

  /// What it takes of memory.
  var held: Room {
    Room(
      requests: callBytes - readBytes + bytesThatWait + max(granted, bytesKept),
      answers: readBytes + outbound.held)
  }

  /// What its calls take, in bytes.
  var inUse: Int { callBytes + bytesThatWait + outbound.count }

  /// Whether the writer or a reader has something of it.
  var isOutstanding: Bool { callBytes > 0 }

  private var bytesThatWait: Int {
    hasWaiting ? readsToCome * Self.bytesToWait + longWaiting.count * Self.bytesToWaitLong : 0
  }

  /// Takes note of whether calls wait for their turn. Looking at the list for every call cost 2 % of an empty one.
  func noteWaiting() { hasWaiting = readsToCome > 0 || !longWaiting.isEmpty }

  /// Whether more of it may be read.
  var mayBeRead: Bool { phase.isOpen && intake == .reading }

  /// Whether nothing but idleness can end it.
  var isQuiet: Bool {
    phase.isOpen && calls.isEmpty && frameBegan == nil && stalledSince == nil && bytesWaiting == 0
  }

  /// A call in flight; nil when it has ended, also when another has its id now.
  func call(_ handle: CallHandle) -> Call? {
    calls[handle.id].flatMap { $0.serial == handle.serial ? $0 : nil }
  }

  func add(_ call: consuming Call, id: UInt64) {
    if call.then != nil { begin(bytes: call.bytes, isRead: call.isRead, isLong: call.long != nil) }
    if call.streams { streams += 1 }
    calls.insert(consume call, id: id)
  }

  /// Hands over a call that waited: from now on it is at the writer.
  func handOver(_ call: Call, id: UInt64) {
    calls[id] = call
    begin(call)
  }

  /// Forgets the room that calls took which are gone.
  func shrinkCalls() { calls.shrink() }

  /// Takes note of a call that is handed over.
  func begin(_ call: Call) { begin(bytes: call.bytes, isRead: call.isRead, isLong: call.long != nil) }

  private func begin(bytes: Int, isRead: Bool, isLong: Bool) {
    callBytes += bytes
    if isRead {
      readBytes += bytes
      reads += 1
    } else if isLong {
      readBytes += bytes
      longCalls += 1
    }
  }

  /// Takes note of a call that has come back.
  func end(bytes: Int, isRead: Bool, isLong: Bool) {
    callBytes -= bytes
    if isRead {
      readBytes -= bytes
      reads -= 1
    } else if isLong {
      readBytes -= bytes
      longCalls -= 1
    }
  }

  /// Forgets a call; nil when there is none of this id, or none of this serial. What is at a reader still counts until it comes
  /// back.
  @discardableResult
  func removeCall(_ id: UInt64, serial: UInt64? = nil) -> Call? {
    guard let call = calls.remove(id) else { return nil }
    if let serial, serial != call.serial {
      calls.insert(call, id: id)
      return nil
    }
    if call.then != nil { end(bytes: call.bytes, isRead: call.isRead, isLong: false) }
    if call.streams { streams -= 1 }
    return call
  }

  /// Gives room back that calls took which are gone.
  func shrink() {
    outbound.shrink(to: 4_096)
    framing.shrink()
    shrinkCalls()
  }

  /// Sends as much as the peer takes.
  ///
  /// - Returns: False when the connection is broken.
  func flush(now: Deadline) -> Bool {
    let (flush, bytes) = outbound.flush(to: socket)
    sentSinceStall += bytes
    switch flush {
    case .done: stalledSince = nil
    case .wouldBlock:
      if sentSinceStall >= 1 << 20 { stalledSince = nil }
      if stalledSince == nil { (stalledSince, sentSinceStall) = (now, 0) }
    case .closed: return false
    }
    return true
  }
}
