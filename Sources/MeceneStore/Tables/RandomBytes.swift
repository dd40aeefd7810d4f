internal import MeceneConcurrency

/// Salts and secrets. They are drawn 4 KiB at a time, because each draw from the system costs as much as hashing a text. Zeros
/// under a simulated clock, so that such a ledger is the same every time.
struct RandomBytes {
  private static let poolBytes = 4_096

  private let areZero: Bool
  private let runtime: any Runtime
  private var pool: [UInt8] = []

  init(areZero: Bool, _ runtime: any Runtime) {
    self.areZero = areZero
    self.runtime = runtime
  }

  /// - Parameter count: At most 4,096.
  mutating func take(_ count: Int) -> [UInt8] {
    if areZero { return [UInt8](repeating: 0, count: count) }
    if pool.count < count { pool = runtime.randomBytes(Self.poolBytes) }
    defer { pool.removeLast(count) }
    return pool.suffix(count)
  }
}
