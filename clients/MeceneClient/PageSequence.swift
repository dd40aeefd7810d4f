public import MeceneWire

/// The pages of a list, each fetched when it is asked for.
public struct PageSequence<Request: PagedRequest, Page: PagedResponse>: AsyncSequence, Sendable {
  let client: MeceneClient
  let method: Method
  let request: Request
  let options: CallOptions

  /// Fetches one page after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let sequence: PageSequence
    fileprivate var request: Request?

    /// The next page; nil after the last. Throws `MeceneError`.
    public mutating func next() async throws -> Page? {
      guard var current = request else { return nil }
      let page: Page = try await sequence.client.unary(sequence.method, current, sequence.options)
      current.pageToken = page.nextPageToken
      request = page.nextPageToken.isEmpty ? nil : current
      return page
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(sequence: self, request: request) }
}
