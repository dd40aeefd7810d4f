import Testing

@testable import MeceneLedger

@Suite struct ClickIndexTests {
  @Test func `the index agrees with a naive set`() {
    var random = SeededGenerator(seed: 3)
    var index = ClickIndex()
    var naive: [UInt32: Set<UInt32>] = [:]
    var heads: [UInt32: UInt32] = [:]
    for step in 0..<200_000 {
      let patron = UInt32.random(in: 0..<300, using: &random)
      let thing = UInt32.random(in: 0..<400, using: &random)
      let isThere = naive[patron, default: []].contains(thing)
      #expect(index.contains(patron: patron, thing: thing) == isThere)
      if Int.random(in: 0..<3, using: &random) == 0 {
        #expect(index.remove(patron: patron, thing: thing) == isThere)
        naive[patron, default: []].remove(thing)
      } else if !isThere {
        heads[patron] = index.insert(patron: patron, thing: thing, head: heads[patron] ?? ClickIndex.end)
        naive[patron, default: []].insert(thing)
      }
      if step % 1_000 == 0 {
        #expect(index.things(from: heads[patron] ?? ClickIndex.end) == naive[patron, default: []].sorted())
      }
    }
    #expect(index.count == naive.values.reduce(0) { $0 + $1.count })
  }
}
