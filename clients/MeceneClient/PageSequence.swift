internal import MeceneWire

/// The pages of a list, each fetched when it is asked for.
public struct PageSequence<Page: Sendable>: AsyncSequence, Sendable {
  private let first: String
  private let fetch: @Sendable (_ pageToken: String) async throws -> (page: Page, next: String)

  init<Request: PagedRequest>(
    _ client: MeceneClient, _ method: Method, _ request: Request, _ options: CallOptions?
  ) where Page: PagedResponse {
    first = request.pageToken
    fetch = { pageToken in
      var request = request
      request.pageToken = pageToken
      let page: Page = try await client.unary(method, request, options)
      return (page, page.nextPageToken)
    }
  }

  /// Fetches one page after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let sequence: PageSequence
    fileprivate var pageToken: String?

    /// The next page; nil after the last.
    ///
    /// - Throws: `MeceneError`, or `CancellationError` when the task was cancelled.
    public mutating func next() async throws -> Page? {
      guard let asked = pageToken else { return nil }
      let (page, next) = try await sequence.fetch(asked)
      pageToken = next.isEmpty ? nil : next
      return page
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(sequence: self, pageToken: first) }
}
