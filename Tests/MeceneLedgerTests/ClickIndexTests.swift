import TestSupport
import Testing

@testable import MeceneLedger

@Suite struct ClickIndexTests {
  /// Ten million random clicks and undone clicks, compared with a table of what stands.
  @Test func `the index agrees with a naive set`() {
    let (people, things) = (3_000, 4_000)
    var random = SeededGenerator(seed: 3)
    var index = ClickIndex()
    var stands = [Bool](repeating: false, count: people * things)
    var heads = [UInt32](repeating: ClickIndex.end, count: people)
    var clicks = [UInt32](repeating: 0, count: people)
    var wrong = 0
    var count = 0
    for _ in 0..<10_000_000 {
      let bits = random.next()
      let patron = Int(bits & 0xffff_ffff) % people
      let thing = Int(bits >> 32 & 0xff_ffff) % things
      let cell = patron * things + thing
      let place = index.find(patron: UInt32(patron), thing: UInt32(thing))
      if place.isStanding != stands[cell] { wrong += 1 }
      if bits >> 62 == 0 {
        let wasThere = index.remove(patron: UInt32(patron), thing: UInt32(thing), head: heads[patron])
        if wasThere != stands[cell] { wrong += 1 }
        if stands[cell] {
          count -= 1
          clicks[patron] -= 1
        }
        stands[cell] = false
      } else if !stands[cell] {
        clicks[patron] += 1
        heads[patron] = index.insert(
          at: place, patron: UInt32(patron), thing: UInt32(thing), head: heads[patron],
          clicks: clicks[patron])
        stands[cell] = true
        count += 1
      }
    }
    #expect(wrong == 0 && index.count == count)
    for patron in 0..<people {
      let expected = (0..<things).filter { stands[patron * things + $0] }.map(UInt32.init)
      let after = patron % 2 == 0 ? nil : UInt32(patron)
      let page = index.page(from: &heads[patron], after: after, limit: 1_500)
      let before = expected.count { thing in after.map { thing <= $0 } ?? false }
      if page != (before, Array(expected[before...].prefix(1_500)), expected.count) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  /// Clicked and undone again and again, so that few clicks stand in a long chain.
  @Test func `a chain of undone clicks is walked once`() {
    var (index, head) = (ClickIndex(), ClickIndex.end)
    for thing in 0..<10_000 as Range<UInt32> {
      let place = index.find(patron: 7, thing: thing)
      head = index.insert(at: place, patron: 7, thing: thing, head: head, clicks: 1)
      let wasThere = index.remove(patron: 7, thing: thing, head: head)
      #expect(wasThere)
    }
    let chain = head
    let none = index.page(from: &head, after: nil, limit: 10)
    #expect(none == (0, [], 0) && head != chain)
    let again = index.find(patron: 7, thing: 5)
    let same = index.insert(at: again, patron: 7, thing: 5, head: head, clicks: 1)
    let one = index.page(from: &head, after: 4, limit: 10)
    #expect(same == head && one == (0, [5], 1))
  }

  @Test func `room that was made beforehand changes nothing`() {
    var index = ClickIndex()
    index.reserve(100_000)
    for n in 0..<100_000 as Range<UInt32> {
      let place = index.find(patron: n % 1_000, thing: n)
      _ = index.insert(at: place, patron: n % 1_000, thing: n, head: ClickIndex.end, clicks: 1)
    }
    #expect(index.count == 100_000)
    #expect(
      (0..<100_000 as Range<UInt32>).allSatisfy { index.find(patron: $0 % 1_000, thing: $0).isStanding })
    #expect(!index.find(patron: 1, thing: 2).isStanding)
  }
}
