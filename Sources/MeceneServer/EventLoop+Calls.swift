internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

// Calls: from a frame to the one final frame that ends it.
extension EventLoop {
  /// Goes on with a call's answer, or ends the call with its failure.
  @inline(__always)
  func respond<Response: Message>(
    _ call: CallHandle, payloadBytes: Int = 0, _ answer: () throws -> Answer<Response>
  ) {
    guard let connection = connection(of: call) else { return }
    do {
      perform(try answer(), call, connection, payloadBytes)
    } catch {
      appendFailure(connection, call.id, Failure(error))
    }
  }

  func begin(_ request: borrowing IncomingRequest, _ connection: Connection) {
    let admission = Admission.of(
      Admission.Request(callID: request.callID, cancels: request.cancel, method: request.method),
      isInFlight: connection.calls.contains(request.callID), callsInFlight: connection.calls.count,
      callsMax: limits.callsMax, isDraining: phase != .serving,
      methodName: request.methodName)
    switch admission {
    case .cancels: cancel(request.callID, connection)
    case .endsConnection(let failure): end(connection, failure)
    case .refused(let failure): appendFailure(connection, request.callID, failure)
    case .begins(let method):
      // Its time runs from the frame's arrival, however long it was held since.
      let call = CallHandle(
        ticket: Ticket(caller: connection.token, call: request.callID, serial: makeSerial()),
        request: .init(arrival: connection.lastActivity, timeoutMs: request.timeoutMs, method: method))
      handlers.begin(request, CallContext(handle: call, metadata: request.metadata), self)
    }
  }

  /// The connection of a call; nil when it is gone. Calls come in runs of one connection each.
  private func connection(of call: CallHandle) -> Connection? {
    if let current, current.token == call.connection { return current }
    return connections[call.connection]
  }

  /// What a call in flight takes beside its request and its answer, in bytes.
  static let callBytes = 512
  /// What an unpacked request takes for each byte of it that came: numbers are packed.
  private static let bytesPerPayloadByte = 3

  /// What a page takes for each byte of it: it is made, it is written, and what it is written to grows ahead of it.
  static let bytesPerPageByte = 3

  private func perform<Response: Message>(
    _ answer: Answer<Response>, _ handle: CallHandle, _ connection: Connection, _ payloadBytes: Int
  ) {
    let bytes = Self.callBytes + payloadBytes * Self.bytesPerPayloadByte
    switch answer {
    case .now(let message): appendFrame(connection, handle.id, more: false, message)
    case .write(let work, let then):
      submit(Submission(work, reply: .sink(handle.ticket), deadline: handle.deadline))
      connection.add(Connection.Call.of(handle, bytes: bytes, then: then), id: handle.id)
    case .ask(let work, let then):
      var call = Connection.Call.of(handle, bytes: bytes)
      call.isRead = true
      connection.add(call, id: handle.id)
      // Only now is it a call at the writer.
      call.then = then
      let submission = Submission(work, reply: .sink(handle.ticket), deadline: handle.deadline)
      wait(WaitingRead(handle: handle, call: call, work: .ask(submission)), connection)
    case .read(let pageBytes, let question, let body):
      var call = Connection.Call.of(handle, bytes: bytes + Self.bytesPerPageByte * pageBytes)
      call.isRead = true
      connection.add(call, id: handle.id)
      let total = call.bytes
      let read = Read(question, deadline: handle.deadline) { reply in
        ReadAnswer(call: handle, bytes: total, isLong: false, result: Result { try body(reply.get()) })
      }
      if isLarge(total) {
        wait(WaitingRead(handle: handle, call: call, work: .read(read)), connection)
      } else {
        connection.begin(call)
        reads.append(read)
      }
    case .task(let pageBytes, let body):
      var call = Connection.Call.of(handle, bytes: bytes + Self.bytesPerPageByte * pageBytes)
      call.long = .init(streams: false) { try await body() }
      wait(call, handle, connection)
    case .stream(let body):
      var call = Connection.Call.of(handle, bytes: bytes)
      call.long = .init(streams: true) { try await body { self.post(.progressed(handle, $0)) } }
      wait(call, handle, connection)
    }
  }

  /// Lets a long call begin when it is its turn.
  private func wait(_ call: Connection.Call, _ handle: CallHandle, _ connection: Connection) {
    connection.add(call, id: handle.id)
    connection.longWaiting.append(handle)
    connection.noteWaiting()
    beginLongCalls(connection)
  }

  /// Begins what takes its time: few of each connection at a time, so that nobody's many keep others waiting.
  func beginLongCalls(_ connection: Connection) {
    while connection.longCalls < limits.longReadsMax, let handle = connection.longWaiting.first {
      guard let call = connection.call(handle), let long = call.long else {
        connection.longWaiting.removeFirst()
        continue
      }
      if isFullOfAnswers, longCalls > 0 { return waitForRoom(connection) }
      longCalls += 1
      connection.longWaiting.removeFirst()
      connection.begin(call)
      count(connection)
      let (bytes, body) = (call.bytes, long.body)
      long.task = runtime.task {
        let result: Result<any Message, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        self.post(.answered([ReadAnswer(call: handle, bytes: bytes, isLong: true, result: result)]))
      }
    }
  }

  /// Ends a call here. One that was begun elsewhere comes back all the same.
  func forget(_ call: Connection.Call, _ callID: UInt64, _ connection: Connection) {
    call.long?.task?.cancel()
    connection.removeCall(callID)
  }

  /// Ends a call that was not decided; one that was ends with its result.
  private func cancel(_ callID: UInt64, _ connection: Connection) {
    guard let call = connection.calls[callID] else { return }
    if call.then != nil {
      let ticket = Ticket(caller: connection.token, call: callID, serial: call.serial)
      if !takeBack(ticket), !engine.cancel(ticket) { return }
      callsAtWriter -= 1
      if call.isRead { endRead(0, isQuestion: true) }
    }
    forget(call, callID, connection)
    appendFailure(connection, callID, call.streams ? .streamCancelled : .cancelled)
  }

  /// Goes on with calls that the writer has decided.
  func complete(_ completions: [Completion]) {
    callsAtWriter -= completions.count
    var connection: Connection?
    for completion in completions {
      let ticket = completion.ticket
      // A commit's completions come in runs of one connection each.
      if connection?.token != ticket.caller {
        connection = connections[ticket.caller] ?? departed[ticket.caller]
        current = connection
      }
      guard let connection, let call = connection.removeCall(ticket.call, serial: ticket.serial),
        let then = call.then
      else { continue }
      if call.isRead { endRead(0, isQuestion: true) }
      guard connection.phase.isOpen else {
        comeBack(connection)
        continue
      }
      connection.hasOutcomes = true
      switch completion.result {
      case .success(let outcome): then(self, outcome, CallHandle(ticket: ticket, request: call.request))
      case .failure(let failure): appendFailure(connection, ticket.call, Failure(failure))
      }
    }
    current = nil
  }

  /// Goes on with a read or a long call that has come back.
  func take(_ answer: ReadAnswer) {
    if answer.isLong { longCalls -= 1 } else { endRead(answer.bytes) }
    let handle = answer.call
    guard let connection = connections[handle.connection] ?? departed[handle.connection] else { return }
    connection.end(bytes: answer.bytes, isRead: !answer.isLong, isLong: answer.isLong)
    guard connection.phase.isOpen else { return comeBack(connection) }
    markDirty(connection)
    if answer.isLong { beginLongCalls(connection) }
    guard let call = connection.removeCall(handle.id, serial: handle.serial) else { return }
    switch answer.result {
    case .failure(let error): appendFailure(connection, handle.id, Failure(error))
    case .success(let message):
      appendFrame(connection, handle.id, more: call.streams, message)
      if call.streams { appendEnd(connection, handle.id) }
    }
  }

  /// Takes note that something of a connection that has ended came back.
  private func comeBack(_ connection: Connection) {
    count(connection)
    if !connection.isOutstanding { departed[connection.token] = nil }
  }

  /// Only the newest message of a stream counts: one that is not written yet gives way.
  func progress(_ handle: CallHandle, _ message: any Message) {
    guard let connection = connections[handle.connection], let call = connection.call(handle) else { return }
    call.long?.newest = message
    markDirty(connection)
  }

  func sendNewestProgress(_ connection: Connection) {
    if connection.streams == 0 { return }
    for callID in connection.calls.all {
      guard let long = connection.calls[callID]?.long, let message = long.newest else { continue }
      long.newest = nil
      appendFrame(connection, callID, more: true, message)
    }
    if connection.bytesWaiting > 0, !connection.flush(now: now) { remove(connection) }
  }

  private func appendFrame(
    _ connection: Connection, _ callID: UInt64, more: Bool, _ message: some Message
  ) {
    do throws(WireError) {
      try connection.framing.write(message, of: callID, more: more, to: connection.outbound)
      markDirty(connection)
    } catch {
      appendFailure(connection, callID, Failure(.internal, "the answer is too large: \(error.sentence)"))
    }
  }

  private func appendEnd(_ connection: Connection, _ callID: UInt64) {
    connection.framing.writeEnd(of: callID, to: connection.outbound)
    markDirty(connection)
  }

  func appendFailure(_ connection: Connection, _ callID: UInt64, _ failure: Failure) {
    // A call that was refused leaves no other trace.
    logger.debug(
      "call refused",
      metadata: [
        "reason": "\(failure.reason)", "field": "\(failure.field)",
        "why": "\(failure.message)",
        "details": "\(failure.details.map { "\($0.key)=\($0.value)" }.joined(separator: " "))",
        "connection": "\(connection.token)",
      ])
    do throws(WireError) {
      try connection.framing.write(failure, of: callID, to: connection.outbound)
    } catch {
      logger.error("a failure can't be encoded", metadata: ["reason": "\(error.sentence)"])
    }
    markDirty(connection)
  }
}
