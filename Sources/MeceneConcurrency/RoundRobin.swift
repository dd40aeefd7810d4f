/// What waits, by whom it waits for: each caller's in its order, and callers in turn. So whoever asks for much keeps nobody
/// waiting for more than one element of each caller.
public struct RoundRobin<Caller: Hashable, Element> {
  private struct Line {
    var elements: [Element]
    var next = 0
  }

  private var lines: [Caller: Line] = [:]
  /// Callers that have something waiting, from `turn` on in the order of their turns.
  private var callers: [Caller] = []
  private var turn = 0
  /// How many elements wait.
  public private(set) var count = 0

  /// Nothing that waits.
  public init() {}

  public var isEmpty: Bool { count == 0 }

  /// Adds an element behind all others of its caller.
  public mutating func append(_ element: Element, of caller: Caller) {
    count += 1
    if lines[caller]?.elements.append(element) == nil {
      lines[caller] = Line(elements: [element])
      callers.append(caller)
    }
  }

  /// Takes the element whose turn it is. Its caller's next one waits until all other callers had a turn.
  public mutating func popFirst() -> Element? {
    guard let (caller, found) = nextLine() else { return nil }
    var line = found
    let element = line.elements[line.next]
    line.next += 1
    count -= 1
    if line.next < line.elements.count {
      if line.next > 64, line.next * 2 > line.elements.count {
        line.elements.removeFirst(line.next)
        line.next = 0
      }
      lines[caller] = line
      callers.append(caller)
    }
    return element
  }

  /// Forgets what waits for a caller.
  public mutating func removeAll(of caller: Caller) {
    // Its turn comes all the same, with nothing.
    if let line = lines.removeValue(forKey: caller) { count -= line.elements.count - line.next }
  }

  private mutating func nextLine() -> (caller: Caller, line: Line)? {
    while turn < callers.count {
      let caller = callers[turn]
      turn += 1
      // The turns that are over would pile up.
      if turn > 64, turn * 2 > callers.count {
        callers.removeFirst(turn)
        turn = 0
      }
      if let line = lines.removeValue(forKey: caller) { return (caller, line) }
    }
    (callers, turn) = ([], 0)
    return nil
  }
}
