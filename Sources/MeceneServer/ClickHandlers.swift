internal import MeceneEngine
internal import MeceneLedger
internal import MeceneWire

extension Handlers: ClickServiceHandler {
  /// What a click on a thing with a long URL takes in an answer, in bytes.
  private static let clickBytesMax = 4_096

  func click(_ request: ClickRequest, _ call: CallContext) throws -> Answer<ClickResponse> {
    let command = Command.click(
      try reference(request.patron, field: "patron"), try reference(request.thing), try period(request.period)
    )
    return .write(.command(command)) { outcome in
      guard case .clicked(let standing, let already) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(
        ClickResponse(
          period: standing.period.description, alreadyClicked: already, clicks: UInt64(standing.clicks),
          shareMicros: standing.share.rawValue, potMicros: standing.pot.rawValue))
    }
  }

  func clickMany(_ request: ClickManyRequest, _ call: CallContext) throws -> Answer<ClickManyResponse> {
    let command = Command.clickMany(
      patrons: request.patronIDs, things: request.thingIDs, try period(request.period))
    return .write(.command(command)) { outcome in
      guard case .clickedMany(let many) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(
        ClickManyResponse(
          period: many.period.description, clicked: UInt32(many.clicked),
          alreadyClicked: UInt32(many.alreadyClicked), refused: UInt32(many.refusedIndexes.count),
          refusedIndexes: many.refusedIndexes,
          refusedReasons: many.refusedReasons.map { MeceneWire.Reason(rawValue: $0.rawValue) }))
    }
  }

  func undoClick(_ request: UndoClickRequest, _ call: CallContext) throws -> Answer<UndoClickResponse> {
    let command = Command.undoClick(
      try reference(request.patron, field: "patron"), try reference(request.thing), try period(request.period)
    )
    return .write(.command(command)) { outcome in
      guard case .undone(let standing, let was) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(
        UndoClickResponse(
          period: standing.period.description, wasClicked: was, clicks: UInt64(standing.clicks),
          shareMicros: standing.share.rawValue, potMicros: standing.pot.rawValue))
    }
  }

  /// The open period's clicks are known to the writer alone; those of closed periods are in the books.
  func listClicks(_ request: ListClicksRequest, _ call: CallContext) throws -> Answer<ListClicksResponse> {
    let patron = try reference(request.patron, field: "patron")
    let asked = try period(request.period)
    let size = try limits.pageSize(request.pageSize)
    // Few lists have a second page: the words are not made for the others.
    @Sendable func arguments() -> [String] { ["clicks", "\(patron)", request.period] }
    let after = try PageToken.parse(request.pageToken, arguments: arguments()).map(ThingID.init)
    let (engine, limits) = (engine, limits)
    let bytes = min(size * Self.clickBytesMax, limits.pageBytesMax)
    @Sendable func closed(_ period: Period) -> Answer<ListClicksResponse> {
      .task(bytes: bytes) {
        let page = try await engine.closedClicks(patron, period, after: after, limit: size)
        let labels = try await engine.read(.labels(of: page.things, bytesMax: limits.pageBytesMax))
        return Self.response(page, labels, limits, arguments())
      }
    }
    if let asked, asked != engine.openPeriod { return closed(asked) }
    return .ask(.command(.openClicks(patron, nil, after: after, limit: size))) { outcome in
      guard case .clicks(let page) = outcome else { throw Handlers.unexpected(outcome) }
      // The month may have ended on the way to the writer.
      if let asked, asked != page.period { return closed(asked) }
      let query = Query.labels(of: page.things, bytesMax: limits.pageBytesMax)
      return .read(bytes: page.things.count * Self.clickBytesMax, query) {
        Self.response(page, $0, limits, arguments())
      }
    }
  }

  /// Adds what the things are called, which only the books know.
  private static func response(
    _ page: ClickPage, _ labels: [ThingLabel], _ limits: Limits, _ arguments: @autoclosure () -> [String]
  ) -> ListClicksResponse {
    let (clicks, isCut) = limits.page(Array(zip(labels, page.shares))) { thing, share in
      PatronClick(
        thingID: UInt64(clamping: thing.id.rawValue), url: thing.url, title: thing.title,
        ownerName: thing.ownerName, shareMicros: share.rawValue)
    } bytes: {
      $0.url.utf8.count + $0.title.utf8.count + $0.ownerName.utf8.count + 32
    }
    let last = clicks.last.map { Int64(clamping: $0.thingID) }
    return ListClicksResponse(
      clicks: clicks,
      nextPageToken: page.hasMore || isCut || labels.count < page.things.count
        ? PageToken.make(after: last ?? 0, arguments: arguments()) : "",
      period: page.period.description, clicksTotal: UInt64(clamping: page.clicksTotal),
      potMicros: page.pot.rawValue,
      feeMicros: page.fee.rawValue, settled: page.settled)
  }
}
