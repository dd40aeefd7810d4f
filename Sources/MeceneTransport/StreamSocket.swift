internal import Foundation

#if os(Linux)
  private let sendFlags = Int32(MSG_NOSIGNAL)
#else
  private let sendFlags: Int32 = 0
#endif

/// A connected, non-blocking socket. It is closed when the value goes.
public final class StreamSocket: Sendable {
  let descriptor: Int32

  /// What a socket has to become before an attempt can go on.
  public enum Readiness: Sendable, Hashable {
    case readable
    case writable
  }

  /// What an attempt to receive or send came to.
  public enum Transfer: Sendable, Hashable {
    /// This many bytes, at least 1.
    case bytes(Int)
    /// Nothing now; wait until the socket is this. Receiving may have to send first where bytes are encrypted, and sending to
    /// receive.
    case wouldBlock(until: Readiness)
    /// The peer has closed, or the connection is broken.
    case closed
  }

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Whether bytes were read from the system that nobody has received yet: no poll tells of them.
  public var holdsBytes: Bool { false }

  /// Receives into `buffer`, from its beginning, and no more than `most` bytes.
  public func receive(into buffer: inout [UInt8], atMost most: Int = .max) -> Transfer {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, min($0.count, most), 0)
      }
      if count > 0 { return .bytes(count) }
      if count == 0 { return .closed }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock(until: .readable) : .closed
    }
  }

  /// Sends what stands in `bytes` from `start` on.
  public func send(_ bytes: [UInt8], from start: Int) -> Transfer {
    while true {
      let count = unsafe bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe Foundation.send(descriptor, base + start, buffer.count - start, sendFlags)
      }
      if count > 0 { return .bytes(count) }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock(until: .writable) : .closed
    }
  }

  /// Ends the sending direction, so that the peer reads the last bytes and then the end.
  public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  static func open(family: Int32) throws(TransportError) -> Int32 {
    #if os(Linux)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw .system("a socket", "can't be made") }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Small answers leave at once, and a peer that is gone is noticed within about a minute.
  static func tune(_ descriptor: Int32, family: Int32) {
    guard family != AF_UNIX else { return }
    set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    #if os(Linux)
      set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 30)
      set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10)
      set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
      set(descriptor, Int32(IPPROTO_TCP), 18 /* TCP_USER_TIMEOUT */, 60_000)
    #endif
  }
}
