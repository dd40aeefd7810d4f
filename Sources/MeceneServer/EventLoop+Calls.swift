internal import Logging
internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

// Calls: from a frame to the one final frame that ends it.
extension EventLoop {
  func handle(_ frame: borrowing Span<UInt8>, _ connection: Connection) {
    do throws(WireError) {
      try coder.withRequest(in: frame, methods: methods) { request in begin(request, connection) }
    } catch {
      end(connection, Failure(.malformedFrame, "a frame is no request: \(error.sentence)"))
    }
  }

  private func begin(_ request: borrowing IncomingRequest, _ connection: Connection) {
    if request.cancel { return cancel(request.callID, connection) }
    guard request.callID != 0, !connection.calls.contains(request.callID) else {
      let problem = request.callID == 0 ? "0" : "\(request.callID), which is in flight,"
      return end(connection, Failure(.invalidCallID, "the call id \(problem) can't be used for a new call"))
    }
    // Whoever asks for the health of a daemon that drains is told so, not refused.
    guard !isDraining || request.method == .healthCheck else {
      return appendFailure(connection, request.callID, .draining)
    }
    guard connection.calls.count < limits.callsMax else {
      return appendFailure(
        connection, request.callID,
        Failure(
          .tooManyCalls, "there are \(limits.callsMax) calls in flight on this connection; no more are taken",
          notExecuted: true, retryAfterMs: 10,
          details: [Detail(key: "calls_max", value: "\(limits.callsMax)")]))
    }
    guard let handlers, let method = request.method else {
      return appendFailure(
        connection, request.callID,
        Failure(.methodUnknown, "there is no method \(request.methodName.prefix(200))", notExecuted: true))
    }
    let deadline =
      request.timeoutMs == 0
      ? nil
      // From the frame's arrival, however long it was held since.
      : Deadline(nanoseconds: connection.lastActivity.nanoseconds + UInt64(request.timeoutMs) * 1_000_000)
    begin(method, request, connection, CallContext(deadline: deadline, metadata: request.metadata), handlers)
  }

  /// Unpacks the request, asks the handler and goes on with its answer. It is compiled for each method: so the types of
  /// request and response are known all the way, and no message travels in a box.
  @inline(__always)
  func serve<Request: Message, Response: Message>(
    _ request: borrowing IncomingRequest, _ connection: Connection, _ context: CallContext,
    _ handler: (Request, CallContext) throws -> Answer<Response>
  ) {
    goOn(request.callID, connection, context.deadline, payloadBytes: request.payloadBytes) {
      try handler(coder.decode(Request.self, from: request), context)
    }
  }

  /// Goes on with a call's answer, or ends the call with its failure.
  @inline(__always)
  func goOn<Response: Message>(
    _ callID: UInt64, _ connection: Connection, _ deadline: Deadline?, payloadBytes: Int = 0,
    _ answer: () throws -> Answer<Response>
  ) {
    do {
      perform(try answer(), callID, connection, deadline, payloadBytes)
    } catch {
      appendFailure(connection, callID, Failure(error))
    }
  }

  /// What a call in flight takes beside its request and its answer, in bytes.
  static let callBytes = 512
  /// What an unpacked request takes for each byte of it that came: numbers are packed.
  private static let bytesPerPayloadByte = 3

  /// What a page takes for each byte of it: it is made, it is written, and what it is written to grows ahead of it.
  static let bytesPerPageByte = 3

  private func perform<Response: Message>(
    _ answer: Answer<Response>, _ callID: UInt64, _ connection: Connection, _ deadline: Deadline?,
    _ payloadBytes: Int
  ) {
    if case .now(let message) = answer { return appendFrame(connection, callID, more: false, message) }
    let serial = makeSerial()
    let tag = CallTag(connection: connection.token, call: callID, serial: serial)
    var call = Connection.Call(
      serial: serial, deadline: deadline, bytes: Self.callBytes + payloadBytes * Self.bytesPerPayloadByte)
    switch answer {
    case .now: return
    case .write(let work, let then):
      call.then = then
      submit(work, tag, call, connection)
    case .ask(let work, let then):
      call.isRead = true
      connection.add(call, id: callID)
      // Only now is it a call at the writer.
      call.then = then
      let submission = Submission(work, reply: .sink(tag), deadline: deadline)
      wait(WaitingRead(tag: tag, call: call, work: .ask(submission)), connection)
    case .read(let bytes, let body):
      call.bytes += Self.bytesPerPageByte * bytes
      call.isRead = true
      connection.add(call, id: callID)
      let total = call.bytes
      let read = Read(deadline: deadline) { snapshot in
        ReadAnswer(
          tag: tag, bytes: total, isLong: false, result: Result { try body(snapshot.get()) })
      }
      if isLarge(total) {
        wait(WaitingRead(tag: tag, call: call, work: .read(read)), connection)
      } else {
        connection.begin(call)
        reads.append(read)
      }
    case .task(let bytes, let body):
      call.bytes += Self.bytesPerPageByte * bytes
      call.long = .init(streams: false) { try await body() }
      wait(call, callID, connection)
    case .stream(let body):
      call.long = .init(streams: true) { try await body { self.post(.progressed(tag, $0)) } }
      wait(call, callID, connection)
    }
  }

  private func submit(
    _ work: Submission.Work, _ tag: CallTag, _ call: Connection.Call, _ connection: Connection
  ) {
    submissions.append(Submission(work, reply: .sink(tag), deadline: call.deadline))
    callsAtWriter += 1
    connection.add(call, id: tag.call)
  }

  /// Lets a long call begin when it is its turn.
  private func wait(_ call: Connection.Call, _ callID: UInt64, _ connection: Connection) {
    connection.add(call, id: callID)
    connection.longWaiting.append((callID, call.serial))
    connection.noteWaiting()
    beginLongCalls(connection)
  }

  /// Begins what takes its time: few of each connection at a time, so that nobody's many keep others waiting.
  func beginLongCalls(_ connection: Connection) {
    while connection.longCalls < limits.longReadsMax, let (id, serial) = connection.longWaiting.first {
      guard let call = connection.calls[id], call.serial == serial, let long = call.long else {
        connection.longWaiting.removeFirst()
        continue
      }
      if isFullOfAnswers, longCalls > 0 { return waitForRoom(connection) }
      longCalls += 1
      connection.longWaiting.removeFirst()
      connection.begin(call)
      count(connection)
      let tag = CallTag(connection: connection.token, call: id, serial: serial)
      long.task = Task {
        let result: Result<any Message, any Error>
        do { result = .success(try await long.body()) } catch { result = .failure(error) }
        post(.answered([ReadAnswer(tag: tag, bytes: call.bytes, isLong: true, result: result)]))
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
      let tag = CallTag(connection: connection.token, call: callID, serial: call.serial)
      let waits = submissions.firstIndex { if case .sink(tag) = $0.reply { true } else { false } }
      if let waits {
        submissions.remove(at: waits)
      } else if engine?.cancel(tag) != true {
        return
      }
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
      let tag = completion.tag
      // A commit's completions come in runs of one connection each.
      if connection?.token != tag.connection {
        connection = connections[tag.connection] ?? departed[tag.connection]
      }
      guard let connection, let call = connection.removeCall(tag.call, serial: tag.serial),
        let then = call.then
      else { continue }
      if call.isRead { endRead(0, isQuestion: true) }
      guard connection.phase == .open else {
        comeBack(connection)
        continue
      }
      connection.hasOutcomes = true
      switch completion.result {
      case .success(let outcome): then(self, outcome, tag.call, connection, call.deadline)
      case .failure(let failure): appendFailure(connection, tag.call, Failure(failure))
      }
    }
  }

  /// Goes on with a read or a long call that has come back.
  func take(_ answer: ReadAnswer) {
    if answer.isLong { longCalls -= 1 } else { endRead(answer.bytes) }
    let tag = answer.tag
    guard let connection = connections[tag.connection] ?? departed[tag.connection] else { return }
    connection.end(bytes: answer.bytes, isRead: !answer.isLong, isLong: answer.isLong)
    guard connection.phase == .open else { return comeBack(connection) }
    markDirty(connection)
    if answer.isLong { beginLongCalls(connection) }
    guard let call = connection.removeCall(tag.call, serial: tag.serial) else { return }
    switch answer.result {
    case .failure(let error): appendFailure(connection, tag.call, Failure(error))
    case .success(let message):
      appendFrame(connection, tag.call, more: call.streams, message)
      if call.streams { appendEnd(connection, tag.call) }
    }
  }

  /// Takes note that something of a connection that has ended came back.
  private func comeBack(_ connection: Connection) {
    count(connection)
    if !connection.isOutstanding { departed[connection.token] = nil }
  }

  /// Only the newest message of a stream counts: one that is not written yet gives way.
  func progress(_ tag: CallTag, _ message: any Message) {
    guard let connection = connections[tag.connection], let call = connection.calls[tag.call],
      call.serial == tag.serial
    else { return }
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
      var bytes = connection.outbound.take()
      defer { connection.outbound.put(bytes) }
      try coder.appendFrame(callID: callID, more: more, payload: message, to: &bytes)
      markDirty(connection)
    } catch {
      appendFailure(connection, callID, Failure(.internal, "the answer is too large: \(error.sentence)"))
    }
  }

  private func appendEnd(_ connection: Connection, _ callID: UInt64) {
    var bytes = connection.outbound.take()
    coder.appendEnd(callID: callID, to: &bytes)
    connection.outbound.put(bytes)
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
      var bytes = connection.outbound.take()
      defer { connection.outbound.put(bytes) }
      try coder.appendFrame(callID: callID, status: failure.status, failure: failure, to: &bytes)
    } catch {
      logger.error("a failure can't be encoded", metadata: ["reason": "\(error.sentence)"])
    }
    markDirty(connection)
  }
}
