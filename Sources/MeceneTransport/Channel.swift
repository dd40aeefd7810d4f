public import Dispatch
internal import Foundation

/// A client's connection: connects, receives and sends on a queue of its owner's.
///
/// All functions are called on that queue, and so are the handlers.
public final class Channel {
  /// What happens on the connection.
  public enum Event: Sendable {
    case connected
    case received([UInt8])
    /// The connection is gone, for this reason; nothing follows.
    case closed(String)
  }

  private enum State {
    case connecting
    case connected
    case closed
  }

  private let socket: StreamSocket
  private let address: SocketAddress
  private let readSource: any DispatchSourceRead
  private let writeSource: any DispatchSourceWrite
  private let handler: (Event) -> Void
  private var state = State.connecting
  private var outbound: [UInt8] = []
  private var sent = 0
  private var isStarted = false
  private var writesAreWatched = true
  private var scratch = [UInt8](repeating: 0, count: 65_536)

  /// Begins to connect.
  ///
  /// - Throws: `TransportError` when the address leads nowhere at all. Later failures come as `closed`.
  public init(
    to address: Address, queue: DispatchQueue, handler: @escaping (Event) -> Void
  ) throws(TransportError) {
    guard let resolved = try SocketAddress.resolve(address, forListening: false).first else {
      throw TransportError("\(address)", "leads nowhere")
    }
    self.address = resolved
    self.handler = handler
    let descriptor = try StreamSocket.open(family: resolved.family)
    StreamSocket.tune(descriptor, family: resolved.family)
    let socket = StreamSocket(descriptor: descriptor)
    self.socket = socket
    readSource = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    writeSource = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    // A source's descriptor has to outlive the source.
    readSource.setCancelHandler { _ = socket }
    writeSource.setCancelHandler { _ = socket }
  }

  /// Starts the connection. Until then nothing is sent and no handler runs.
  ///
  /// - Parameter onQueue: Wraps what the sources call, so that the owner can assume its isolation.
  public func start(onQueue: @escaping @Sendable (@escaping @Sendable (Channel) -> Void) -> Void) {
    readSource.setEventHandler { onQueue { $0.readable() } }
    writeSource.setEventHandler { onQueue { $0.writable() } }
    let descriptor = socket.descriptor
    let code = unsafe address.withPointer { unsafe connect(descriptor, $0, $1) } ?? -1
    if code != 0, errno != EINPROGRESS, errno != EAGAIN {
      return close(TransportError.system(address.text, "does not answer").description)
    }
    // Only now: a socket that does not connect yet is reported as hung up, and Dispatch drops it then.
    isStarted = true
    readSource.activate()
    writeSource.activate()
  }

  /// Sends bytes, in the order of calls.
  public func send(_ bytes: [UInt8]) {
    if state == .closed { return }
    if outbound.isEmpty { outbound = bytes } else { outbound += bytes }
    if state == .connected { flush() }
  }

  /// Ends the connection. The handler is told.
  public func close(_ reason: String) {
    guard state != .closed else { return }
    state = .closed
    cancelSources()
    handler(.closed(reason))
  }

  deinit {
    if state != .closed { cancelSources() }
  }

  /// Releasing a source that is suspended, or was never activated, traps.
  private func cancelSources() {
    if !isStarted {
      readSource.activate()
      writeSource.activate()
    } else if !writesAreWatched {
      writeSource.resume()
    }
    readSource.cancel()
    writeSource.cancel()
  }

  private func readable() {
    guard state != .closed, finishConnecting() else { return }
    switch socket.receive(into: &scratch) {
    case .bytes(let count): handler(.received(Array(scratch[..<count])))
    case .wouldBlock: break
    case .closed: close("\(address.text) closed the connection")
    }
  }

  private func writable() {
    guard state != .closed, finishConnecting() else { return }
    flush()
  }

  /// Learns whether the connection stands. False when it failed.
  private func finishConnecting() -> Bool {
    guard state == .connecting else { return true }
    var problem: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &problem, &length)
    guard problem == 0 else {
      errno = problem
      close(TransportError.system(address.text, "does not answer").description)
      return false
    }
    state = .connected
    handler(.connected)
    return state == .connected
  }

  private func flush() {
    while sent < outbound.count {
      switch socket.send(outbound, from: sent) {
      case .bytes(let count): sent += count
      case .wouldBlock:
        watchWrites(true)
        return
      case .closed:
        close("\(address.text) closed the connection")
        return
      }
    }
    outbound.removeAll(keepingCapacity: outbound.capacity < 1 << 20)
    sent = 0
    watchWrites(false)
  }

  private func watchWrites(_ watch: Bool) {
    guard watch != writesAreWatched else { return }
    writesAreWatched = watch
    if watch { writeSource.resume() } else { writeSource.suspend() }
  }
}
