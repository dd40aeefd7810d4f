internal import MeceneConcurrency

/// Does something for each element, some at a time, and throws the first error.
///
/// Calls of one client that are begun here reach the daemon in the order of the elements, so that the same file gives
/// the same numbers to accounts and things every time.
///
/// - Parameter inFlight: How many at a time.
func forEachConcurrently<Element: Sendable>(
  _ elements: some Sequence<Element>, inFlight: Int = 512,
  _ body: @escaping @Sendable (Element) async throws -> Void
) async throws {
  let executor = InOrderExecutor(label: "mecene.calls")
  try await withThrowingTaskGroup(of: Void.self) { group in
    var running = 0
    for element in elements {
      if running == inFlight {
        try await group.next()
        running -= 1
      }
      group.addTask(executorPreference: executor) { try await body(element) }
      running += 1
    }
    try await group.waitForAll()
  }
}
