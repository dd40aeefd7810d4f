internal import MeceneWire

/// What a connection speaks, by its first byte. A second framing is told from the first here.
enum Greeting {
  /// Frames are shorter than 2^24 bytes, so the first byte of their length is 0.
  case lengthPrefixed
  /// A client that speaks HTTP, and is told so in its own words.
  case http
  case tls

  init(firstByte: UInt8) {
    switch firstByte {
    case 0x16: self = .tls
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .http
    default: self = .lengthPrefixed
    }
  }

  private static func sentence(_ name: String) -> String {
    "this port speaks Mecene's protocol (length-prefixed protobuf, see docs/protocol.md), not \(name)"
  }

  /// Why a connection that greets so ends; nil for one that goes on.
  var failure: Failure? {
    switch self {
    case .lengthPrefixed, .http: nil
    case .tls: Failure(.malformedFrame, Self.sentence("TLS"))
    }
  }

  /// What is sent to a client that can't read frames; nil for one that can.
  var answer: [UInt8]? {
    guard case .http = self else { return nil }
    let text = Self.sentence("HTTP") + "\n"
    let head =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n"
    return Array((head + "Connection: close\r\n\r\n" + text).utf8)
  }
}
