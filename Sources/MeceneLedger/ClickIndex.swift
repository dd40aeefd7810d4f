/// The open period's clicks: which patron clicked which thing, and each patron's clicks.
///
/// An append-only list of 12-byte entries, found through open-addressing tables of a one-byte tag and a four-byte
/// position for each slot, and chained from the newest to the oldest of the same patron: about 21 bytes a click. An
/// undone click keeps its entry, marked, so that nothing ever moves; clicking again clears the mark.
///
/// Tags let a search pass over other clicks' slots without looking at their entries, each of which would miss the
/// cache. The table is cut into 256 parts that grow one by one, each at another load: growing a single table of 5.6
/// million clicks would keep everybody waiting for 0.4 s, and parts that grow at the same load did so all within 40,000
/// clicks of each other.
package struct ClickIndex: Sendable {
  /// The end of a patron's chain.
  package static let end = UInt32.max

  private struct Entry {
    var patron: UInt32
    // The highest bit marks an undone click.
    var thingAndMark: UInt32
    var next: UInt32

    var thing: UInt32 { thingAndMark & ~ClickIndex.undoneMark }
    var isUndone: Bool { thingAndMark & ClickIndex.undoneMark != 0 }
  }

  /// One part of the table: at most three quarters full, its size a power of two.
  private struct Part {
    // 0 is free; others have the highest bit set.
    var tags: [UInt8] = Array(repeating: 0, count: 16)
    var positions: [UInt32] = Array(repeating: 0, count: 16)
    var count = 0
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
  private var entries: [Entry] = []
  private var parts = [Part](repeating: Part(), count: 1 << partBits)
  /// Clicks that stand.
  package private(set) var count = 0

  package init() {}

  /// Makes room for this many entries.
  package mutating func reserve(_ capacity: Int) {
    entries.reserveCapacity(capacity)
    // Parts are not filled evenly: 5 % more than their share keeps nearly all of them from growing.
    let share = capacity / parts.count * 21 / 20
    for part in parts.indices {
      var size = parts[part].tags.count
      while share > Self.countMax(part, size: size) { size *= 2 }
      if size > parts[part].tags.count { grow(part, to: size) }
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
        let entry = entries[position]
        if entry.patron == patron, entry.thing == thing {
          return Place(hash: hash, slot: slot, position: position, isStanding: !entry.isUndone)
        }
      }
      slot = (slot + 1) & mask
    }
  }

  /// Adds a click that does not stand at the place where the search for it ended, chained before `head`; returns the
  /// patron's new head. Nothing may have been added since the search.
  package mutating func insert(at place: Place, patron: UInt32, thing: UInt32, head: UInt32) -> UInt32 {
    count += 1
    if place.position >= 0 {
      entries[place.position].thingAndMark &= ~Self.undoneMark
      return head
    }
    let position = UInt32(entries.count)
    entries.append(Entry(patron: patron, thingAndMark: thing, next: head))
    let part = Self.part(place.hash)
    parts[part].count += 1
    parts[part].tags[place.slot] = Self.tag(place.hash)
    parts[part].positions[place.slot] = position
    if parts[part].count > Self.countMax(part, size: parts[part].tags.count) {
      grow(part, to: parts[part].tags.count * 2)
    }
    return position
  }

  /// Takes a click back; false when it is not there.
  package mutating func remove(patron: UInt32, thing: UInt32) -> Bool {
    let place = find(patron: patron, thing: thing)
    guard place.isStanding else { return false }
    entries[place.position].thingAndMark |= Self.undoneMark
    count -= 1
    return true
  }

  /// The things of the chain that begins at `head`, rising.
  package func things(from head: UInt32) -> [UInt32] {
    var result: [UInt32] = []
    var position = head
    while position != Self.end {
      let entry = entries[Int(position)]
      if !entry.isUndone { result.append(entry.thing) }
      position = entry.next
    }
    result.sort()
    return result
  }

  /// Reads the slot where a search would begin, so that it is in the cache when the search comes.
  func touch(patron: UInt32, thing: UInt32) -> UInt8 {
    let hash = Self.hash(patron, thing)
    let part = Self.part(hash)
    let slot = Self.slot(hash) & (parts[part].tags.count - 1)
    return parts[part].tags[slot] &+ UInt8(truncatingIfNeeded: parts[part].positions[slot])
  }

  /// From 9/16 to 3/4 of the size, rising with the part.
  private static func countMax(_ part: Int, size: Int) -> Int { size * (768 + part) / 1_366 }

  private mutating func grow(_ part: Int, to size: Int) {
    let old = parts[part]
    // Entries stand anywhere in memory. Reading them all before anything is placed lets the processor wait for several at
    // once: 1.5 million insertions took 0.55 s without it, and take 0.36 s.
    let homes =
      old.count == 0
      ? []
      : old.positions.map { position -> UInt32 in
        // A free slot's position is 0, which is somebody's: not asking is faster.
        let entry = entries[Int(position)]
        return UInt32(truncatingIfNeeded: Self.slot(Self.hash(entry.patron, entry.thing)))
      }
    var tags = [UInt8](repeating: 0, count: size)
    var positions = [UInt32](repeating: 0, count: size)
    for slot in old.tags.indices where old.tags[slot] != 0 {
      var place = Int(homes[slot]) & (size - 1)
      while tags[place] != 0 { place = (place + 1) & (size - 1) }
      tags[place] = old.tags[slot]
      positions[place] = old.positions[slot]
    }
    parts[part].tags = tags
    parts[part].positions = positions
  }

  private static func hash(_ patron: UInt32, _ thing: UInt32) -> UInt64 {
    Split.mix(UInt64(patron) << 32 | UInt64(thing))
  }

  // Different bits of the hash choose the part, the slot and the tag.
  private static func part(_ hash: UInt64) -> Int { Int(hash & (1 << partBits - 1)) }
  private static func slot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> partBits & 0xffff_ffff) }
  private static func tag(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash >> 56) | 0x80 }
}
