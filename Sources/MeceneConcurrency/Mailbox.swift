/// Values on their way to one receiver, which is woken only when it was idle.
///
///     idle --post--> busy (the poster wakes the receiver) --take finds nothing--> idle
///
/// A receiver takes until it finds nothing, so that whoever posts meanwhile need not wake it. Callers compile it for their own
/// elements, as they do `Locked`.
public final class Mailbox<Element: Sendable>: Sendable {
  @usableFromInline struct State: Sendable {
    @usableFromInline var elements: [Element] = []
    @usableFromInline var isBusy = false

    @inlinable init() {}
  }

  @usableFromInline let state: Locked<State>

  /// An empty mailbox, whose receiver is idle.
  @inlinable public init() { state = Locked(State()) }

  /// Leaves values for the receiver.
  ///
  /// - Returns: True when the receiver was idle and the caller has to wake it.
  @inlinable public func post(_ elements: [Element]) -> Bool {
    state.withLock { state in
      if state.elements.isEmpty { state.elements = elements } else { state.elements += elements }
      defer { state.isBusy = true }
      return !state.isBusy
    }
  }

  /// Leaves one value, in the same way.
  @inlinable public func post(_ element: Element) -> Bool { post([element]) }

  /// All that waits; nil when nothing does, and the receiver is idle then.
  @inlinable public func take() -> [Element]? {
    state.withLock { state in
      if state.elements.isEmpty {
        state.isBusy = false
        return nil
      }
      defer { state.elements = [] }
      return state.elements
    }
  }

  /// All that waits, for a receiver that has something to do in any case: it stays busy, also when there is nothing.
  @inlinable public func takeMore() -> [Element] {
    state.withLock { state in
      defer { state.elements = [] }
      return state.elements
    }
  }

  /// Whether nothing waits.
  @inlinable public var isEmpty: Bool { state.withLock { $0.elements.isEmpty } }

  /// Marks the receiver as busy: it is about to take anyway, and need not be woken.
  @inlinable public func hold() { state.withLock { $0.isBusy = true } }

  /// Removes the first waiting value that fits.
  ///
  /// - Returns: False when none waits any more.
  @inlinable public func remove(where fits: (Element) -> Bool) -> Bool {
    state.withLock { state in
      guard let index = state.elements.firstIndex(where: fits) else { return false }
      state.elements.remove(at: index)
      return true
    }
  }
}
