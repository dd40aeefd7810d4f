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
    case answered(CallTag, Result<any Message, any Error>)
    case progressed(CallTag, any Message)
  }

  /// A listener's token is its position counted down from here; connections count up from 0.
  private static let firstListenerToken = UInt64.max

  nonisolated let executor = QueueExecutor(label: "mecene.eventloop")
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  nonisolated let mailbox = Mailbox<Event>()

  let limits: Limits
  let logger: Logger
  let daemon: DaemonState
  let coder: MessageCoder
  private let methods: MethodTable
  private var engine: (any Engine)?
  private var routes: [Route] = []
  private var poller: Poller?
  private var listeners: [Listener] = []
  private(set) var connections: [UInt64: Connection] = [:]
  private var nextToken: UInt64 = 1
  private var scratch = [UInt8](repeating: 0, count: 65_536)
  private var submissions: [Submission] = []
  private var reads: [ReadJob] = []
  private var dirty: [Connection] = []
  var now = Deadline.now
  var isDraining = false
  private var housekeeper: Task<Void, Never>?

  init(limits: Limits, daemon: DaemonState, logger: Logger) {
    self.limits = limits
    self.daemon = daemon
    self.logger = logger
    coder = MessageCoder(arenaBytesMax: limits.messageMemoryMax)
    methods = MethodTable(paths: MethodDescriptor.all.map(\.path))
  }

  /// Begins to take connections.
  func start(engine: any Engine, listeners: [Listener]) throws {
    self.engine = engine
    let byPath = Dictionary(
      uniqueKeysWithValues: makeRoutes(Handlers(engine: engine, limits: limits, daemon: daemon)).map {
        ($0.method.path, $0)
      })
    routes = MethodDescriptor.all.compactMap { byPath[$0.path] }
    let poller = try Poller(queue: executor.queue) { [weak self] in
      self?.assumeIsolated { $0.turn(polls: true) }
    }
    self.poller = poller
    self.listeners = listeners
    for (position, listener) in listeners.enumerated() {
      poller.add(listener, token: Self.firstListenerToken - UInt64(position))
    }
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
    executor.queue.async { self.assumeIsolated { $0.turn(polls: false) } }
  }

  private func turn(polls: Bool) {
    now = Deadline.now
    if polls { poll() }
    repeat {
      // The loop takes the mail next; nobody need wake it until then.
      mailbox.hold()
      handOver()
      takeMail()
    } while !submissions.isEmpty || !reads.isEmpty
    flushDirty()
  }

  private func poll() {
    for event in poller?.poll() ?? [] {
      if let connection = connections[event.token] {
        if event.isReadable || event.isBroken { receive(connection) }
        if event.isWritable { markDirty(connection) }
      } else if event.token > Self.firstListenerToken - 1_024 {
        accept(listeners[Int(Self.firstListenerToken - event.token)])
      }
    }
  }

  private func handOver() {
    if !submissions.isEmpty {
      let batch = submissions
      submissions.removeAll(keepingCapacity: true)
      engine?.submit(batch)
    }
    if !reads.isEmpty {
      let batch = reads
      reads.removeAll(keepingCapacity: true)
      engine?.read(batch)
    }
  }

  private func takeMail() {
    while let events = mailbox.take() {
      for event in events {
        switch event {
        case .completions(let completions): for completion in completions { complete(completion) }
        case .answered(let tag, let result): answer(tag, result)
        case .progressed(let tag, let message): progress(tag, message)
        }
      }
    }
  }
}

// Connections.
extension EventLoop {
  private func accept(_ listener: Listener) {
    while let socket = listener.accept() {
      let connection = Connection(
        socket: socket, token: nextToken, frameBytesMax: limits.frameBytesMax, now: now)
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
      connection.decoder.append(scratch[..<count])
    }
    do throws(FrameDecoder.Problem) {
      try connection.decoder.forEachFrame { frame in
        handle(frame, connection)
        return connection.phase == .open
      }
      connection.frameBegan = connection.decoder.isInsideFrame ? (connection.frameBegan ?? now) : nil
    } catch {
      refuse(connection, error)
    }
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

  private func endAfterFlush(_ connection: Connection) {
    connection.phase = .ending
    cancelCalls(connection)
    connection.lastActivity = now
    markDirty(connection)
  }

  private func cancelCalls(_ connection: Connection) {
    for call in connection.calls.values { call.task?.cancel() }
    connection.calls = [:]
  }

  func remove(_ connection: Connection) {
    guard connections.removeValue(forKey: connection.token) != nil else { return }
    poller?.remove(connection.socket)
    cancelCalls(connection)
    daemon.connections.withLock { $0 -= 1 }
  }

  func markDirty(_ connection: Connection) {
    guard !connection.isDirty else { return }
    connection.isDirty = true
    dirty.append(connection)
  }

  /// Writes once to each connection that has something to say, or may have room again.
  func flushDirty() {
    let batch = dirty
    dirty.removeAll(keepingCapacity: true)
    for connection in batch {
      connection.isDirty = false
      guard connections[connection.token] != nil else { continue }
      guard connection.flush(now: now) else {
        remove(connection)
        continue
      }
      if connection.bytesWaiting == 0, connection.phase == .open { sendNewestProgress(connection) }
      if connection.bytesWaiting == 0, connection.phase == .ending {
        connection.socket.finishSending()
        connection.phase = .lingering
      }
      watch(connection)
    }
  }

  /// A peer that does not read is not read from.
  private func watch(_ connection: Connection) {
    let writes = connection.bytesWaiting > 0
    let mostWaiting = connection.readsAreWatched ? limits.bytesWaitingMax : limits.bytesWaitingMax / 2
    let reads = connection.bytesWaiting <= mostWaiting
    guard writes != connection.writesAreWatched || reads != connection.readsAreWatched else { return }
    connection.writesAreWatched = writes
    connection.readsAreWatched = reads
    poller?.change(connection.socket, reads: reads, writes: writes, token: connection.token)
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

// Calls.
extension EventLoop {
  private func handle(_ frame: borrowing Span<UInt8>, _ connection: Connection) {
    do throws(WireError) {
      try coder.withRequest(in: frame, methods: methods) { head, payload throws(WireError) in
        begin(head, payload, connection)
      }
    } catch {
      end(connection, Failure(.malformedFrame, "a frame is no request: \(error.sentence)"))
    }
  }

  private func begin(_ head: RequestHead, _ payload: borrowing PayloadReader, _ connection: Connection) {
    if head.cancel { return cancel(head.callID, connection) }
    guard head.callID != 0, connection.calls[head.callID] == nil else {
      let problem = head.callID == 0 ? "0" : "\(head.callID), which is in flight,"
      return end(connection, Failure(.invalidCallID, "the call id \(problem) can't be used for a new call"))
    }
    guard !isDraining else { return appendFailure(connection, head.callID, .draining) }
    guard connection.calls.count < limits.callsMax else {
      return appendFailure(
        connection, head.callID,
        Failure(
          .tooManyCalls, "there are \(limits.callsMax) calls in flight on this connection; no more are taken",
          notExecuted: true, retryAfterMs: 10,
          details: [Detail(key: "calls_max", value: "\(limits.callsMax)")]))
    }
    guard let method = head.method else {
      return appendFailure(
        connection, head.callID,
        Failure(.methodUnknown, "there is no method \(head.unknownMethod.prefix(200))", notExecuted: true))
    }
    let deadline =
      head.timeoutMs == 0 ? nil : Deadline(nanoseconds: now.nanoseconds + UInt64(head.timeoutMs) * 1_000_000)
    do {
      let answer = try routes[method].handle(
        payload, CallContext(deadline: deadline, metadata: head.metadata))
      perform(answer, head.callID, connection, deadline)
    } catch {
      appendFailure(connection, head.callID, Failure(error))
    }
  }

  private func perform(_ answer: AnyAnswer, _ callID: UInt64, _ connection: Connection, _ deadline: Deadline?)
  {
    let tag = CallTag(connection: connection.token, call: callID)
    switch answer {
    case .now(let message): appendAnswer(connection, callID, message)
    case .write(let work, let then):
      connection.calls[callID] = Connection.Call(deadline: deadline, then: then)
      submissions.append(Submission(work, reply: .sink(tag), deadline: deadline))
    case .read(let body):
      connection.calls[callID] = Connection.Call(deadline: deadline)
      reads.append(
        ReadJob(deadline: deadline) { snapshot in
          self.post(.answered(tag, Result { try body(snapshot.get()) }))
        })
    case .task(let body):
      let task = Task {
        do {
          let message = try await body()
          post(.answered(tag, .success(message)))
        } catch {
          post(.answered(tag, .failure(error)))
        }
      }
      connection.calls[callID] = Connection.Call(deadline: deadline, task: task)
    case .stream(let body):
      let task = Task {
        do {
          let message = try await body { self.post(.progressed(tag, $0)) }
          post(.answered(tag, .success(message)))
        } catch {
          post(.answered(tag, .failure(error)))
        }
      }
      connection.calls[callID] = Connection.Call(deadline: deadline, task: task, streams: true)
    }
  }

  /// Ends a call that was not decided; one that was ends with its result.
  private func cancel(_ callID: UInt64, _ connection: Connection) {
    guard let call = connection.calls[callID] else { return }
    if call.then != nil {
      let tag = CallTag(connection: connection.token, call: callID)
      let waits = submissions.firstIndex { if case .sink(tag) = $0.reply { true } else { false } }
      if let waits {
        submissions.remove(at: waits)
      } else if engine?.withdraw(tag) != true {
        return
      }
    }
    call.task?.cancel()
    connection.calls[callID] = nil
    appendFailure(connection, callID, .cancelled)
  }

  private func complete(_ completion: Completion) {
    guard let connection = connections[completion.tag.connection],
      let call = connection.calls.removeValue(forKey: completion.tag.call), let then = call.then
    else { return }
    do {
      perform(try then(completion.result.get()), completion.tag.call, connection, call.deadline)
    } catch {
      appendFailure(connection, completion.tag.call, Failure(error))
    }
  }

  private func answer(_ tag: CallTag, _ result: Result<any Message, any Error>) {
    guard let connection = connections[tag.connection],
      let call = connection.calls.removeValue(forKey: tag.call)
    else { return }
    switch result {
    case .failure(let error): appendFailure(connection, tag.call, Failure(error))
    case .success(let message):
      if call.streams { appendFrame(connection, tag.call, more: true, message) }
      appendFrame(connection, tag.call, more: false, call.streams ? nil : message)
    }
  }

  /// Only the newest message of a stream counts: one that is not written yet gives way.
  private func progress(_ tag: CallTag, _ message: any Message) {
    guard let connection = connections[tag.connection], connection.calls[tag.call] != nil else { return }
    connection.calls[tag.call]?.newest = message
    markDirty(connection)
  }

  private func sendNewestProgress(_ connection: Connection) {
    for (callID, call) in connection.calls {
      guard let message = call.newest else { continue }
      connection.calls[callID]?.newest = nil
      appendFrame(connection, callID, more: true, message)
    }
    if connection.bytesWaiting > 0, !connection.flush(now: now) { remove(connection) }
  }

  private func appendAnswer(_ connection: Connection, _ callID: UInt64, _ message: any Message) {
    appendFrame(connection, callID, more: false, message)
  }

  private func appendFrame(_ connection: Connection, _ callID: UInt64, more: Bool, _ message: (any Message)?)
  {
    do throws(WireError) {
      try coder.appendFrame(callID: callID, more: more, payload: message, to: &connection.outbound)
      markDirty(connection)
    } catch {
      appendFailure(connection, callID, Failure(.internal, "the answer is too large: \(error.sentence)"))
    }
  }

  func appendFailure(_ connection: Connection, _ callID: UInt64, _ failure: Failure) {
    do throws(WireError) {
      try coder.appendFrame(
        callID: callID, status: failure.status, failure: failure, to: &connection.outbound)
    } catch {
      logger.error("a failure can't be encoded", metadata: ["reason": "\(error.sentence)"])
    }
    markDirty(connection)
  }
}
