import TestSupport
import Testing

@testable import MeceneServer

@Suite struct CallTableTests {
  @Test(arguments: [8, 100, 5_000])
  func `the table agrees with a dictionary`(ids: UInt64) {
    var random = SeededGenerator.printed()
    let seed = random.next()
    func next() -> UInt64 { random.next() >> 20 }
    var table = CallTable<String>(seed: seed)
    var naive: [UInt64: String] = [:]
    for step in 0..<100_000 {
      // Ids that lie far apart, such as a client might choose to make searches slow.
      let id = (next() % ids + 1) << (next() % 2 * 32)
      #expect(table.contains(id) == (naive[id] != nil), "seed \(seed)")
      if naive[id] == nil, next() % 2 == 0 {
        table.insert("\(step)", id: id)
        naive[id] = "\(step)"
      } else {
        #expect(table.remove(id) == naive.removeValue(forKey: id), "seed \(seed)")
      }
      #expect(table.count == naive.count)
    }
    #expect(Set(table.all) == Set(naive.keys) && naive.allSatisfy { table[$0.key] == $0.value })
    #expect(table[0] == nil && !table.contains(0))
  }
}
