internal import Dispatch
internal import MeceneConcurrency
internal import MeceneTransport
internal import MeceneWire

/// A client's connections: at most one takes new calls; those that drain finish theirs.
actor Session {
  private static let memoryBytesMax = 64 << 20
  private static let frameBytesMax = 16 << 20 - 1
  /// How often timeouts are looked at, in milliseconds.
  private static let tickMs = 10

  nonisolated let executor = QueueExecutor(label: "mecene.client")
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let address: Address
  private let coder = MessageCoder(arenaBytesMax: memoryBytesMax, toleratesUnknownEnums: true)
  private nonisolated let lastCallID = Locked<UInt64>(0)
  private var links: [Int: Link] = [:]
  private var nextLink = 0
  private var phase = SessionPhase.idle
  /// Whether a daemon has ever answered at the address.
  private(set) var hasBeenConnected = false
  private var ticks = false

  /// One connection.
  private final class Link {
    let number: Int
    var channel: Channel?
    var decoder = FrameDecoder(frameBytesMax: Session.frameBytesMax)
    var state = LinkState.connecting
    var calls: [UInt64: Call] = [:]

    init(number: Int) { self.number = number }
  }

  private struct Call {
    let deadline: ContinuousClock.Instant
    let frameBytes: Int
    /// Takes a message of a stream; throws when it can't be read.
    let receive: ([UInt8]) throws -> Void
    let end: (Result<[UInt8], any Error>) -> Void
  }

  init(address: Address) { self.address = address }

  /// The connection that takes new calls.
  private var current: Link? { phase.current.flatMap { links[$0] } }

  /// Makes one attempt at a call.
  func unary<Request: Message, Response: Message>(
    _ method: Method, _ request: Request, deadline: ContinuousClock.Instant,
    metadata: [(key: String, value: [UInt8])]
  ) async throws -> Response {
    let payload = try encode(request)
    let callID = makeCallID()
    let bytes: [UInt8] = try await withTaskCancellationHandler {
      try Task.checkCancellation()
      return try await withCheckedThrowingContinuation { continuation in
        begin(
          callID, method, payload, deadline, metadata, receive: { _ in },
          end: { continuation.resume(with: $0) })
      }
    } onCancel: {
      Task { await self.cancel(callID) }
    }
    return try decode(bytes)
  }

  /// Makes a streaming call and hands each message to `receive`.
  func stream<Request: Message, Response: Message>(
    _ method: Method, _ request: Request, deadline: ContinuousClock.Instant,
    metadata: [(key: String, value: [UInt8])],
    receive: @escaping @Sendable (Response) -> Void
  ) async throws {
    let payload = try encode(request)
    let callID = makeCallID()
    try await withTaskCancellationHandler {
      try Task.checkCancellation()
      let _: Void = try await withCheckedThrowingContinuation { continuation in
        begin(
          callID, method, payload, deadline, metadata,
          receive: { bytes in receive(try self.decode(bytes)) },
          end: { continuation.resume(with: $0.map { _ in }) })
      }
    } onCancel: {
      Task { await self.cancel(callID) }
    }
  }

  /// Waits before another attempt.
  ///
  /// - Returns: False when the client was closed or the task cancelled meanwhile.
  func wait(_ delay: Duration) async -> Bool {
    let end = ContinuousClock.now + delay
    while !phase.isClosed, !Task.isCancelled, ContinuousClock.now < end {
      try? await Task.sleep(for: min(end - .now, .milliseconds(20)))
    }
    return !phase.isClosed && !Task.isCancelled
  }

  /// Ends all connections. Calls in flight fail.
  func close() {
    guard phase.close() else { return }
    for link in links.values { link.channel?.close("the client was closed") }
  }

  private nonisolated func makeCallID() -> UInt64 {
    lastCallID.withLock { last in
      last += 1
      return last
    }
  }

  private func encode(_ request: some Message) throws -> [UInt8] {
    do throws(WireError) {
      return try coder.encode(request)
    } catch {
      let reason: Reason = if case .malformed = error { .malformedPayload } else { .messageTooLarge }
      throw MeceneError(reason, "the request can't be sent: \(error.sentence)", notExecuted: true)
    }
  }

  private func decode<Response: Message>(_ bytes: [UInt8]) throws -> Response {
    do throws(WireError) {
      return try coder.decode(Response.self, from: bytes)
    } catch {
      throw MeceneError(.internal, "the answer of \(address) can't be read: \(error.sentence)")
    }
  }
}

// Calls.
extension Session {
  private func begin(
    _ callID: UInt64, _ method: Method, _ payload: [UInt8], _ deadline: ContinuousClock.Instant,
    _ metadata: [(key: String, value: [UInt8])], receive: @escaping ([UInt8]) throws -> Void,
    end: @escaping (Result<[UInt8], any Error>) -> Void
  ) {
    guard !phase.isClosed else {
      return end(.failure(MeceneError(.cancelled, "the client was closed", notExecuted: true)))
    }
    let left = (deadline - ContinuousClock.now).components
    let leftMs = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000
    guard leftMs > 0 else {
      let error = MeceneError(
        .deadlineExceeded, "the call's time ran out before it was sent", notExecuted: true)
      return end(.failure(error))
    }
    do {
      let link = try current ?? connect()
      var frame: [UInt8] = []
      try coder.appendFrame(
        Request(
          callID: callID, method: method.path, timeoutMs: UInt32(clamping: leftMs),
          metadata: metadata.map { Metadata(key: $0.key, value: $0.value) }, payload: payload), to: &frame)
      link.calls[callID] = Call(
        deadline: deadline, frameBytes: frame.count - 4, receive: receive, end: end)
      link.channel?.send(frame)
      startTicking()
    } catch {
      end(.failure(error))
    }
  }

  private func cancel(_ callID: UInt64) {
    guard let link = links.values.first(where: { $0.calls[callID] != nil }) else { return }
    sendCancel(callID, link)
    finish(callID, link, .failure(CancellationError()))
  }

  private func sendCancel(_ callID: UInt64, _ link: Link) {
    var frame: [UInt8] = []
    if (try? coder.appendFrame(Request(callID: callID, cancel: true), to: &frame)) != nil {
      link.channel?.send(frame)
    }
  }

  private func finish(_ callID: UInt64, _ link: Link, _ result: Result<[UInt8], any Error>) {
    link.calls.removeValue(forKey: callID)?.end(result)
    if link.calls.isEmpty, link !== current { link.channel?.close("all calls are answered") }
  }

  /// Looks at timeouts while there are calls.
  private func startTicking() {
    guard !ticks else { return }
    ticks = true
    executor.queue.asyncAfter(deadline: .now() + .milliseconds(Self.tickMs)) { [weak self] in
      self?.assumeIsolated { $0.tick() }
    }
  }

  private func tick() {
    ticks = false
    let now = ContinuousClock.now
    for link in links.values {
      for (callID, call) in link.calls where call.deadline <= now {
        // In order behind the call, also when neither has been sent yet.
        sendCancel(callID, link)
        let cause =
          !link.state.isConnected
          ? "it does not take the connection"
          : hasBeenConnected
            ? "it is connected but does not answer"
            : "it is connected but does not answer; is it a Mecene daemon?"
        finish(
          callID, link,
          .failure(
            MeceneError(
              .deadlineExceeded, "the call's time ran out", cause: "\(address): \(cause)")))
      }
      // Nobody has answered in time: the next call tries afresh.
      if !link.state.isConnected, link.calls.isEmpty { link.channel?.close("connecting took too long") }
    }
    if links.values.contains(where: { !$0.calls.isEmpty }) { startTicking() }
  }
}

// Connections.
extension Session {
  private func connect() throws -> Link {
    let link = Link(number: nextLink)
    let number = nextLink
    nextLink += 1
    let channel = Channel(to: address, queue: executor.queue) { [weak self] event in
      self?.assumeIsolated { $0.happened(event, on: number) }
    }
    link.channel = channel
    links[number] = link
    phase.connect(number)
    channel.start { [weak self] act in
      self?.assumeIsolated { session in
        if let channel = session.links[number]?.channel { act(channel) }
      }
    }
    // A Unix socket without a daemon fails at once.
    if case .closed(_, let reason) = link.state { throw LinkState.noDaemon(at: address, reason) }
    return link
  }

  private func happened(_ event: Channel.Event, on number: Int) {
    guard let link = links[number] else { return }
    switch event {
    case .connected: link.state.connect()
    case .received(let bytes): receive(bytes, link)
    case .closed(let reason): lose(link, reason)
    }
  }

  private func receive(_ bytes: [UInt8], _ link: Link) {
    link.decoder.append(bytes[...])
    var responses: [Response] = []
    var problem: String?
    do throws(FrameDecoder.Problem) {
      try link.decoder.forEachFrame { frame in
        do throws(WireError) {
          responses.append(try coder.decode(Response.self, from: frame))
          return true
        } catch {
          problem = error.sentence
          return false
        }
      }
    } catch {
      problem = "its first bytes are another protocol's"
    }
    if !responses.isEmpty { hasBeenConnected = true }
    for response in responses { take(response, link) }
    if let problem {
      link.state.estrange()
      link.channel?.close("it does not speak Mecene's protocol: \(problem)")
    }
  }

  private func take(_ response: Response, _ link: Link) {
    if response.callID == 0 { return takeLastWord(response, link) }
    guard let call = link.calls[response.callID] else { return }
    if response.more {
      do {
        try call.receive(response.payload)
      } catch {
        sendCancel(response.callID, link)
        finish(response.callID, link, .failure(error))
      }
    } else if response.status == 0 {
      finish(response.callID, link, .success(response.payload))
    } else {
      finish(response.callID, link, .failure(MeceneError(response)))
    }
  }

  /// The daemon drains, or is about to close the connection and says why.
  private func takeLastWord(_ response: Response, _ link: Link) {
    phase.letGo(of: link.number)
    if response.error?.reason == .draining, response.error?.notExecuted == false {
      if link.calls.isEmpty { link.channel?.close("the daemon is shutting down") }
      return
    }
    let error = MeceneError(response)
    link.state.dismiss(error)
    link.channel?.close(error.message)
  }

  private func lose(_ link: Link, _ reason: String) {
    links[link.number] = nil
    phase.letGo(of: link.number)
    link.state.close(reason)
    let calls = link.calls
    link.calls = [:]
    for call in calls.values {
      let lost = link.state.error(ofCallWith: call.frameBytes, to: address)
      let cancelled = MeceneError(.cancelled, "the client was closed")
      call.end(.failure(phase.isClosed ? cancelled : lost ?? cancelled))
    }
  }
}
