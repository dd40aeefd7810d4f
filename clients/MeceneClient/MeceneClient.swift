internal import MeceneConcurrency
internal import MeceneTransport
internal import MeceneWire

/// A connection to a Mecene daemon that any number of tasks can share.
///
/// It connects with the first call and again when the connection was idle, drained or lost. A call is sent again, up to
/// four times in all and within its timeout, when the daemon says that it was not executed; after a lost connection
/// only if it reads, is idempotent, or carries a key. Keys are made once and kept over attempts.
public final class MeceneClient: Sendable {
  /// Where a daemon listens unless told otherwise.
  public static let defaultAddress = "tcp://127.0.0.1:7437"

  private static let attemptsMax = 4
  private let session: Session
  /// How calls are made that have no options of their own.
  public let options: CallOptions

  /// Connects with the first call.
  ///
  /// - Parameters:
  ///   - address: `tcp://HOST:PORT` or `unix:PATH`.
  ///   - options: How calls are made that have no options of their own.
  /// - Throws: `MeceneError` with the reason `invalidAddress` that says what is wrong with the address.
  public init(address: String = defaultAddress, options: CallOptions = CallOptions()) throws {
    do {
      session = Session(address: try Address(parsing: address))
    } catch {
      throw MeceneError(.invalidAddress, "\(error)", notExecuted: true)
    }
    self.options = options
  }

  /// Ends the connection. Calls in flight fail; nothing waits.
  public func close() async { await session.close() }

  /// A key that nobody else has: 32 hexadecimal digits.
  public static func makeKey() -> String {
    var random = SystemRandomNumberGenerator()
    let digits = String(UInt64.random(in: .min ... .max, using: &random), radix: 16)
    let more = String(UInt64.random(in: .min ... .max, using: &random), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
      + String(repeating: "0", count: 16 - more.count) + more
  }
}

/// Opens a client for the duration of `body`, and closes it whatever happens. `body` runs where the caller does, in an actor too.
///
/// - Parameters:
///   - address: `tcp://HOST:PORT` or `unix:PATH`.
///   - options: How calls are made that have no options of their own.
///   - body: What is done with the client.
/// - Returns: What `body` returned.
/// - Throws: What `body` threw, and `MeceneError` when the address is none.
public func withMeceneClient<Result>(
  _ address: String = MeceneClient.defaultAddress, options: CallOptions = CallOptions(),
  isolation: isolated (any Actor)? = #isolation,
  _ body: (MeceneClient) async throws -> Result
) async throws -> Result {
  let client = try MeceneClient(address: address, options: options)
  do {
    let result = try await body(client)
    await client.close()
    return result
  } catch {
    await client.close()
    throw error
  }
}

// What the generated stubs call.
extension MeceneClient {
  func unary<Request: Message, Response: Message>(
    _ method: Method, _ request: Request, _ options: CallOptions?
  ) async throws -> Response {
    let options = options ?? self.options
    return try await repeating(method, request, options) { request, deadline in
      try await session.unary(method, request, deadline: deadline, metadata: options.metadata)
    }
  }

  func stream<Request: Message, Response: Message>(
    _ method: Method, _ request: Request, _ options: CallOptions?
  ) -> AsyncThrowingStream<Response, any Error> {
    let options = options ?? self.options
    // Only the newest messages count: a slow reader misses progress, never the last message.
    return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
      let task = Task {
        do {
          // A stream that begins anew tells the newest again, which is what it is for.
          try await repeating(method, request, options) { request, deadline in
            try await session.stream(method, request, deadline: deadline, metadata: options.metadata) {
              continuation.yield($0)
            }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// Makes a call, and makes it again while that is safe and there is time.
  private func repeating<Request: Message, Result>(
    _ method: Method, _ request: Request, _ options: CallOptions,
    attemptsMade: Int = 0, _ attempt: (Request, ContinuousClock.Instant) async throws -> Result
  ) async throws -> Result {
    let start = ContinuousClock.now
    let deadline = start + options.timeout
    var request = withKey(request)
    var attempts = attemptsMade + 1
    // Whether an attempt may have been executed: no later error says then that nothing was done.
    var isInDoubt = false
    var absent: MeceneError?
    while true {
      do {
        return try await attempt(request, deadline)
      } catch let latest as MeceneError {
        if latest.reason == .connectFailed { absent = latest }
        // A call whose time ran out before it was sent tells what it waited for.
        let ranOut = latest.reason == .deadlineExceeded && latest.notExecuted
        let error = ranOut ? absent ?? latest : latest
        isInDoubt = isInDoubt || error.leavesDoubt && method.idempotency != .noSideEffects
        let key = (request as? any KeyedRequest)?.key
        let verdict =
          isInDoubt && !(key != nil && error.isAnswer) ? MeceneError(error, inDoubtWithKey: key) : error
        let delay = backoff(attempts, error)
        // What is in doubt is asked for until the daemon is back.
        let waits = isInDoubt ? true : await waitsForReady(options)
        guard repeats(error, method, request, attempts, waits: waits),
          ContinuousClock.now + delay < deadline, await session.wait(delay)
        else { throw verdict }
        if error.reason != .connectFailed || !waits { attempts += 1 }
        if !error.notExecuted {
          // Without the name of its period a click can't be repeated, and stays in doubt.
          guard let named = try? await naming(request, since: start, deadline: deadline, options) else {
            throw verdict
          }
          request = named
        }
      }
    }
  }

  private func withKey<Request: Message>(_ request: Request) -> Request {
    guard var keyed = request as? any KeyedRequest, keyed.key.isEmpty else { return request }
    keyed.key = Self.makeKey()
    return keyed as? Request ?? request
  }

  /// Whether sending again can do good and can do no harm.
  private func repeats(
    _ error: MeceneError, _ method: Method, _ request: any Message, _ attempt: Int, waits: Bool
  ) -> Bool {
    if error.reason == .connectFailed, waits { return true }
    guard attempt < Self.attemptsMax else { return false }
    // The first attempt tells whether there is a daemon at all; later ones may meet it restarting.
    if error.reason == .connectFailed { return attempt > 1 }
    return error.reason.isTransient
      && (error.notExecuted || method.idempotency != .unknown || request is any KeyedRequest)
  }

  private func waitsForReady(_ options: CallOptions) async -> Bool {
    switch options.waitsForReady {
    case .never: false
    case .onceConnected: await session.hasBeenConnected
    case .always: true
    }
  }

  /// 50, 100, 200 ms and so on, each between half and all of it, or what the daemon advises if that is more.
  private func backoff(_ attempt: Int, _ error: MeceneError) -> Duration {
    let most = 50 << min(attempt - 1, 5)
    let jittered = Int.random(in: most / 2...most)
    return .milliseconds(max(jittered, Int(error.retryAfterMs)))
  }

  /// A click that may have been done is repeated for the period of its first attempt, so that it can't be done
  /// again in the next. The daemon's clock tells which that was.
  private func naming<Request: Message>(
    _ request: Request, since start: ContinuousClock.Instant, deadline: ContinuousClock.Instant,
    _ options: CallOptions
  ) async throws -> Request {
    guard var named = request as? any OpenPeriodRequest, named.period.isEmpty else { return request }
    var asking = options
    asking.timeout = deadline - .now
    // The daemon was there a moment ago, so it is waited for as by any attempt but the first.
    let status: GetStatusResponse = try await repeating(
      .daemonServiceGetStatus, GetStatusRequest(), asking, attemptsMade: 1
    ) { request, deadline in
      try await session.unary(
        .daemonServiceGetStatus, request, deadline: deadline, metadata: options.metadata)
    }
    let elapsed = (ContinuousClock.now - start).components
    let elapsedMs = elapsed.seconds * 1_000 + elapsed.attoseconds / 1_000_000_000_000_000
    named.period =
      status.simulatedClock ? status.openPeriod : UTCMonth.name(ofMilliseconds: status.nowMs - elapsedMs)
    return named as? Request ?? request
  }
}
