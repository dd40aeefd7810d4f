internal import Logging
internal import MeceneEngine
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
    goOn(request.callID, connection, context.deadline) {
      try handler(coder.decode(Request.self, from: request), context)
    }
  }

  /// Goes on with a call's answer, or ends the call with its failure.
  @inline(__always)
  func goOn<Response: Message>(
    _ callID: UInt64, _ connection: Connection, _ deadline: Deadline?, _ answer: () throws -> Answer<Response>
  ) {
    do {
      perform(try answer(), callID, connection, deadline)
    } catch {
      appendFailure(connection, callID, Failure(error))
    }
  }

  private func perform<Response: Message>(
    _ answer: Answer<Response>, _ callID: UInt64, _ connection: Connection, _ deadline: Deadline?
  ) {
    if case .now(let message) = answer { return appendFrame(connection, callID, more: false, message) }
    let serial = makeSerial()
    let tag = CallTag(connection: connection.token, call: callID, serial: serial)
    var call = Connection.Call(serial: serial, deadline: deadline)
    switch answer {
    case .now: return
    case .write(let work, let then):
      call.then = then
      submissions.append(Submission(work, reply: .sink(tag), deadline: deadline))
      callsAtWriter += 1
    case .read(let body):
      reads.append(
        Read(deadline: deadline) { snapshot in
          ReadAnswer(tag: tag, result: Result { try body(snapshot.get()) })
        })
    case .task(let body): call.long = begin(tag, streams: false) { try await body() }
    case .stream(let body):
      call.long = begin(tag, streams: true) { try await body { self.post(.progressed(tag, $0)) } }
    }
    connection.add(call, id: callID)
  }

  /// Begins what takes its time.
  private func begin(
    _ tag: CallTag, streams: Bool, _ body: @escaping @Sendable () async throws -> any Message
  ) -> Connection.LongCall {
    let task = Task {
      let result: Result<any Message, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      post(.answered([ReadAnswer(tag: tag, result: result)]))
    }
    return .init(task, streams: streams)
  }

  /// Ends a call that was not decided; one that was ends with its result.
  private func cancel(_ callID: UInt64, _ connection: Connection) {
    guard let call = connection.calls[callID] else { return }
    if call.then != nil {
      let tag = CallTag(connection: connection.token, call: callID, serial: call.serial)
      let waits = submissions.firstIndex { if case .sink(tag) = $0.reply { true } else { false } }
      if let waits {
        submissions.remove(at: waits)
      } else if engine?.withdraw(tag) != true {
        return
      }
      callsAtWriter -= 1
    }
    call.long?.task.cancel()
    connection.removeCall(callID)
    appendFailure(connection, callID, call.streams ? .streamCancelled : .cancelled)
  }

  /// Goes on with calls that the writer has decided.
  func complete(_ completions: [Completion]) {
    callsAtWriter -= completions.count
    var connection: Connection?
    for completion in completions {
      let tag = completion.tag
      // A commit's completions come in runs of one connection each.
      if connection?.token != tag.connection { connection = connections[tag.connection] }
      guard let connection, let call = connection.removeCall(tag.call, serial: tag.serial),
        let then = call.then
      else { continue }
      connection.hasOutcomes = true
      switch completion.result {
      case .success(let outcome): then(self, outcome, tag.call, connection, call.deadline)
      case .failure(let failure): appendFailure(connection, tag.call, Failure(failure))
      }
    }
  }

  func answer(_ tag: CallTag, _ result: Result<any Message, any Error>) {
    guard let connection = connections[tag.connection],
      let call = connection.removeCall(tag.call, serial: tag.serial)
    else { return }
    switch result {
    case .failure(let error): appendFailure(connection, tag.call, Failure(error))
    case .success(let message):
      appendFrame(connection, tag.call, more: call.streams, message)
      if call.streams { appendEnd(connection, tag.call) }
    }
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
      try coder.appendFrame(callID: callID, more: more, payload: message, to: &connection.outbound)
      markDirty(connection)
    } catch {
      appendFailure(connection, callID, Failure(.internal, "the answer is too large: \(error.sentence)"))
    }
  }

  private func appendEnd(_ connection: Connection, _ callID: UInt64) {
    coder.appendEnd(callID: callID, to: &connection.outbound)
    markDirty(connection)
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
