internal import Crypto
internal import Foundation
package import MeceneLedger

/// A SHA-256, in place: a settlement of a million patrons makes ten million of them, and an array for each took most of
/// its time.
package struct Hash: Sendable, Hashable {
  // In the order of their bytes in memory.
  private let words: InlineArray<4, UInt64>

  fileprivate init(_ digest: SHA256Digest) {
    words = unsafe digest.withUnsafeBytes { bytes in
      InlineArray { unsafe bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
  }

  /// nil unless there are 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    words = InlineArray { word in
      (0..<8).reduce(0 as UInt64) { $0 | UInt64(bytes[8 * word + $1]) << UInt64(8 * $1) }.littleEndian
    }
  }

  package var bytes: [UInt8] {
    [UInt8](capacity: 32) { append(to: &$0) }
  }

  fileprivate func append(to span: inout OutputSpan<UInt8>) {
    for index in words.indices { WordHasher.append(UInt64(littleEndian: words[index]), to: &span) }
  }

  package static func == (a: Hash, b: Hash) -> Bool {
    a.words.indices.allSatisfy { a.words[$0] == b.words[$0] }
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(words[0]) }
}

/// SHA-256 over words and bytes, of which there are few: they are gathered first, because each piece that BoringSSL is
/// handed costs as much as hashing a block.
package struct WordHasher {
  private var bytes: [UInt8] = []

  package init(room: Int = 65) { bytes.reserveCapacity(room) }

  package mutating func update(_ words: [UInt64]) {
    bytes.append(addingCapacity: 8 * words.count) { span in
      for word in words { Self.append(word, to: &span) }
    }
  }

  package mutating func update(_ word: UInt64) {
    bytes.append(addingCapacity: 8) { Self.append(word, to: &$0) }
  }

  package mutating func update(_ bytes: [UInt8]) { self.bytes += bytes }

  package mutating func update(_ bytes: ArraySlice<UInt8>) { self.bytes += bytes }

  package mutating func update(_ byte: UInt8) { bytes.append(byte) }

  package mutating func update(_ hash: Hash) { bytes.append(addingCapacity: 32) { hash.append(to: &$0) } }

  /// The hash of all that came, and a new start in the same memory.
  package mutating func finish() -> Hash {
    defer { bytes.removeAll(keepingCapacity: true) }
    return Hash(SHA256.hash(data: bytes))
  }

  /// In one store: byte by byte the leaves of a settlement took 200 instructions a click.
  fileprivate static func append(_ word: UInt64, to span: inout OutputSpan<UInt8>) {
    precondition(span.freeCapacity >= 8)
    unsafe span.withUnsafeMutableBufferPointer { buffer, count in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      unsafe bytes.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
      count += 8
    }
  }
}

/// What stands in the chain for a text that somebody typed, or for a secret: it says nothing of it, and stays when that is erased.
package enum Commitment {
  /// How many bytes a salt has. Each has as many: otherwise bytes of the text could be taken for bytes of the salt.
  package static let saltBytes = 16

  /// `SHA-256(salt | bytes)`, 32 bytes.
  package static func of(_ bytes: [UInt8], salt: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: salt + bytes))
  }
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
    return hasher.finish().bytes
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
