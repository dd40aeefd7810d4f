import Foundation
import MeceneWire

/// A client of the daemon's loop that sends the same bytes again and again, and takes as many as came the first time.
struct Caller: ~Copyable {
  private let descriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  /// - Parameter path: Of a Unix socket.
  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var target = sockaddr_un()
    target.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let code = withUnsafePointer(to: &target) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard code == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  deinit { close(descriptor) }

  /// Sends calls, and takes their answers.
  ///
  /// - Returns: How many bytes the answers had.
  mutating func call(_ frames: [UInt8], answers: Int) throws -> Int {
    var decoder = FrameDecoder(frameBytesMax: 1 << 20)
    var (bytes, count) = (0, 0)
    try send(frames)
    while count < answers {
      let received = try receive()
      bytes += received
      decoder.append(buffer[..<received])
      try decoder.forEachFrame { _ in
        count += 1
        return true
      }
    }
    return bytes
  }

  mutating func call(_ frames: [UInt8], answerBytes: Int) throws {
    try send(frames)
    var left = answerBytes
    while left > 0 { left -= try receive() }
  }

  private func send(_ bytes: [UInt8]) throws {
    guard Foundation.send(descriptor, bytes, bytes.count, 0) == bytes.count else { throw POSIXError(.EPIPE) }
  }

  private mutating func receive() throws -> Int {
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { throw POSIXError(.ECONNRESET) }
    return count
  }
}
