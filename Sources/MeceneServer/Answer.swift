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

/// A method and what begins a call of it.
struct Route {
  let method: MethodDescriptor
  /// Decodes the request, asks the handler and goes on with its answer. One closure for each method, made at the start: so
  /// the types of request and response are known all the way, and no message travels in a box.
  let begin: (isolated EventLoop, borrowing PayloadReader, CallContext, Connection, UInt64) -> Void

  init<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, CallContext) throws -> Answer<Response>
  ) {
    self.method = method
    begin = { loop, payload, context, connection, callID in
      do {
        let answer = try handler(payload.decode(Request.self), context)
        loop.perform(answer, callID, connection, context.deadline)
      } catch {
        loop.appendFailure(connection, callID, Failure(error))
      }
    }
  }
}
