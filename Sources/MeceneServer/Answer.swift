internal import MeceneEngine
internal import MeceneWire

/// What a handler may know of a call besides its request.
struct CallContext: Sendable {
  /// Not executed after this; nil = no limit.
  let deadline: Deadline?
  let metadata: [Metadata]
}

/// How a handler answers: at once, or with what has to happen first.
enum Answer<Response: Sendable>: Sendable {
  case now(Response)
  /// A command for the writer, and what its outcome leads to.
  case write(Submission.Work, then: @Sendable (EngineOutcome) throws -> Answer<Response>)
  /// A short read of what is committed.
  case read(@Sendable (any LedgerReading) throws -> Response)
  /// A long read.
  case task(@Sendable () async throws -> Response)
  /// Progress, of which only the newest counts, and then the last message.
  case stream(@Sendable (@escaping @Sendable (Response) -> Void) async throws -> Response)
}
