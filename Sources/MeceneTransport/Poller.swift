internal import CMeceneSystem
internal import Foundation

#if os(Linux)
  /// Watches many sockets through one epoll descriptor, and that descriptor through one source of its owner's queue.
  ///
  /// A Dispatch source for each connection would cost a thread for each (257 threads were seen at 500 connections).
  /// One source on the inner descriptor wakes the owner's queue once for all that is ready.
  @safe public final class Poller {
    /// What became possible on a watched socket.
    public struct Event: Sendable {
      /// The number that the socket was watched with.
      public let token: UInt64
      public let isReadable: Bool
      public let isWritable: Bool
      public let isBroken: Bool
      /// Whether the peer sends nothing any more.
      public let hasLeft: Bool
    }

    private static let eventsMax = 256
    private static let wakeToken = UInt64.max
    private let descriptor: Int32
    /// Wakes a wait; see `Waker`.
    public let waker: Waker
    private let endWatch: () -> Void
    private var buffer = unsafe [epoll_event](repeating: epoll_event(), count: eventsMax)

    /// Watches a descriptor: tells the owner, on its queue, whenever there is something to read, and calls the function that it gets
    /// once the watch has ended. Returns what ends it.
    public typealias Watch = (Int32, @escaping @Sendable () -> Void) -> () -> Void

    /// - Parameter watch: Begins to watch the descriptor on which events are told.
    public init(watch: Watch) throws(TransportError) {
      descriptor = mecene_epoll_create()
      guard descriptor >= 0 else { throw .system("an epoll descriptor", "can't be made") }
      waker = try Waker()
      let descriptor = descriptor
      endWatch = watch(descriptor) { close(descriptor) }
      control(waker.descriptor, mecene_epoll_add, reads: true, writes: false, Self.wakeToken)
    }

    deinit { endWatch() }

    /// Watches a socket for bytes to read.
    public func add(_ socket: StreamSocket, token: UInt64) {
      control(socket.descriptor, mecene_epoll_add, reads: true, writes: false, token)
    }

    /// Watches a listener for connections.
    public func add(_ listener: Listener, token: UInt64) {
      control(listener.descriptor, mecene_epoll_add, reads: true, writes: false, token)
    }

    /// Changes what a socket is watched for.
    public func change(_ socket: StreamSocket, reads: Bool, writes: Bool, token: UInt64) {
      control(socket.descriptor, mecene_epoll_modify, reads: reads, writes: writes, token)
    }

    /// Watches a socket no more.
    public func remove(_ socket: StreamSocket) {
      control(socket.descriptor, mecene_epoll_delete, reads: false, writes: false, 0)
    }

    /// Watches a listener no more.
    public func remove(_ listener: Listener) {
      control(listener.descriptor, mecene_epoll_delete, reads: false, writes: false, 0)
    }

    /// What is possible now, or becomes possible within this many milliseconds; also returns when it is woken.
    ///
    /// - Returns: Nil when the time passed and nothing happened.
    public func poll(waitingMs milliseconds: Int32) -> [Event]? {
      let count = unsafe buffer.withUnsafeMutableBufferPointer { events in
        unsafe mecene_epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)
      }
      guard count > 0 else { return nil }
      return (0..<Int(count)).compactMap { index in
        var event = unsafe buffer[index]
        let flags = unsafe event.events
        let token = unsafe mecene_epoll_token(&event)
        if token == Self.wakeToken {
          waker.calm()
          return nil
        }
        return Event(
          token: token,
          isReadable: flags & UInt32(mecene_epoll_readable) != 0,
          isWritable: flags & UInt32(mecene_epoll_writable) != 0,
          isBroken: flags & UInt32(mecene_epoll_hung_up) != 0,
          hasLeft: flags & UInt32(mecene_epoll_left) != 0)
      }
    }

    private func control(_ watched: Int32, _ operation: Int, reads: Bool, writes: Bool, _ token: UInt64) {
      let events =
        (reads ? UInt32(mecene_epoll_readable) : 0) | (writes ? UInt32(mecene_epoll_writable) : 0)
        | UInt32(mecene_epoll_left)
      _ = mecene_epoll_control(descriptor, Int32(operation), watched, events, token)
    }
  }

  /// Wakes the owner of a poller from any thread: its wait ends, or its handler is called.
  public final class Waker: Sendable {
    fileprivate let descriptor: Int32

    public init() throws(TransportError) {
      descriptor = mecene_wake_create()
      guard descriptor >= 0 else { throw .system("a wake-up descriptor", "can't be made") }
    }

    deinit { close(descriptor) }

    public func wake() { mecene_wake(descriptor) }

    fileprivate func calm() { mecene_wake_calm(descriptor) }
  }
#endif
