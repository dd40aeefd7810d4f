import MeceneConcurrency
import TestSupport
import Testing

@Suite struct RoundRobinTests {
  @Test func `each caller's elements keep their order, and nothing is lost`() {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<50 {
      var queue = RoundRobin<Int, Int>()
      var waiting: [Int: [Int]] = [:]
      var next = 0
      for _ in 0..<2_000 {
        if random.next() % 100 < 52 {
          let caller = Int(random.next() % 7)
          queue.append(next * 10 + caller, of: caller)
          waiting[caller, default: []].append(next * 10 + caller)
          next += 1
        } else if random.next() % 40 == 0 {
          let caller = Int(random.next() % 7)
          queue.removeAll(of: caller)
          waiting[caller] = nil
        } else {
          let element = queue.popFirst()
          if let element {
            let caller = element % 10
            #expect(waiting[caller]?.first == element)
            waiting[caller]?.removeFirst()
          } else {
            #expect(waiting.values.reduce(0) { $0 + $1.count } == 0)
          }
        }
        #expect(queue.count == waiting.values.reduce(0) { $0 + $1.count })
      }
    }
  }

  @Test func `callers have their turns one after the other`() {
    var queue = RoundRobin<String, Int>()
    for number in 0..<1_000 { queue.append(number, of: "a") }
    for number in 0..<3 { queue.append(number, of: "b") }
    queue.append(0, of: "c")
    #expect((0..<6).map { _ in queue.popFirst() } == [0, 0, 0, 1, 1, 2])
    var rest: [Int] = []
    while let element = queue.popFirst() { rest.append(element) }
    #expect(rest == [2] + Array(3..<1_000))
    #expect(queue.isEmpty)
  }
}
