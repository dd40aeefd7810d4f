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

/// SHA-256 over words and bytes.
struct WordHasher {
  private var hasher = SHA256()

  mutating func update(_ words: some Sequence<UInt64>) {
    var bytes: [UInt8] = []
    for word in words {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    hasher.update(data: bytes)
  }

  mutating func update(_ bytes: [UInt8]) { hasher.update(data: bytes) }

  func finish() -> [UInt8] { Array(hasher.finalize()) }
}

/// What each commit leaves: a hash of its rows, and a link to the commit before.
enum CommitChain {
  static func rowsHash(_ rows: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: rows)) }

  /// `SHA-256(previous link | sequence | time | rows_hash)`, the numbers as little-endian 64-bit words.
  static func link(previous: [UInt8], sequence: Int64, time: Timestamp, rowsHash: [UInt8]) -> [UInt8] {
    var hasher = WordHasher()
    hasher.update(previous)
    hasher.update([UInt64(bitPattern: sequence), UInt64(bitPattern: time.milliseconds)])
    hasher.update(rowsHash)
    return hasher.finish()
  }
}

/// A Merkle tree's root, built leaf by leaf in memory that grows with the tree's height alone.
///
/// Source: RFC 6962, section 2.1. A leaf hashes to `H(0x00 | leaf)`, a node to `H(0x01 | left | right)`; a tree of n
/// leaves splits at the largest power of two below n; the empty tree is `H()`.
struct MerkleTree {
  /// Roots of complete subtrees, the largest first, with their heights.
  private var subtrees: [(height: Int, hash: [UInt8])] = []

  mutating func append(leaf: [UInt8]) {
    var node = (height: 0, hash: Self.hash([0x00], leaf, []))
    while let last = subtrees.last, last.height == node.height {
      node = (node.height + 1, Self.hash([0x01], last.hash, node.hash))
      subtrees.removeLast()
    }
    subtrees.append(node)
  }

  var root: [UInt8] {
    guard var root = subtrees.last?.hash else { return Self.hash([], [], []) }
    for subtree in subtrees.dropLast().reversed() { root = Self.hash([0x01], subtree.hash, root) }
    return root
  }

  private static func hash(_ prefix: [UInt8], _ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var hasher = WordHasher()
    hasher.update(prefix + left + right)
    return hasher.finish()
  }
}
