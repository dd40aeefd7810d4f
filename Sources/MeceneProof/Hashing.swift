internal import Crypto
internal import Foundation
package import MeceneLedger

extension Fingerprint {
  /// The first 128 bits of a text's SHA-256.
  package init(of text: String) {
    var text = text
    let digest = text.withUTF8 { unsafe SHA256.hash(data: UnsafeRawBufferPointer($0)) }
    var words: [UInt64] = []
    var word: UInt64 = 0
    for (index, byte) in digest.prefix(16).enumerated() {
      word = word << 8 | UInt64(byte)
      if index % 8 == 7 { words.append(word) }
    }
    self.init(high: words[0], low: words[1])
  }
}

/// SHA-256 over words and bytes, of which there are few: they are gathered first, because each piece that BoringSSL is
/// handed costs as much as hashing a block.
package struct WordHasher {
  private var bytes: [UInt8] = []

  package init(room: Int = 65) { bytes.reserveCapacity(room) }

  package mutating func update(_ words: [UInt64]) {
    bytes.append(addingCapacity: 8 * words.count) { span in
      for word in words {
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
          span.append(UInt8(truncatingIfNeeded: word >> shift))
        }
      }
    }
  }

  package mutating func update(_ bytes: [UInt8]) { self.bytes += bytes }

  package func finish() -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}

/// What each commit leaves: a hash of its rows, and a link to the commit before.
package enum CommitChain {
  package static func rowsHash(_ rows: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: rows)) }

  /// `SHA-256(previous link | sequence | time | rows_hash)`, the numbers as little-endian 64-bit words.
  package static func link(previous: [UInt8], sequence: Int64, time: Timestamp, rowsHash: [UInt8]) -> [UInt8]
  {
    var hasher = WordHasher()
    hasher.update(previous)
    hasher.update([UInt64(bitPattern: sequence), UInt64(bitPattern: time.milliseconds)])
    hasher.update(rowsHash)
    return hasher.finish()
  }
}

extension [UInt8] {
  /// Two digits for each byte, in lower case.
  package var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Reads digits as `hexadecimal` writes them; nil for anything else, capital letters among it.
  package init?(hexadecimal text: String) {
    func value(_ byte: UInt8) -> UInt8? {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    let digits = Array<UInt8>(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    self = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      append(high << 4 | low)
    }
  }
}
