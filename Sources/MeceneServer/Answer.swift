internal import MeceneEngine
internal import MeceneLedger
internal import MeceneWire

/// What a handler may know of a call besides its request.
struct CallContext: Sendable {
  /// Not executed after this; nil = no limit.
  let deadline: Deadline?
  let metadata: [Metadata]
}

/// Goes on with a call when the writer has decided it: call id, connection and deadline are the call's.
typealias Continuation = @Sendable (isolated EventLoop, Outcome, UInt64, Connection, Deadline?) -> Void

/// How a handler answers: at once, or with what has to happen first.
enum Answer<Response: Message>: Sendable {
  case now(Response)
  /// A command for the writer, and what its outcome leads to.
  case write(Submission.Work, Continuation)
  /// A question for the writer, and what its outcome leads to.
  case ask(Submission.Work, Continuation)
  /// A short read of what is committed, with the most bytes that its answer may have.
  case read(bytes: Int, @Sendable (any LedgerReading) throws -> Response)
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
    .write(work) { loop, outcome, callID, connection, deadline in
      loop.goOn(callID, connection, deadline) { try then(outcome) }
    }
  }

  /// The same for a question.
  static func ask(
    _ work: Submission.Work, then: @escaping @Sendable (Outcome) throws -> Answer<Response>
  ) -> Answer<Response> {
    .ask(work) { loop, outcome, callID, connection, deadline in
      loop.goOn(callID, connection, deadline) { try then(outcome) }
    }
  }
}
