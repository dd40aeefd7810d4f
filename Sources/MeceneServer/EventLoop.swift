internal import Dispatch
internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

/// The one actor between the sockets and the engine.
///
/// A turn reads and parses all connections that are ready, hands what they ask for over to the engine at once, takes
/// the answers that are there, and writes to each connection once:
///
///     poll → parse every ready connection → submit all commands, all reads → take answers → one send a connection
///
/// Answers that come later wake it for another turn. Nothing here awaits anything for a message.
actor EventLoop {
  enum Event: Sendable {
    case completions([Completion])
    case answered([ReadAnswer])
    case progressed(CallTag, any Message)
  }

  /// What a read came to, short or long, or a stream.
  struct ReadAnswer: Sendable {
    let tag: CallTag
    let result: Result<any Message, any Error>
  }

  /// How many submissions are worth a commit of their own when the writer is idle.
  private static let submissionsAtOnce = 64
  /// A listener's token is its position counted down from here; connections count up from 0.
  private static let firstListenerToken = UInt64.max - 1
  /// How long the loop waits for more before it gives its thread back to Dispatch, in milliseconds: until then the next
  /// bytes or answers wake it directly. Through Dispatch they first wake the thread that watches for it, which costs one
  /// caller who waits for each answer 40 of 210 µs.
  private static let lingerMs: Int32 = 1
  /// How many calls have to be at the writer for answers to reads to wait for company, and how long they do at most, in
  /// nanoseconds. It bought 5 % of mixed load on 64 connections.
  private static let crowd = 256
  private static let companyMax = UInt64(lingerMs) * 1_000_000
  /// How long it may keep its thread altogether while others wait for the actor, in nanoseconds.
  private static let turnsMax: UInt64 = 5_000_000

  nonisolated let executor = QueueExecutor(label: "mecene.eventloop")
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  nonisolated let mailbox = Mailbox<Event>()
  private nonisolated let waker: Locked<Waker?> = Locked(nil)

  let limits: Limits
  let logger: Logger
  let daemon: DaemonState
  let coder: MessageCoder
  let methods = MethodTable()
  private(set) var handlers: Handlers?
  var engine: (any Engine)? { handlers?.engine }
  private var poller: Poller?
  private var listeners: [Listener] = []
  private(set) var connections: [UInt64: Connection] = [:]
  private var nextToken: UInt64 = 1
  private let seed = UInt64.random(in: .min ... .max)
  private var scratch = [UInt8](repeating: 0, count: 65_536)
  var submissions: [Submission] = []
  var reads: [Read<ReadAnswer>] = []
  private var dirty: [Connection] = []
  /// Empty but while it is written to; it keeps its room.
  private var flushing: [Connection] = []
  private var active: [Connection] = []
  /// When all connections were looked at.
  var lastRound = Deadline.now
  /// Calls that were handed over and have not come back.
  var callsAtWriter = 0
  private var lastServed: UInt64?
  private var isListeningPaused = false
  private var lastSerial: UInt64 = 0
  var now = Deadline.now
  var isDraining = false
  private var housekeeper: Task<Void, Never>?

  init(limits: Limits, daemon: DaemonState, logger: Logger) {
    self.limits = limits
    self.daemon = daemon
    self.logger = logger
    coder = MessageCoder(arenaBytesMax: limits.messageMemoryMax)
  }

  /// Begins to take connections.
  func start(engine: any Engine, listeners: [Listener]) throws {
    handlers = Handlers(engine: engine, limits: limits, daemon: daemon)
    let poller = try Poller(queue: executor.queue) { [weak self] in
      self?.assumeIsolated { $0.turns() }
    }
    self.poller = poller
    waker.withLock { $0 = poller.waker }
    self.listeners = listeners
    watchListeners()
    housekeeper = Task { [weak self] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(100))
        await self?.keepHouse()
      }
    }
  }

  /// Leaves an event, and wakes the loop if it is idle. Called on any queue.
  nonisolated func post(_ event: Event) {
    guard mailbox.post(event) else { return }
    waker.withLock { $0 }?.wake()
  }

  /// Turn after turn while there is something to do, and a little longer.
  private func turns() {
    let end = Deadline.now.nanoseconds + Self.turnsMax
    var waitMs: Int32 = 0
    while let events = poller?.poll(waitingMs: waitMs) {
      turn(events)
      if now.nanoseconds > end { break }
      waitMs = Self.lingerMs
    }
    flushDirty(all: true)
  }

  func turn(_ events: [Poller.Event] = []) {
    now = Deadline.now
    // The loop takes its mail in any case, and need not be woken for it.
    mailbox.hold()
    take(events)
    repeat {
      repeat {
        mailbox.hold()
        handOver()
        takeMail()
      } while hasWork
      // Room for answers lets connections go on that were held.
      flushDirty()
    } while hasWork
  }

  private var hasWork: Bool { !submissions.isEmpty || !reads.isEmpty }

  private func take(_ events: [Poller.Event]) {
    for event in events {
      if let connection = connections[event.token] {
        if event.isReadable || event.isBroken { receive(connection) }
        // The writer begins with these while the other connections are parsed.
        if submissions.count >= Self.submissionsAtOnce { submit() }
        if event.isWritable { markDirty(connection) }
      } else if Self.firstListenerToken - event.token < UInt64(listeners.count) {
        accept(listeners[Int(Self.firstListenerToken - event.token)])
      }
    }
  }

  /// Reads go once a turn: the more there are, the fewer snapshots they need.
  private func handOver() {
    submit()
    if reads.isEmpty { return }
    let batch = reads
    reads.removeAll(keepingCapacity: true)
    engine?.read(batch) { self.post(.answered($0)) }
  }

  private func submit() {
    if submissions.isEmpty { return }
    let batch = submissions
    submissions.removeAll(keepingCapacity: true)
    engine?.submit(batch, callerCanWait: isAlone(batch))
  }

  /// Whether all that the writer has to do is this, for the one connection that it did everything for last time too: then
  /// nobody minds if the loop waits for it.
  private func isAlone(_ batch: [Submission]) -> Bool {
    guard case .sink(let first)? = batch.first?.reply, case .sink(let last)? = batch.last?.reply else {
      return false
    }
    defer { lastServed = first.connection == last.connection ? first.connection : nil }
    return callsAtWriter == batch.count && first.connection == last.connection
      && first.connection == lastServed
  }

  private func takeMail() {
    while let events = mailbox.take() {
      for event in events {
        switch event {
        case .completions(let completions): complete(completions)
        case .answered(let answers): for answer in answers { self.answer(answer.tag, answer.result) }
        case .progressed(let tag, let message): progress(tag, message)
        }
      }
    }
  }
}

// Connections.
extension EventLoop {
  private func accept(_ listener: Listener) {
    while true {
      let socket: StreamSocket
      switch listener.accept() {
      case .socket(let accepted): socket = accepted
      case .none: return
      case .exhausted: return pauseListening()
      }
      let connection = Connection(
        socket: socket, token: nextToken, frameBytesMax: limits.frameBytesMax, seed: seed, now: now)
      nextToken += 1
      connections[connection.token] = connection
      poller?.add(socket, token: connection.token)
      daemon.connections.withLock { $0 += 1 }
      if isDraining {
        end(connection, .draining)
      } else if connections.count > limits.connectionsMax {
        end(
          connection,
          Failure(
            .tooManyCalls, "there are \(limits.connectionsMax) connections; no more are taken",
            notExecuted: true,
            retryAfterMs: 1_000, details: [Detail(key: "connections_max", value: "\(limits.connectionsMax)")])
        )
      }
    }
  }

  private func receive(_ connection: Connection) {
    switch connection.socket.receive(into: &scratch) {
    case .wouldBlock: return
    case .closed: return remove(connection)
    case .bytes(let count):
      guard connection.phase == .open else { return }
      connection.lastActivity = now
      markActive(connection)
      connection.decoder.append(scratch[..<count])
    }
    parse(connection)
  }

  /// Begins the calls of all whole frames, or of as many as there is room for answers.
  private func parse(_ connection: Connection) {
    connection.isHeld = false
    var frames = 0
    do throws(FrameDecoder.Problem) {
      try connection.decoder.forEachFrame { frame in
        handle(frame, connection)
        frames += 1
        connection.isHeld = connection.phase == .open && !hasRoom(connection)
        return connection.phase == .open && !connection.isHeld
      }
      if !connection.decoder.isInsideFrame {
        connection.frameBegan = nil
      } else if frames > 0 || connection.frameBegan == nil {
        connection.frameBegan = now
      }
    } catch {
      refuse(connection, error)
    }
    if connection.isHeld { markDirty(connection) }
  }

  private func hasRoom(_ connection: Connection) -> Bool {
    connection.bytesWaiting <= limits.bytesWaitingMax && connection.reads < limits.readsMax
  }

  private func refuse(_ connection: Connection, _ problem: FrameDecoder.Problem) {
    switch problem {
    case .empty: end(connection, Failure(.malformedFrame, "a frame has at least 1 byte; this one had none"))
    case .tooLong(let bytes, let bytesMax):
      end(
        connection,
        Failure(
          .frameTooLarge, "the frame has \(bytes) bytes; at most \(bytesMax) are taken",
          details: [
            Detail(key: "frame_bytes", value: "\(bytes)"),
            Detail(key: "frame_bytes_max", value: "\(bytesMax)"),
          ]))
    case .otherProtocol(let name):
      let sentence =
        "this port speaks Mecene's protocol (length-prefixed protobuf, see docs/protocol.md), not \(name)"
      if name == "HTTP" {
        connection.outbound += Array(
          "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: \(sentence.utf8.count + 1)\r\n"
            .utf8)
        connection.outbound += Array("Connection: close\r\n\r\n\(sentence)\n".utf8)
        endAfterFlush(connection)
      } else {
        end(connection, Failure(.malformedFrame, sentence))
      }
    }
  }

  /// Sends why the connection ends, and ends it.
  func end(_ connection: Connection, _ failure: Failure) {
    guard connection.phase == .open else { return }
    appendFailure(connection, 0, failure)
    endAfterFlush(connection)
  }

  func endAfterFlush(_ connection: Connection) {
    connection.phase = .ending
    cancelCalls(connection)
    connection.lastActivity = now
    markDirty(connection)
  }

  private func cancelCalls(_ connection: Connection) {
    for id in connection.calls.all { connection.removeCall(id)?.long?.task.cancel() }
  }

  func remove(_ connection: Connection) {
    guard connections.removeValue(forKey: connection.token) != nil else { return }
    poller?.remove(connection.socket)
    cancelCalls(connection)
    daemon.connections.withLock { $0 -= 1 }
  }

  func makeSerial() -> UInt64 {
    lastSerial += 1
    return lastSerial
  }

  /// Looks at a connection ten times a second, until nothing happens on it.
  func markActive(_ connection: Connection) {
    guard !connection.isActive else { return }
    connection.isActive = true
    active.append(connection)
  }

  /// Hands over the connections that are looked at closely, and looks at none closely any more.
  func takeActive() -> [Connection] {
    defer { active = [] }
    for connection in active { connection.isActive = false }
    return active
  }

  func markDirty(_ connection: Connection) {
    markActive(connection)
    guard !connection.isDirty else { return }
    connection.isDirty = true
    dirty.append(connection)
  }

  /// Writes once to each connection that has something to say, or may have room again; the latter goes on with the
  /// frames that waited.
  ///
  /// - Parameter all: False when some may wait for company.
  func flushDirty(all: Bool = false) {
    swap(&dirty, &flushing)
    defer { flushing.removeAll(keepingCapacity: true) }
    for connection in flushing {
      connection.isDirty = false
      guard connections[connection.token] != nil else { continue }
      if !all, waitsForCompany(connection) {
        markDirty(connection)
        continue
      }
      connection.hasOutcomes = false
      connection.waitsSince = nil
      guard connection.flush(now: now) else {
        remove(connection)
        continue
      }
      if connection.bytesWaiting == 0, connection.phase == .open { sendNewestProgress(connection) }
      guard connections[connection.token] != nil else { continue }
      if connection.bytesWaiting == 0, connection.phase == .ending {
        connection.socket.finishSending()
        connection.phase = .lingering
      }
      if connection.isHeld, connection.phase == .open, hasRoom(connection) { parse(connection) }
      watch(connection)
    }
  }

  /// Whether answers to reads, or whatever else is no outcome of the writer's, wait a little longer for such outcomes of the same
  /// connection, to go with them in one send. Sent by themselves they cost as much, and so do the calls that come back for them.
  private func waitsForCompany(_ connection: Connection) -> Bool {
    guard callsAtWriter >= Self.crowd, connection.phase == .open, !connection.isHeld, !connection.hasOutcomes,
      connection.writes > 0
    else { return false }
    let since = connection.waitsSince ?? now
    connection.waitsSince = since
    return now.nanoseconds - since.nanoseconds < Self.companyMax
  }

  /// A peer that does not read is not read from.
  private func watch(_ connection: Connection) {
    let writes = connection.bytesWaiting > 0
    let mostWaiting = connection.readsAreWatched ? limits.bytesWaitingMax : limits.bytesWaitingMax / 2
    let reads = connection.bytesWaiting <= mostWaiting && !connection.isHeld
    guard writes != connection.writesAreWatched || reads != connection.readsAreWatched else { return }
    // What could not arrive meanwhile is not late.
    if reads, !connection.readsAreWatched, connection.frameBegan != nil { connection.frameBegan = now }
    connection.writesAreWatched = writes
    connection.readsAreWatched = reads
    poller?.change(connection.socket, reads: reads, writes: writes, token: connection.token)
  }

  /// Takes no connection for a moment: without descriptors, a listener that is watched would be ready all the time.
  private func pauseListening() {
    if !isListeningPaused {
      logger.warning(
        "out of file descriptors; new connections wait", metadata: ["open": "\(connections.count)"])
    }
    isListeningPaused = true
    for listener in listeners { poller?.remove(listener) }
  }

  /// Tries again to take connections. Called ten times a second.
  func resumeListening() {
    guard isListeningPaused else { return }
    isListeningPaused = false
    watchListeners()
  }

  private func watchListeners() {
    for (position, listener) in listeners.enumerated() {
      poller?.add(listener, token: Self.firstListenerToken - UInt64(position))
    }
  }

  /// Takes no connection any more.
  func closeListeners() {
    for listener in listeners { poller?.remove(listener) }
    listeners = []
  }

  func stopHousekeeping() {
    housekeeper?.cancel()
    housekeeper = nil
    for connection in connections.values { remove(connection) }
    poller = nil
  }
}
