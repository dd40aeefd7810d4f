import Foundation
package import MeceneTransport
package import MeceneWire

/// A client that sends and receives bytes as a test wants them, without the library.
package final class RawConnection {
  private let descriptor: Int32
  private var decoder = FrameDecoder(frameBytesMax: 16 << 20 - 1)
  private var waiting: [Response] = []
  package let coder = MessageCoder(arenaBytesMax: 64 << 20, toleratesUnknownEnums: true)

  package init(_ address: Address) throws {
    switch address {
    case .tcp(_, let port):
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var target = sockaddr_in()
      target.sin_family = sa_family_t(AF_INET)
      target.sin_port = port.bigEndian
      target.sin_addr.s_addr = inet_addr("127.0.0.1")
      try Self.connect(descriptor, &target)
    case .unix(let path):
      descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var target = sockaddr_un()
      target.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path.utf8) }
      try Self.connect(descriptor, &target)
    }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close(descriptor) }

  private static func connect<T>(_ descriptor: Int32, _ target: inout T) throws {
    let code = withUnsafePointer(to: &target) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<T>.size))
      }
    }
    guard code == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  /// - Returns: False when the peer takes nothing any more.
  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = Foundation.send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  package func send(_ request: Request) throws {
    var bytes: [UInt8] = []
    try coder.appendFrame(request, to: &bytes)
    send(bytes)
  }

  /// The frame of one call.
  package func frame(
    _ method: Method, _ message: some Message, id: UInt64, timeoutMs: UInt32 = 0
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try coder.appendFrame(
      Request(callID: id, method: method.path, timeoutMs: timeoutMs, payload: coder.encode(message)),
      to: &bytes)
    return bytes
  }

  /// The next frame; nil when the peer has closed or says nothing for ten seconds.
  package func receive() throws -> Response? {
    while waiting.isEmpty {
      guard let bytes = receiveBytes() else { return nil }
      decoder.append(bytes[...])
      waiting = try takeFrames()
    }
    return waiting.removeFirst()
  }

  /// The frames that are here, and whether the peer has closed: nothing is waited for.
  package func receiveAll() throws -> (frames: [Response], isAtEnd: Bool) {
    var (frames, buffer) = (waiting, [UInt8](repeating: 0, count: 65_536))
    waiting = []
    while true {
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count <= 0 { return (frames, count == 0 || errno != EAGAIN) }
      decoder.append(buffer[..<count])
      frames += try takeFrames()
    }
  }

  private func takeFrames() throws -> [Response] {
    var frames: [[UInt8]] = []
    try decoder.forEachFrame { frame in
      frames.append((0..<frame.count).map { frame[$0] })
      return true
    }
    return try frames.map { try coder.decode(Response.self, from: $0) }
  }

  /// What the peer sent; nil at its end.
  package func receiveBytes() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  /// Calls a method and waits for its one answer.
  package func call<Answer: Message>(
    _ method: Method, _ message: some Message, id: UInt64, as type: Answer.Type
  ) throws -> Answer {
    send(try frame(method, message, id: id))
    guard let response = try receive(), response.callID == id, response.status == 0 else {
      throw POSIXError(.EBADMSG)
    }
    return try coder.decode(Answer.self, from: response.payload)
  }
}
