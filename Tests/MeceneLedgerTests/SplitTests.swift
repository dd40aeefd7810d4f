import TestSupport
import Testing

@testable import MeceneLedger

@Suite struct SplitTests {
  private func shares(_ pot: Int64, _ n: Int, feeBps: Int = 0, patron: Int64 = 1, period: Int = 682)
    -> [Int64]
  {
    let split = Split(
      pot: Micros(pot), feeBps: feeBps, clicks: n, patron: AccountID(patron), period: Period(number: period))
    return (0..<n).map { split.share(at: $0).rawValue }
  }

  @Test func `the mixer gives the design's values`() {
    #expect(Split.mix(1) == 6_238_072_747_940_578_789)
    #expect(Split.mix(4_778) == 12_769_791_646_155_400_227)
  }

  @Test(
    arguments: [
      (1_000, 3, [333, 333, 334]), (5, 7, [0, 0, 1, 1, 1, 1, 1]),
      (1, 100, Array(repeating: 0, count: 99) + [1]),
      (85, 7, [12, 12, 12, 12, 12, 12, 13]), (99, 2, [49, 50]), (10_000_000, 1, [10_000_000]),
      (10_000_000, 10, Array(repeating: 1_000_000, count: 10)), (0, 3, [0, 0, 0]),
    ] as [(Int64, Int, [Int64])])
  func `fixed cases from the rule alone`(pot: Int64, n: Int, sorted: [Int64]) {
    for patron in 1...20 as ClosedRange<Int64> {
      #expect(shares(pot, n, patron: patron).sorted() == sorted)
    }
  }

  @Test func `shares always sum to what is given and differ by at most one micro`() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      let pot = Int64.random(in: 0...(Bool.random(using: &random) ? 1_000 : .max), using: &random)
      let n = Int.random(in: 1...50, using: &random)
      let bps = [0, 1, 250, 9_999, 10_000].randomElement(using: &random) ?? 0
      let patron = Int64.random(in: 1...1 << 40, using: &random)
      let split = Split(
        pot: Micros(pot), feeBps: bps, clicks: n, patron: AccountID(patron), period: Period(number: 700))
      let all = (0..<n).map { split.share(at: $0).rawValue }
      // The fee, from arithmetic that can't overflow.
      let (high, low) = pot.multipliedFullWidth(by: Int64(bps))
      let fee = Int64(10_000).dividingFullWidth((high, low)).quotient
      #expect(split.fee.rawValue == fee)
      #expect(all.reduce(0, +) == pot - fee)
      #expect((all.max() ?? 0) - (all.min() ?? 0) <= 1)
    }
  }

  @Test func `the largest pot can be cut`() {
    #expect(shares(.max, 3).reduce(0, +) == .max)
    #expect(shares(.max, 1, feeBps: 10_000) == [0])
  }

  @Test func `every position gets the extra micro as often as any other`() {
    let periods = 1_000
    for patron in 1...20 as ClosedRange<Int64> {
      var extra = Array(repeating: 0, count: 7)
      for period in 600..<600 + periods {
        for (j, share) in shares(1, 7, patron: patron, period: period).enumerated() where share == 1 {
          extra[j] += 1
        }
      }
      // Four standard deviations of a binomial with n = 1000, p = 1/7.
      for count in extra { #expect(abs(Double(count) - 1_000.0 / 7) < 4 * 11.07) }
    }
  }
}
