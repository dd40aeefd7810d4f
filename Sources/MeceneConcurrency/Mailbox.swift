/// Values on their way to one receiver, which is woken only when it was idle.
///
///     idle --post--> busy (the poster wakes the receiver) --take finds nothing--> idle
///
/// A receiver takes until it finds nothing, so that whoever posts meanwhile need not wake it.
package final class Mailbox<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isBusy = false
  }

  private let state = Locked(State())

  package init() {}

  /// Leaves values for the receiver.
  ///
  /// - Returns: True when the receiver was idle and the caller has to wake it.
  package func post(_ elements: [Element]) -> Bool {
    state.withLock { state in
      if state.elements.isEmpty { state.elements = elements } else { state.elements += elements }
      defer { state.isBusy = true }
      return !state.isBusy
    }
  }

  package func post(_ element: Element) -> Bool { post([element]) }

  /// All that waits; nil when nothing does, and the receiver is idle then.
  package func take() -> [Element]? {
    state.withLock { state in
      if state.elements.isEmpty {
        state.isBusy = false
        return nil
      }
      defer { state.elements = [] }
      return state.elements
    }
  }

  /// Marks the receiver as busy: it is about to take anyway, and need not be woken.
  package func hold() { state.withLock { $0.isBusy = true } }

  /// Takes back the first waiting value that fits.
  ///
  /// - Returns: False when none waits any more.
  package func withdraw(where fits: (Element) -> Bool) -> Bool {
    state.withLock { state in
      guard let index = state.elements.firstIndex(where: fits) else { return false }
      state.elements.remove(at: index)
      return true
    }
  }
}
