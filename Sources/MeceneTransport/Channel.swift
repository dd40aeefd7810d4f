public import Dispatch
internal import Foundation

/// A client's connection: resolves its address, connects, receives and sends, on a queue of its owner's.
/// Its life is `ChannelPhase`. All functions are called on that queue, and so is the handler.
public final class Channel {
  /// What happens on the connection.
  public enum Event: Sendable {
    case connected
    case received([UInt8])
    /// The connection is gone, for this reason; nothing follows.
    case closed(String)
  }

  /// Runs what the channel does later on the owner's queue, so that the owner can assume its isolation.
  public typealias Entry = @Sendable (@escaping @Sendable (Channel) -> Void) -> Void

  /// How long one address may take while there are others.
  private static let patience = DispatchTimeInterval.seconds(1)

  private let address: Address
  private let queue: DispatchQueue
  private let handler: (Event) -> Void
  private var enter: Entry?
  /// The socket of the attempt under way, or of the connection.
  private var link: Link?
  private var phase = ChannelPhase.idle
  private let outbound = OutboundBuffer(capacityKept: 1 << 20)
  private var scratch = [UInt8](repeating: 0, count: 65_536)

  /// Makes a channel that does nothing before `start`.
  public init(to address: Address, queue: DispatchQueue, handler: @escaping (Event) -> Void) {
    self.address = address
    self.queue = queue
    self.handler = handler
  }

  deinit { link?.cancel() }

  /// Begins to connect. What is sent meanwhile leaves once the connection stands.
  public func start(_ enter: @escaping Entry) {
    guard phase.start() else { return }
    self.enter = enter
    // A host name may ask the network, for seconds; nobody waits for that here.
    guard case .tcp = address else { return resolved(SocketAddress.resolved(address)) }
    let address = address
    let queue = queue
    DispatchQueue.global().async {
      let found = SocketAddress.resolved(address)
      queue.async { enter { $0.resolved(found) } }
    }
  }

  /// Sends bytes, in the order of calls.
  public func send(_ bytes: [UInt8]) {
    if phase.isClosed { return }
    outbound.append(bytes)
    if phase.isConnected { flush() }
  }

  /// Ends the connection. The handler is told.
  public func close(_ reason: String) {
    guard phase.close() else { return }
    link?.cancel()
    link = nil
    handler(.closed(reason))
  }
}

// Connecting.
extension Channel {
  private func resolved(_ result: Result<[SocketAddress], TransportError>) {
    switch result {
    case .failure(let error): close(error.description)
    case .success(let found):
      guard phase.resolve(found) else { return }
      tryNext(after: TransportError("\(address)", "leads nowhere"))
    }
  }

  /// Tries the next address, or ends with what went wrong with the last one.
  private func tryNext(after error: TransportError) {
    link?.cancel()
    link = nil
    guard let (attempt, next) = phase.tryNext() else { return close(error.description) }
    do throws(TransportError) {
      let link = try Link(to: next, queue: queue)
      self.link = link
      try link.connect(
        readable: later(attempt) { $0.readable() }, writable: later(attempt) { $0.writable() })
    } catch {
      return tryNext(after: error)
    }
    guard phase.hasOthers, let enter else { return }
    queue.asyncAfter(deadline: .now() + Self.patience) {
      enter { channel in
        guard channel.phase.isAt(attempt), !channel.phase.isConnected else { return }
        channel.tryNext(after: TransportError(next.text, "takes too long to answer"))
      }
    }
  }

  /// What a source calls: something of this attempt alone.
  private func later(
    _ attempt: Int, _ act: @escaping @Sendable (Channel) -> Void
  ) -> @Sendable () -> Void {
    let enter = enter
    return { enter? { if $0.phase.isAt(attempt) { act($0) } } }
  }

  /// Learns whether the connection stands. False when it failed.
  private func finishConnecting() -> Bool {
    guard !phase.isConnected, let link else { return phase.isConnected }
    if let problem = link.problem() {
      tryNext(after: problem)
      return false
    }
    guard phase.connect() else { return false }
    handler(.connected)
    return phase.isConnected
  }
}

// Receiving and sending.
extension Channel {
  private func readable() {
    guard finishConnecting(), let link else { return }
    switch link.socket.receive(into: &scratch) {
    case .bytes(let count): handler(.received(Array(scratch[..<count])))
    case .wouldBlock: break
    case .closed: close("\(address) closed the connection")
    }
  }

  private func writable() {
    guard finishConnecting() else { return }
    flush()
  }

  private func flush() {
    guard let link else { return }
    switch outbound.flush(to: link.socket).0 {
    case .done: link.watchWrites(false)
    case .wouldBlock: link.watchWrites(true)
    case .closed: close("\(address) closed the connection")
    }
  }
}

/// One socket with the two sources that watch it.
private final class Link {
  let socket: StreamSocket
  private let address: SocketAddress
  private let readSource: any DispatchSourceRead
  private let writeSource: any DispatchSourceWrite
  private var isActive = false
  private var writesAreWatched = true

  init(to address: SocketAddress, queue: DispatchQueue) throws(TransportError) {
    self.address = address
    let descriptor = try StreamSocket.open(family: address.family)
    StreamSocket.tune(descriptor, family: address.family)
    let socket = StreamSocket(descriptor: descriptor)
    self.socket = socket
    readSource = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    writeSource = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    // A source's descriptor has to outlive the source.
    readSource.setCancelHandler { _ = socket }
    writeSource.setCancelHandler { _ = socket }
  }

  func connect(
    readable: @escaping @Sendable () -> Void, writable: @escaping @Sendable () -> Void
  ) throws(TransportError) {
    readSource.setEventHandler(handler: readable)
    writeSource.setEventHandler(handler: writable)
    let descriptor = socket.descriptor
    let code = unsafe address.withPointer { unsafe Foundation.connect(descriptor, $0, $1) } ?? -1
    // A Unix socket whose backlog is full answers EAGAIN, and stays unconnected.
    guard code == 0 || errno == EINPROGRESS else {
      throw .system(address.text, "does not answer")
    }
    // Only now: a socket that does not connect yet is reported as hung up, and Dispatch drops it then.
    isActive = true
    readSource.activate()
    writeSource.activate()
  }

  /// Why the attempt failed; nil when the connection stands.
  func problem() -> TransportError? {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code != 0 else { return nil }
    errno = code
    return .system(address.text, "does not answer")
  }

  func watchWrites(_ watch: Bool) {
    guard watch != writesAreWatched else { return }
    writesAreWatched = watch
    if watch { writeSource.resume() } else { writeSource.suspend() }
  }

  /// Releasing a source that is suspended, or was never activated, traps.
  func cancel() {
    if !isActive {
      readSource.activate()
      writeSource.activate()
    } else if !writesAreWatched {
      writeSource.resume()
    }
    readSource.cancel()
    writeSource.cancel()
  }
}
