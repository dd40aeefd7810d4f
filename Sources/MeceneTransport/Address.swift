/// Where a daemon listens and a client connects: `tcp://HOST:PORT` or `unix:PATH`. One grammar for daemon, command
/// line and libraries.
public enum Address: Sendable, Hashable, CustomStringConvertible {
  /// A host name or address, and a port; port 0 lets the system choose when listening.
  case tcp(host: String, port: UInt16)
  /// The path of a Unix socket.
  case unix(path: String)

  /// The port that is meant when none is written.
  public static let defaultPort: UInt16 = 7437
  /// The longest path of a Unix socket that the system takes, in bytes.
  public static let unixPathBytesMax = 107

  /// Reads an address.
  ///
  /// - Throws: `AddressError` with what is wrong and what would be right.
  public init(parsing text: String) throws(AddressError) {
    if text.hasPrefix("tcp://") {
      self = try Self.parseTCP(text.dropFirst("tcp://".count), of: text)
    } else if text.hasPrefix("unix:") {
      let path = text.dropFirst("unix:".count)
      let trimmed = path.hasPrefix("//") ? path.dropFirst(2) : path[...]
      guard !trimmed.isEmpty else { throw AddressError("\(text) has no path; write unix:/path/to/socket") }
      guard trimmed.utf8.count <= Self.unixPathBytesMax else {
        throw AddressError(
          "the path of \(text) has \(trimmed.utf8.count) bytes; a Unix socket's has at most \(Self.unixPathBytesMax)"
        )
      }
      self = .unix(path: String(trimmed))
    } else {
      throw AddressError("\(text) is not an address; write tcp://HOST:PORT or unix:PATH")
    }
  }

  private static func parseTCP(_ rest: Substring, of text: String) throws(AddressError) -> Address {
    var host = rest
    var port = defaultPort
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { throw AddressError("\(text) has a [ without a ]") }
      host = rest[rest.index(after: rest.startIndex)..<end]
      let after = rest[rest.index(after: end)...]
      if !after.isEmpty { port = try parsePort(after, of: text) }
    } else if let colon = rest.lastIndex(of: ":") {
      host = rest[..<colon]
      port = try parsePort(rest[colon...], of: text)
    }
    guard !host.isEmpty, !host.contains("/"), !host.contains(" ") else {
      throw AddressError("\(text) has no host; write tcp://HOST:PORT")
    }
    return .tcp(host: String(host), port: port)
  }

  private static func parsePort(_ text: Substring, of whole: String) throws(AddressError) -> UInt16 {
    guard text.hasPrefix(":"), let port = UInt16(text.dropFirst()), !text.contains("+") else {
      throw AddressError("\(whole) has no port from 0 to 65535 behind the colon")
    }
    return port
  }

  /// The port; nil for a Unix socket.
  public var port: UInt16? {
    if case .tcp(_, let port) = self { port } else { nil }
  }

  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// Why a text is not an address.
public struct AddressError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence with what is wrong and what would be right.
  public let description: String
  init(_ description: String) { self.description = description }
}
