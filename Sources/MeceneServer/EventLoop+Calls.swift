internal import Logging
internal import MeceneEngine
internal import MeceneWire

// Calls: from a frame to the one final frame that ends it.
extension EventLoop {
  func handle(_ frame: borrowing Span<UInt8>, _ connection: Connection) {
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
    // Whoever asks for the health of a daemon that drains is told so, not refused.
    guard !isDraining || head.method == healthCheck else {
      return appendFailure(connection, head.callID, .draining)
    }
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
      head.timeoutMs == 0
      ? nil
      // From the frame's arrival, however long it was held since.
      : Deadline(nanoseconds: connection.lastActivity.nanoseconds + UInt64(head.timeoutMs) * 1_000_000)
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
    let serial = makeSerial()
    let tag = CallTag(connection: connection.token, call: callID, serial: serial)
    var call = Connection.Call(serial: serial, deadline: deadline)
    switch answer {
    case .now(let message): return appendFrame(connection, callID, more: false, message)
    case .write(let work, let then):
      call.then = then
      submissions.append(Submission(work, reply: .sink(tag), deadline: deadline))
    case .read(let body):
      reads.append(
        ReadJob(deadline: deadline) { snapshot in
          self.post(.answered(tag, Result { try body(snapshot.get()) }))
        })
    case .task(let body):
      call.task = Task {
        do {
          let message = try await body()
          post(.answered(tag, .success(message)))
        } catch {
          post(.answered(tag, .failure(error)))
        }
      }
    case .stream(let body):
      call.streams = true
      call.task = Task {
        do {
          let message = try await body { self.post(.progressed(tag, $0)) }
          post(.answered(tag, .success(message)))
        } catch {
          post(.answered(tag, .failure(error)))
        }
      }
    }
    connection.add(call, id: callID)
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
    }
    call.task?.cancel()
    connection.removeCall(callID)
    appendFailure(connection, callID, call.streams ? .streamCancelled : .cancelled)
  }

  func complete(_ completion: Completion) {
    let tag = completion.tag
    guard let connection = connections[tag.connection],
      let call = connection.removeCall(tag.call, serial: tag.serial), let then = call.then
    else { return }
    do {
      perform(try then(completion.result.get()), tag.call, connection, call.deadline)
    } catch {
      appendFailure(connection, tag.call, Failure(error))
    }
  }

  func answer(_ tag: CallTag, _ result: Result<any Message, any Error>) {
    guard let connection = connections[tag.connection],
      let call = connection.removeCall(tag.call, serial: tag.serial)
    else { return }
    switch result {
    case .failure(let error): appendFailure(connection, tag.call, Failure(error))
    case .success(let message):
      if call.streams { appendFrame(connection, tag.call, more: true, message) }
      appendFrame(connection, tag.call, more: false, call.streams ? nil : message)
    }
  }

  /// Only the newest message of a stream counts: one that is not written yet gives way.
  func progress(_ tag: CallTag, _ message: any Message) {
    guard let connection = connections[tag.connection], connection.calls[tag.call]?.serial == tag.serial
    else { return }
    connection.setNewest(message, ofCall: tag.call)
    markDirty(connection)
  }

  func sendNewestProgress(_ connection: Connection) {
    for (callID, call) in connection.calls {
      guard let message = call.newest else { continue }
      connection.setNewest(nil, ofCall: callID)
      appendFrame(connection, callID, more: true, message)
    }
    if connection.bytesWaiting > 0, !connection.flush(now: now) { remove(connection) }
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
