internal import Foundation

/// One method of the contract.
public struct MethodDescriptor: Sendable, Hashable {
  /// What repeating a call does, as declared in `proto/`.
  public enum Idempotency: Sendable, Hashable {
    /// It only reads.
    case noSideEffects
    /// It sets a state, and setting it again changes nothing.
    case idempotent
    /// Nothing is promised.
    case unknown
  }

  /// Service and method, such as `mecene.v1.ClickService/Click`.
  public let path: String
  /// True when the server answers with a stream.
  public let streams: Bool
  /// What repeating a call does.
  public let idempotency: Idempotency

  /// The service alone, such as `mecene.v1.ClickService`.
  public var service: String { String(path.prefix { $0 != "/" }) }
}

/// Finds a method's position by the bytes of its path, without making a string.
public struct MethodTable: Sendable {
  private let paths: [[UInt8]]
  /// By the upper bits of a path's key times the multiplier, which puts each at a place of its own; -1 = none.
  private var positions: [Int]
  private var multiplier: UInt64 = 1
  private static let placeBits: UInt64 = 10

  /// - Parameter paths: The paths in the order of their positions, of eight bytes or more.
  public init(paths: [String]) {
    self.paths = paths.map { Array($0.utf8) }
    let keys = self.paths.map { path in unsafe path.withUnsafeBytes { unsafe Self.key($0) } }
    precondition(Set(keys).count == keys.count, "two methods share length and ending")
    positions = []
    while positions.isEmpty {
      multiplier &+= 0x9e37_79b9_7f4a_7c16
      positions = Array(repeating: -1, count: 1 << Int(Self.placeBits))
      for (position, key) in keys.enumerated() where !positions.isEmpty {
        let place = place(key)
        if positions[place] < 0 { positions[place] = position } else { positions = [] }
      }
    }
  }

  private func place(_ key: UInt64) -> Int { Int((key &* multiplier) >> (64 - Self.placeBits)) }

  func position(of path: UnsafeRawBufferPointer) -> Int? {
    guard path.count >= 8 else { return nil }
    let position = unsafe positions[place(Self.key(path))]
    guard position >= 0 else { return nil }
    return unsafe paths[position].withUnsafeBytes { known in
      guard known.count == path.count, let a = known.baseAddress, let b = path.baseAddress
      else { return nil }
      return unsafe memcmp(a, b, path.count) == 0 ? position : nil
    }
  }

  /// Length and last eight bytes, which tell all methods apart; the rest is compared once.
  private static func key(_ path: UnsafeRawBufferPointer) -> UInt64 {
    unsafe path.loadUnaligned(fromByteOffset: path.count - 8, as: UInt64.self) &+ UInt64(path.count)
  }
}
