/// How one patron's pot is cut: rule 5 of the economy.
///
/// For a pot `P` the fee is `F = P / 10000 * fee_bps + P % 10000 * fee_bps / 10000` and `D = P - F` goes to the `n`
/// clicks, ordered by thing id. Each gets `base = D / n`; `r = D mod n` of them, from a position that moves from
/// month to month, get one micro more. Shares sum to `D`, always.
package struct Split: Sendable, Hashable {
  /// What is kept as a fee.
  package let fee: Micros
  /// What the clicks share: `D`.
  package let given: Micros
  /// How many clicks: `n`.
  package let clicks: Int
  private let base: Int64
  private let remainder: Int
  private let offset: Int

  /// Cuts a pot. Without clicks nothing is given and no fee is taken.
  package init(pot: Micros, feeBps: Int, clicks: Int, patron: AccountID, period: Period) {
    self.clicks = clicks
    guard clicks > 0 else {
      fee = .zero
      given = .zero
      base = 0
      remainder = 0
      offset = 0
      return
    }
    let bps = Int64(feeBps)
    fee = Micros(pot.rawValue / 10_000 * bps + pot.rawValue % 10_000 * bps / 10_000)
    given = pot - fee
    let n = Int64(clicks)
    base = given.rawValue / n
    remainder = Int(given.rawValue % n)
    let seed = UInt64(bitPattern: patron.rawValue) &* 4096 &+ UInt64(period.number)
    offset = Int(Self.mix(seed) % UInt64(clicks))
  }

  /// The share of the click at position `j`, counted from 0 in the order of thing ids.
  package func share(at j: Int) -> Micros {
    Micros((j + clicks - offset) % clicks < remainder ? base + 1 : base)
  }

  /// What each click gets at least.
  package var least: Micros { Micros(base) }

  /// The finaliser of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014), in
  /// wrapping 64-bit arithmetic.
  package static func mix(_ value: UInt64) -> UInt64 {
    var x = value
    x ^= x >> 30
    x &*= 0xbf58_476d_1ce4_e5b9
    x ^= x >> 27
    x &*= 0x94d0_49bb_1331_11eb
    x ^= x >> 31
    return x
  }
}
