internal import Foundation

/// Finds a method by the bytes of its path, without making a string.
package final class MethodTable: Sendable {
  private let paths: [[UInt8]]
  /// By the upper bits of a path's key times the multiplier, which puts each at a place of its own.
  private let methods: [Method?]
  private let multiplier: UInt64
  private static let placeBits: UInt64 = 10

  /// A table of all methods of the contract.
  package init() {
    paths = Method.allCases.map { Array($0.path.utf8) }
    let keys = paths.map { path in unsafe path.withUnsafeBytes { unsafe Self.key($0) } }
    precondition(Set(keys).count == keys.count, "two methods share length and ending")
    var methods: [Method?] = []
    var multiplier: UInt64 = 1
    while methods.isEmpty {
      multiplier &+= 0x9e37_79b9_7f4a_7c16
      methods = Array(repeating: nil, count: 1 << Int(Self.placeBits))
      for (method, key) in zip(Method.allCases, keys) where !methods.isEmpty {
        let place = Self.place(key, multiplier)
        if methods[place] == nil { methods[place] = method } else { methods = [] }
      }
    }
    self.methods = methods
    self.multiplier = multiplier
  }

  private static func place(_ key: UInt64, _ multiplier: UInt64) -> Int {
    Int((key &* multiplier) >> (64 - placeBits))
  }

  func method(at path: UnsafeRawBufferPointer) -> Method? {
    guard path.count >= 8, let method = unsafe methods[Self.place(Self.key(path), multiplier)] else {
      return nil
    }
    return unsafe paths[Int(method.rawValue)].withUnsafeBytes { known in
      guard known.count == path.count, let a = known.baseAddress, let b = path.baseAddress
      else { return nil }
      return unsafe memcmp(a, b, path.count) == 0 ? method : nil
    }
  }

  /// Length and last eight bytes, which tell all methods apart; the rest is compared once.
  private static func key(_ path: UnsafeRawBufferPointer) -> UInt64 {
    unsafe path.loadUnaligned(fromByteOffset: path.count - 8, as: UInt64.self) &+ UInt64(path.count)
  }
}
