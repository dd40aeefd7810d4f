/// The open period's clicks: which patron clicked which thing, and each patron's clicks.
///
/// Cut into 256 parts by hash. Each is an append-only list of 12-byte entries, found through an open-addressing table
/// of a one-byte tag and a four-byte position for each slot; across parts, entries are chained from the newest to the
/// oldest of the same patron: about 21 bytes a click. An undone click keeps its entry, marked, so that nothing ever
/// moves; clicking again clears the mark. A patron of many clicks has them in order beside that, instead of a chain: a page
/// of a chain costs the whole chain.
///
/// Tags let a search pass over other clicks' slots without looking at their entries, each of which would miss the
/// cache. Parts grow one by one, each at another load: growing a single table of 5.6 million clicks would keep everybody
/// waiting for 0.4 s, and parts that grew at the same load did so all within 40,000 clicks. A part that grows reads its
/// own entries one after the other: when all parts shared one list, 1.5 million insertions took 0.55 s instead of 0.25.
package struct ClickIndex: Sendable {
  /// The end of a patron's chain.
  package static let end = UInt32.max
  /// Clicks of a patron, or entries of a chain, from which on they are kept in order.
  static let orderedFrom = 256

  private struct Entry {
    var patron: UInt32
    // The highest bit marks an undone click.
    var thingAndMark: UInt32
    var next: UInt32

    var thing: UInt32 { thingAndMark & ~ClickIndex.undoneMark }
    var isUndone: Bool { thingAndMark & ClickIndex.undoneMark != 0 }
  }

  /// One part of the clicks. The table's size is a power of two.
  private struct Part {
    // 0 is free; others have the highest bit set.
    var tags: [UInt8] = Array(repeating: 0, count: 16)
    // In `entries`.
    var positions: [UInt32] = Array(repeating: 0, count: 16)
    var entries: [Entry] = []

    mutating func place(_ hash: UInt64, _ position: UInt32) {
      let mask = tags.count - 1
      var slot = ClickIndex.slot(hash) & mask
      while tags[slot] != 0 { slot = (slot + 1) & mask }
      tags[slot] = ClickIndex.tag(hash)
      positions[slot] = position
    }

    mutating func grow(to size: Int) {
      tags = Array(repeating: 0, count: size)
      positions = Array(repeating: 0, count: size)
      for (position, entry) in entries.enumerated() {
        place(ClickIndex.hash(entry.patron, entry.thing), UInt32(position))
      }
    }
  }

  /// Where a search ended: at the click's entry, or at the slot where it would stand.
  package struct Place: Sendable {
    fileprivate let hash: UInt64
    fileprivate let slot: Int
    /// -1 when there is no entry.
    fileprivate let position: Int
    /// Whether the click is there and was not undone.
    package let isStanding: Bool
  }

  private static let undoneMark: UInt32 = 1 << 31
  private static let partBits: UInt64 = 8
  /// A link of a chain is an entry's part and, in so many bits, its position there.
  private static let positionBits: UInt32 = 23
  /// What a patron's clicks begin with who has them in order: this bit, and a position in `ordered`.
  private static let orderedMark: UInt32 = 1 << 31
  private var parts = [Part](repeating: Part(), count: 1 << partBits)
  private var ordered: [OrderedThings] = []
  /// Clicks that stand.
  package private(set) var count = 0

  package init() {}

  /// Makes room for this many entries.
  package mutating func reserve(_ capacity: Int) {
    // Parts are not filled evenly: 5 % more than their share keeps nearly all of them from growing.
    let share = capacity / parts.count * 21 / 20
    for part in parts.indices {
      parts[part].entries.reserveCapacity(share)
      var size = parts[part].tags.count
      while share > Self.entriesMax(part, size: size) { size *= 2 }
      if size > parts[part].tags.count { parts[part].grow(to: size) }
    }
  }

  package func find(patron: UInt32, thing: UInt32) -> Place {
    let hash = Self.hash(patron, thing)
    let part = Self.part(hash)
    let tag = Self.tag(hash)
    let mask = parts[part].tags.count - 1
    var slot = Self.slot(hash) & mask
    while true {
      let found = parts[part].tags[slot]
      if found == 0 { return Place(hash: hash, slot: slot, position: -1, isStanding: false) }
      if found == tag {
        let position = Int(parts[part].positions[slot])
        let entry = parts[part].entries[position]
        if entry.patron == patron, entry.thing == thing {
          return Place(hash: hash, slot: slot, position: position, isStanding: !entry.isUndone)
        }
      }
      slot = (slot + 1) & mask
    }
  }

  /// Adds a click that does not stand at the place where the search for it ended, before `head`, where the patron's clicks
  /// begin; returns their new beginning. Nothing may have been added since the search.
  ///
  /// - Parameter clicks: How many of the patron's clicks stand, with this one.
  package mutating func insert(
    at place: Place, patron: UInt32, thing: UInt32, head: UInt32, clicks: UInt32
  ) -> UInt32 {
    count += 1
    let order = Self.order(head)
    if let order { ordered[order].insert(thing) }
    let part = Self.part(place.hash)
    if place.position >= 0 {
      parts[part].entries[place.position].thingAndMark &= ~Self.undoneMark
      return head
    }
    let position = UInt32(parts[part].entries.count)
    precondition(position >> Self.positionBits == 0, "more than 2,147 million clicks in a month")
    parts[part].entries.append(
      Entry(patron: patron, thingAndMark: thing, next: order == nil ? head : Self.end))
    parts[part].tags[place.slot] = Self.tag(place.hash)
    parts[part].positions[place.slot] = position
    if parts[part].entries.count > Self.entriesMax(part, size: parts[part].tags.count) {
      parts[part].grow(to: parts[part].tags.count * 2)
    }
    if order != nil { return head }
    let link = UInt32(part) << Self.positionBits | position
    return clicks < Self.orderedFrom ? link : putInOrder(chain(from: link).things)
  }

  /// Takes a click back; false when it is not there.
  ///
  /// - Parameter head: Where the patron's clicks begin.
  package mutating func remove(patron: UInt32, thing: UInt32, head: UInt32) -> Bool {
    let place = find(patron: patron, thing: thing)
    guard place.isStanding else { return false }
    parts[Self.part(place.hash)].entries[place.position].thingAndMark |= Self.undoneMark
    if let order = Self.order(head) { ordered[order].remove(thing) }
    count -= 1
    return true
  }

  /// A page of the things of the clicks that begin at `head`, rising. A long chain is put in order: `head` changes.
  ///
  /// - Returns: How many come before them, at most `limit` of them, and how many there are in all.
  package mutating func page(
    from head: inout UInt32, after: UInt32?, limit: Int
  ) -> (before: Int, things: [UInt32], total: Int) {
    if Self.order(head) == nil {
      let (things, entries) = chain(from: head)
      if entries < Self.orderedFrom {
        let before = after.map { after in things.count { $0 <= after } } ?? 0
        return (before, Array(things[before...].prefix(limit)), things.count)
      }
      head = putInOrder(things)
    }
    guard let order = Self.order(head) else { return (0, [], 0) }
    let (before, things) = ordered[order].page(after: after, limit: limit)
    return (before, things, ordered[order].count)
  }

  private mutating func putInOrder(_ things: [UInt32]) -> UInt32 {
    ordered.append(OrderedThings(things))
    return Self.orderedMark | UInt32(ordered.count - 1)
  }

  private static func order(_ head: UInt32) -> Int? {
    head & orderedMark == 0 || head == end ? nil : Int(head & ~orderedMark)
  }

  /// The things of a chain, rising, and how many entries it has.
  private func chain(from head: UInt32) -> (things: [UInt32], entries: Int) {
    var things: [UInt32] = []
    var entries = 0
    var link = head
    while link != Self.end {
      let part = Int(link >> Self.positionBits)
      let entry = parts[part].entries[Int(link & (1 << Self.positionBits - 1))]
      if !entry.isUndone { things.append(entry.thing) }
      entries += 1
      link = entry.next
    }
    things.sort()
    return (things, entries)
  }

  /// Reads the slot where a search would begin, and where a new entry would go, so that they are in the cache then.
  func prefetch(patron: UInt32, thing: UInt32) -> UInt32 {
    let hash = Self.hash(patron, thing)
    let part = Self.part(hash)
    let slot = Self.slot(hash) & (parts[part].tags.count - 1)
    return UInt32(parts[part].tags[slot]) &+ parts[part].positions[slot]
      &+ (parts[part].entries.last?.next ?? 0)
  }

  /// How many entries a part's table takes: from 9/16 to 3/4 of its size, rising with the part.
  private static func entriesMax(_ part: Int, size: Int) -> Int { size * (768 + part) / 1_366 }

  private static func hash(_ patron: UInt32, _ thing: UInt32) -> UInt64 {
    Split.mix(UInt64(patron) << 32 | UInt64(thing))
  }

  // Different bits of the hash choose the part, the slot and the tag.
  private static func part(_ hash: UInt64) -> Int { Int(hash & (1 << partBits - 1)) }
  private static func slot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> partBits & 0xffff_ffff) }
  private static func tag(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash >> 56) | 0x80 }
}
