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

typealias AnyAnswer = Answer<any Message>

extension Answer where Response: Message {
  /// The same answer without its type, for the event loop.
  var erased: AnyAnswer {
    switch self {
    case .now(let response): .now(response)
    case .write(let work, let then): .write(work) { try then($0).erased }
    case .read(let body): .read { try body($0) }
    case .task(let body): .task { try await body() }
    case .stream(let body): .stream { send in try await body { send($0) } }
    }
  }
}

/// A method and the handler behind it.
struct Route {
  let method: MethodDescriptor
  let handle: (borrowing PayloadReader, CallContext) throws -> AnyAnswer

  init<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ handler: @escaping (Request, CallContext) throws -> Answer<Response>
  ) {
    self.method = method
    handle = { payload, context in try handler(payload.decode(Request.self), context).erased }
  }
}
