/// The things that a patron of many clicks likes, in their order, so that a page of them costs no more than the page.
///
/// Runs of up to 512 numbers, each in order and all in order: a search looks at a few of them, and a new number moves less
/// than one run.
struct OrderedThings: Sendable {
  private static let runMax = 512

  private var runs: [[UInt32]] = []
  private(set) var count = 0

  /// - Parameter things: Rising.
  init(_ things: [UInt32]) {
    for start in stride(from: 0, to: things.count, by: Self.runMax / 2) {
      runs.append(Array(things[start..<min(start + Self.runMax / 2, things.count)]))
    }
    count = things.count
  }

  /// Adds a thing that is not there.
  mutating func insert(_ thing: UInt32) {
    count += 1
    guard !runs.isEmpty else { return runs.append([thing]) }
    let position = run(of: thing)
    let place = runs[position].partition { $0 > thing }
    runs[position].insert(thing, at: place)
    guard runs[position].count > Self.runMax else { return }
    let second = Array(runs[position][(Self.runMax / 2)...])
    runs[position].removeSubrange((Self.runMax / 2)...)
    runs.insert(second, at: position + 1)
  }

  /// Takes a thing out that is there.
  mutating func remove(_ thing: UInt32) {
    guard !runs.isEmpty else { return }
    let position = run(of: thing)
    let place = runs[position].partition { $0 >= thing }
    guard place < runs[position].count, runs[position][place] == thing else { return }
    runs[position].remove(at: place)
    count -= 1
    if runs[position].isEmpty { runs.remove(at: position) }
  }

  /// The things after one, rising.
  ///
  /// - Returns: How many come before them, and at most `limit` of them.
  func page(after: UInt32?, limit: Int) -> (before: Int, things: [UInt32]) {
    guard !runs.isEmpty else { return (0, []) }
    var position = after.map(run) ?? 0
    var place = after.map { after in runs[position].partition { $0 > after } } ?? 0
    var before = place
    for earlier in 0..<position { before += runs[earlier].count }
    var things: [UInt32] = []
    while position < runs.count, things.count < limit {
      things += runs[position][place...].prefix(limit - things.count)
      (position, place) = (position + 1, 0)
    }
    return (before, things)
  }

  /// The run that holds a thing, or would.
  private func run(of thing: UInt32) -> Int {
    var (low, high) = (0, runs.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if runs[middle][0] <= thing { low = middle } else { high = middle }
    }
    return low
  }
}

extension [UInt32] {
  /// The first position from which on `holds` is true; it is true for all numbers behind the first for which it is.
  fileprivate func partition(_ holds: (UInt32) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
