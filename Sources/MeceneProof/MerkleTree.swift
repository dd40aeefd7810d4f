/// A Merkle tree's root, built leaf by leaf in memory that grows with the tree's height alone, and the paths from its
/// leaves.
///
/// Source: RFC 6962, section 2.1. A leaf hashes to `H(0x00 | leaf)`, a node to `H(0x01 | left | right)`; a tree of n
/// leaves splits at the largest power of two below n; the empty tree is `H()`.
package struct MerkleTree {
  private var hasher = WordHasher()
  /// Roots of complete subtrees, the largest first, with their heights.
  private var subtrees: [(height: Int, hash: Hash)] = []

  package init() {}

  package init(hashes: some Sequence<Hash>) {
    for hash in hashes { append(hash: hash) }
  }

  /// Appends a leaf by its hash. The roots of complete subtrees of one size may stand for leaves: except the last of
  /// them, which may be smaller, the tree splits between them.
  package mutating func append(hash: Hash) {
    var node = (height: 0, hash: hash)
    while let last = subtrees.last, last.height == node.height {
      node = (node.height + 1, Self.node(last.hash, node.hash, &hasher))
      subtrees.removeLast()
    }
    subtrees.append(node)
  }

  package var root: Hash {
    var hasher = hasher
    guard var root = subtrees.last?.hash else { return hasher.finish() }
    for subtree in subtrees.dropLast().reversed() { root = Self.node(subtree.hash, root, &hasher) }
    return root
  }

  private static func node(_ left: Hash, _ right: Hash, _ hasher: inout WordHasher) -> Hash {
    hasher.update(1 as UInt8)
    hasher.update(left)
    hasher.update(right)
    return hasher.finish()
  }

  /// The siblings on the way from a leaf to the root, the lowest first.
  ///
  /// - Parameters:
  ///   - index: The leaf's position, below `hashes.count`.
  ///   - hashes: All leaves' hashes.
  package static func path(to index: Int, in hashes: ArraySlice<Hash>) -> [Hash] {
    guard hashes.count > 1 else { return [] }
    var split = 1
    while split * 2 < hashes.count { split *= 2 }
    let (left, right) = (hashes.prefix(split), hashes.dropFirst(split))
    return index < split
      ? path(to: index, in: left) + [MerkleTree(hashes: right).root]
      : path(to: index - split, in: right) + [MerkleTree(hashes: left).root]
  }

  /// The root that a leaf's hash and its path lead to; nil when the path has another length than the tree's shape asks
  /// for.
  ///
  /// Source: RFC 9162, section 2.1.3.2.
  package static func root(of leaf: Hash, at index: UInt64, of count: UInt64, path: [Hash]) -> Hash? {
    var hasher = WordHasher()
    guard index < count else { return nil }
    var (position, last, hash) = (index, count - 1, leaf)
    for sibling in path {
      if last == 0 { return nil }
      if position & 1 == 1 || position == last {
        hash = node(sibling, hash, &hasher)
        while position & 1 == 0, position != 0 {
          position >>= 1
          last >>= 1
        }
      } else {
        hash = node(hash, sibling, &hasher)
      }
      position >>= 1
      last >>= 1
    }
    return last == 0 ? hash : nil
  }
}
