internal import CMeceneSystem
public import Dispatch
internal import Foundation

#if os(Linux)
  /// Watches many sockets through one epoll descriptor, and that descriptor through one Dispatch source.
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
    }

    private static let eventsMax = 256
    private let descriptor: Int32
    private let source: any DispatchSourceRead
    private var buffer = unsafe [epoll_event](repeating: epoll_event(), count: eventsMax)

    /// - Parameters:
    ///   - queue: The owner's queue.
    ///   - ready: Called there when there are events.
    public init(queue: DispatchQueue, ready: @escaping @Sendable () -> Void) throws(TransportError) {
      descriptor = mecene_epoll_create()
      guard descriptor >= 0 else { throw .system("an epoll descriptor", "can't be made") }
      let descriptor = descriptor
      source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
      source.setEventHandler(handler: ready)
      source.setCancelHandler { close(descriptor) }
      source.activate()
    }

    deinit { source.cancel() }

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

    /// What is possible now, without waiting.
    public func poll() -> [Event] {
      let count = unsafe buffer.withUnsafeMutableBufferPointer { events in
        unsafe mecene_epoll_wait(descriptor, events.baseAddress, Int32(events.count))
      }
      guard count > 0 else { return [] }
      return (0..<Int(count)).map { index in
        var event = unsafe buffer[index]
        let flags = unsafe event.events
        return Event(
          token: unsafe mecene_epoll_token(&event),
          isReadable: flags & UInt32(mecene_epoll_readable) != 0,
          isWritable: flags & UInt32(mecene_epoll_writable) != 0,
          isBroken: flags & UInt32(mecene_epoll_hung_up) != 0)
      }
    }

    private func control(_ watched: Int32, _ operation: Int, reads: Bool, writes: Bool, _ token: UInt64) {
      let events =
        (reads ? UInt32(mecene_epoll_readable) : 0) | (writes ? UInt32(mecene_epoll_writable) : 0)
      _ = mecene_epoll_control(descriptor, Int32(operation), watched, events, token)
    }
  }
#endif
