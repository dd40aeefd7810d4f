import TestSupport
import Testing

@testable import MeceneLedger

@Suite struct RadixSortTests {
  @Test(arguments: [0, 1, 2, 1_000, 50_000], [0, 5, 32, 47, 63] as [UInt64])
  func `keys of any width are sorted as by comparison`(count: Int, shift: UInt64) {
    var random = SeededGenerator(seed: UInt64(count) + shift)
    let keys = (0..<count).map { _ in random.next() >> shift }
    #expect(RadixSort.sorted(keys) == keys.sorted())
  }
}
