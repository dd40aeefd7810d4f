internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneLedger
internal import MeceneWire

/// What a handler may know of a call besides its request.
struct CallContext: Sendable {
  let handle: CallHandle
  let metadata: [Metadata]

  /// When its request had arrived.
  var arrival: Deadline { handle.arrival }
}

/// Runs after the writer has decided a call.
typealias Continuation = @Sendable (isolated EventLoop, Outcome, CallHandle) -> Void

extension Handlers {
  /// Unpacks the request, and asks the handler. It is compiled for each method: so the types of request and response are known
  /// all the way, and no message travels in a box.
  @inline(__always)
  func serve<Request: Message, Response: Message>(
    _ request: borrowing IncomingRequest, _ call: CallContext, _ loop: isolated EventLoop,
    _ handler: (Request, CallContext) throws -> Answer<Response>
  ) {
    loop.respond(call.handle, payloadBytes: request.payloadBytes) {
      try handler(loop.coder.decode(Request.self, from: request), call)
    }
  }
}

/// How a handler answers: at once, or with what has to happen first.
enum Answer<Response: Message>: Sendable {
  case now(Response)
  /// A command for the writer, and what its outcome leads to.
  case write(Submission.Work, Continuation)
  /// A question for the writer, and what its outcome leads to.
  case ask(Submission.Work, Continuation)
  /// A question about what is committed, with the most bytes that its answer may have, and what its reply leads to.
  case read(bytes: Int, Question, @Sendable (Reply) throws -> Response)
  /// A long read, with the most bytes that its answer may have.
  case task(bytes: Int, @Sendable () async throws -> Response)
  /// Progress, of which only the newest counts, and then the last message.
  case stream(@Sendable (@escaping @Sendable (Response) -> Void) async throws -> Response)
}

extension Answer {
  /// A command for the writer, and the answer that follows from its outcome.
  ///
  /// It is compiled into each handler: a closure that captures nothing, as most do, stays one, and nothing is allocated for
  /// a click on its way to the writer.
  @inline(__always)
  static func write(
    _ work: Submission.Work, then: @escaping @Sendable (Outcome) throws -> Answer<Response>
  ) -> Answer<Response> {
    .write(work) { loop, outcome, call in
      loop.respond(call) { try then(outcome) }
    }
  }

  /// A question about what is committed, and the answer that follows from it.
  static func read<Found>(
    bytes: Int, _ query: Query<Found>, then: @escaping @Sendable (Found) throws -> Response
  ) -> Answer<Response> {
    let answer = query.answer
    return .read(bytes: bytes, query.question) { try then(answer($0)) }
  }

  /// A question for the writer, and the answer that follows from its outcome.
  static func ask(
    _ work: Submission.Work, then: @escaping @Sendable (Outcome) throws -> Answer<Response>
  ) -> Answer<Response> {
    .ask(work) { loop, outcome, call in
      loop.respond(call) { try then(outcome) }
    }
  }
}
