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
  private var positions: [UInt64: Int] = [:]
  private let paths: [[UInt8]]

  /// - Parameter paths: The paths in the order of their positions.
  public init(paths: [String]) {
    self.paths = paths.map { Array($0.utf8) }
    for (position, path) in self.paths.enumerated() { positions[Self.hash(path)] = position }
    precondition(positions.count == paths.count, "two methods share a hash")
  }

  func position(of path: UnsafePointer<CChar>?) -> Int? {
    guard let path = unsafe path else { return nil }
    var hash = Self.hashSeed
    var count = 0
    while true {
      let byte = unsafe UInt8(bitPattern: path[count])
      if byte == 0 { break }
      hash = Self.step(hash, byte)
      count += 1
    }
    guard let position = positions[hash], paths[position].count == count else { return nil }
    for index in 0..<count where unsafe UInt8(bitPattern: path[index]) != paths[position][index] {
      return nil
    }
    return position
  }

  // FNV-1a, 64 bits: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
  private static let hashSeed: UInt64 = 0xcbf2_9ce4_8422_2325
  private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01b3
  }
  private static func hash(_ path: [UInt8]) -> UInt64 { path.reduce(hashSeed, step) }
}
