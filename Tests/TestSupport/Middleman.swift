import Foundation

/// Stands between a client and a daemon on Unix sockets: hands calls on, and loses the answers of the first connections.
package final class Middleman: Sendable {
  private let path: String

  /// Takes connections at `path` in the name of the daemon at `target`.
  ///
  /// - Parameters:
  ///   - lost: How many connections lose their first answer, and end with it.
  ///   - goesOn: Whether later connections are served; otherwise nobody is there any more.
  ///   - lastWord: What later connections are told instead, as a frame.
  package init(
    at path: String, for target: String, lost: Int = 1, goesOn: Bool, lastWord: [UInt8]? = nil
  ) throws {
    self.path = path
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard Self.withAddress(path, { Foundation.bind(listener, $0, $1) }) == 0, listen(listener, 16) == 0 else {
      throw POSIXError(.EADDRINUSE)
    }
    Thread.detachNewThread {
      var taken = 0
      while goesOn || taken < lost {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        taken += 1
        if let lastWord, taken > lost {
          var request = [UInt8](repeating: 0, count: 65_536)
          _ = recv(client, &request, request.count, 0)
          _ = send(client, lastWord, lastWord.count, Int32(MSG_NOSIGNAL))
          close(client)
          continue
        }
        let daemon = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        _ = Self.withAddress(target) { Foundation.connect(daemon, $0, $1) }
        if taken > lost {
          Self.joinBothWays(client, daemon)
          continue
        }
        if taken == lost, !goesOn {
          close(listener)
          unlink(path)
        }
        _ = Self.handOn(client, daemon)
        var answer = [UInt8](repeating: 0, count: 65_536)
        _ = recv(daemon, &answer, answer.count, 0)
        close(client)
        close(daemon)
      }
    }
  }

  deinit { unlink(path) }

  private static func joinBothWays(_ one: Int32, _ other: Int32) {
    for (from, to) in [(one, other), (other, one)] {
      Thread.detachNewThread {
        while handOn(from, to) {}
        shutdown(to, Int32(SHUT_RDWR))
      }
    }
  }

  /// - Returns: False at the end.
  private static func handOn(_ from: Int32, _ to: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(from, &bytes, bytes.count, 0)
    return count > 0 && send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count
  }

  private static func withAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
