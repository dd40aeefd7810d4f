internal import Crypto
internal import MeceneLedger

/// Where a list goes on, as an opaque text bound to the list's other arguments.
///
/// 32 hexadecimal digits: the last id that was shown, and the first 64 bits of a SHA-256 over id and arguments.
enum PageToken {
  static func make(after id: Int64, arguments: [String]) -> String {
    let word = UInt64(bitPattern: id)
    return hexadecimal(word) + hexadecimal(seal(word, arguments))
  }

  /// - Returns: The last id that was shown; nil for the first page.
  /// - Throws: A `Refusal` for a token that was not made for these arguments.
  static func parse(_ token: String, arguments: @autoclosure () -> [String]) throws(Refusal) -> Int64? {
    if token.isEmpty { return nil }
    guard token.utf8.count == 32, let word = UInt64(token.prefix(16), radix: 16),
      let found = UInt64(token.suffix(16), radix: 16), found == seal(word, arguments())
    else {
      throw Refusal(
        .invalidPageToken, field: "page_token",
        "the page token was not given for this list and these arguments; begin with an empty one")
    }
    return Int64(bitPattern: word)
  }

  private static func seal(_ word: UInt64, _ arguments: [String]) -> UInt64 {
    var hasher = SHA256()
    hasher.update(data: Array(([hexadecimal(word)] + arguments).joined(separator: "\0").utf8))
    return hasher.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
