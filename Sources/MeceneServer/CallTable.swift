internal import MeceneLedger

/// The calls in flight of one connection, found by the ids that its client chose.
///
/// Open addressing over ids, at most half full, with the calls in a list beside it: what is looked at for every call is
/// twelve plain bytes, where a dictionary of calls would hash four times a call and copy each call as often.
struct CallTable<Call>: ~Copyable {
  // 0 is free: no call has the id 0.
  private var ids: [UInt64] = []
  private var positions: [UInt32] = []
  private var calls: [Call?] = []
  private var free: [UInt32] = []
  private(set) var count = 0
  /// Clients choose ids, and should not be able to choose which ones collide.
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  var isEmpty: Bool { count == 0 }

  /// The ids of all calls, in no order.
  var all: [UInt64] { ids.filter { $0 != 0 } }

  func contains(_ id: UInt64) -> Bool { slot(of: id) != nil }

  /// A call; one that is set has to be there.
  subscript(id: UInt64) -> Call? {
    get { slot(of: id).flatMap { calls[Int(positions[$0])] } }
    set { if let slot = slot(of: id) { calls[Int(positions[slot])] = newValue } }
  }

  /// Adds a call. Its id is not 0, and no other call has it.
  mutating func insert(_ call: consuming Call, id: UInt64) {
    if (count + 1) * 2 > ids.count { grow() }
    let position: UInt32
    if let vacant = free.popLast() {
      position = vacant
      calls[Int(position)] = consume call
    } else {
      position = UInt32(calls.count)
      calls.append(consume call)
    }
    place(id, position)
    count += 1
  }

  /// Takes a call out; nil when there is none of this id.
  mutating func remove(_ id: UInt64) -> Call? {
    guard var hole = slot(of: id) else { return nil }
    let position = positions[hole]
    let call = calls[Int(position)].take()
    free.append(position)
    count -= 1
    // Whoever stood behind the hole and belongs before it moves up, so that searches may end at a free slot.
    let mask = ids.count - 1
    var next = (hole + 1) & mask
    while ids[next] != 0 {
      if (next - home(ids[next])) & mask >= (next - hole) & mask {
        ids[hole] = ids[next]
        positions[hole] = positions[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    ids[hole] = 0
    return call
  }

  /// Gives room back that many calls took.
  mutating func shrink() {
    guard count == 0, ids.count > 64 else { return }
    (ids, positions, calls, free) = ([], [], [], [])
  }

  private func slot(of id: UInt64) -> Int? {
    if ids.isEmpty || id == 0 { return nil }
    var slot = home(id)
    while ids[slot] != 0 {
      if ids[slot] == id { return slot }
      slot = (slot + 1) & (ids.count - 1)
    }
    return nil
  }

  private mutating func place(_ id: UInt64, _ position: UInt32) {
    var slot = home(id)
    while ids[slot] != 0 { slot = (slot + 1) & (ids.count - 1) }
    ids[slot] = id
    positions[slot] = position
  }

  /// Where a search for an id begins.
  private func home(_ id: UInt64) -> Int {
    Int(truncatingIfNeeded: Split.mix(id ^ seed)) & (ids.count - 1)
  }

  private mutating func grow() {
    let (oldIDs, oldPositions) = (ids, positions)
    let size = max(8, ids.count * 2)
    ids = Array(repeating: 0, count: size)
    positions = Array(repeating: 0, count: size)
    for (id, position) in zip(oldIDs, oldPositions) where id != 0 { place(id, position) }
  }
}
