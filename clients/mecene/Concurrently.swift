/// Does something for each element, some at a time, and throws the first error.
///
/// - Parameter inFlight: How many at a time.
func forEachConcurrently<Element: Sendable>(
  _ elements: some Sequence<Element>, inFlight: Int = 512,
  _ body: @escaping @Sendable (Element) async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    var running = 0
    for element in elements {
      if running == inFlight {
        try await group.next()
        running -= 1
      }
      group.addTask { try await body(element) }
      running += 1
    }
    try await group.waitForAll()
  }
}
