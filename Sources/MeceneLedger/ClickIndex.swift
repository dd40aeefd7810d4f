/// The open period's clicks: which patron clicked which thing, and each patron's clicks.
///
/// An append-only list of 12-byte entries, found through an open-addressing table of 4-byte positions that is at
/// most two thirds full, and chained from the newest to the oldest of the same patron: about 20 bytes a click. An
/// undone click keeps its entry, marked, so that nothing ever moves; clicking again clears the mark.
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

  private static let undoneMark: UInt32 = 1 << 31
  private var entries: [Entry] = []
  // Positions of entries plus 1; 0 is free.
  private var table: [UInt32] = Array(repeating: 0, count: 1_024)
  /// Clicks that stand.
  package private(set) var count = 0

  package init() {}

  /// Makes room for this many entries.
  package mutating func reserve(_ capacity: Int) {
    entries.reserveCapacity(capacity)
    var size = table.count
    while capacity * 3 > size * 2 { size *= 2 }
    if size > table.count { rebuildTable(size: size) }
  }

  package func contains(patron: UInt32, thing: UInt32) -> Bool {
    let position = find(patron, thing)
    return position >= 0 && !entries[position].isUndone
  }

  /// Adds a click that is not there, chained before `head`; returns the patron's new head.
  package mutating func insert(patron: UInt32, thing: UInt32, head: UInt32) -> UInt32 {
    count += 1
    let position = find(patron, thing)
    if position >= 0 {
      entries[position].thingAndMark &= ~Self.undoneMark
      return head
    }
    if (entries.count + 1) * 3 > table.count * 2 { rebuildTable(size: table.count * 2) }
    entries.append(Entry(patron: patron, thingAndMark: thing, next: head))
    place(entries.count - 1)
    return UInt32(entries.count - 1)
  }

  /// Takes a click back; false when it is not there.
  package mutating func remove(patron: UInt32, thing: UInt32) -> Bool {
    let position = find(patron, thing)
    guard position >= 0, !entries[position].isUndone else { return false }
    entries[position].thingAndMark |= Self.undoneMark
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

  private func find(_ patron: UInt32, _ thing: UInt32) -> Int {
    var slot = slot(patron, thing)
    while true {
      let stored = table[slot]
      if stored == 0 { return -1 }
      let entry = entries[Int(stored) - 1]
      if entry.patron == patron && entry.thing == thing { return Int(stored) - 1 }
      slot = (slot + 1) & (table.count - 1)
    }
  }

  private mutating func place(_ position: Int) {
    var slot = slot(entries[position].patron, entries[position].thing)
    while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
    table[slot] = UInt32(position) + 1
  }

  private func slot(_ patron: UInt32, _ thing: UInt32) -> Int {
    Int(truncatingIfNeeded: Split.mix(UInt64(patron) << 32 | UInt64(thing))) & (table.count - 1)
  }

  private mutating func rebuildTable(size: Int) {
    table = Array(repeating: 0, count: size)
    for position in entries.indices { place(position) }
  }
}
