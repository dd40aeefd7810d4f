import Testing

@testable import MeceneLedger

@Suite struct RadixSortTests {
  @Test(arguments: [0, 1, 2, 1_000, 50_000], [0, 5, 32, 47, 63] as [UInt64])
  func `keys of any width are sorted as by comparison`(count: Int, shift: UInt64) {
    var random = SeededGenerator(seed: UInt64(count) + shift)
    let keys = (0..<count).map { _ in random.next() >> shift }
    #expect(RadixSort.sorted(keys) == keys.sorted())
  }

  @Test func `elements of one key keep their order`() {
    var random = SeededGenerator(seed: 11)
    let elements = (0..<20_000).map { (key: random.next() % 100 << 40, number: $0) }
    let sorted = RadixSort.sorted(elements) { $0.key }
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { ($0.key, $0.number) < ($1.key, $1.number) })
    #expect(Set(sorted.map(\.number)).count == elements.count)
  }
}
