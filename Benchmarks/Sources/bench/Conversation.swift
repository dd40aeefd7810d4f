/// What a load says on the wire, and how answers are told apart.
protocol Conversation {
  /// Whether answers come in the order of requests and carry no id.
  static var answersInOrder: Bool { get }

  /// Appends the next request, under this id.
  mutating func appendRequest(_ id: UInt32, to bytes: inout [UInt8])

  /// Reads the whole answers at the front of `bytes`.
  ///
  /// - Parameter body: Called for each with its id (0 when they come in order) and whether it is a success.
  /// - Returns: The bytes that were used.
  mutating func readAnswers(
    _ bytes: borrowing Span<UInt8>, _ body: (_ id: UInt32, _ isSuccess: Bool) -> Void
  ) -> Int
}

/// Calls of the daemon. `Requests` writes them.
struct MeceneConversation<Requests: RequestSource>: Conversation {
  static var answersInOrder: Bool { false }
  var requests: Requests

  mutating func appendRequest(_ id: UInt32, to bytes: inout [UInt8]) { requests.append(id, to: &bytes) }

  func readAnswers(
    _ bytes: borrowing Span<UInt8>, _ body: (_ id: UInt32, _ isSuccess: Bool) -> Void
  ) -> Int {
    var position = 0
    while bytes.count - position >= 4 {
      let length =
        Int(bytes[position]) << 24 | Int(bytes[position + 1]) << 16 | Int(bytes[position + 2]) << 8
        | Int(bytes[position + 3])
      guard bytes.count - position - 4 >= length else { break }
      position += 4
      let end = position + length
      // The daemon writes fields in the order of their numbers: 1 call_id, 2 more, 3 status.
      var at = position + 1
      var id: UInt32 = 0
      var shift: UInt32 = 0
      while at < end {
        let byte = bytes[at]
        at += 1
        id |= UInt32(byte & 0x7f) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      body(id, !(at < end && bytes[at] == 0x18))
      position = end
    }
    return position
  }
}

/// Something that writes one kind of call after the other.
protocol RequestSource {
  mutating func append(_ id: UInt32, to bytes: inout [UInt8])
}

/// `SADD` to one set for each patron.
struct RedisConversation: Conversation {
  static var answersInOrder: Bool { true }
  var clicks: ClickSequence

  mutating func appendRequest(_ id: UInt32, to bytes: inout [UInt8]) {
    let click = clicks.next()
    bytes.append(contentsOf: "*3\r\n$4\r\nSADD\r\n".utf8)
    Self.append(click.patron, to: &bytes)
    Self.append(click.thing, to: &bytes)
  }

  /// `$7\r\n1234567\r\n`: seven digits.
  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "$7\r\n".utf8)
    var divisor: UInt64 = 1_000_000
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
    bytes.append(contentsOf: "\r\n".utf8)
  }

  func readAnswers(
    _ bytes: borrowing Span<UInt8>, _ body: (_ id: UInt32, _ isSuccess: Bool) -> Void
  ) -> Int {
    var used = 0
    var lineStart = 0
    for position in 0..<bytes.count where bytes[position] == UInt8(ascii: "\n") {
      body(0, bytes[lineStart] == UInt8(ascii: ":"))
      lineStart = position + 1
      used = lineStart
    }
    return used
  }
}
