internal import MeceneEngine
internal import MeceneLedger
internal import MeceneProof
internal import MeceneWire

extension Handlers: ThingServiceHandler {
  /// What a thing of long texts takes in an answer, in bytes.
  private static let thingBytesMax = 16_384

  func addThing(_ request: AddThingRequest, _ call: CallContext) throws -> Answer<AddThingResponse> {
    let url = try CanonicalURL(request.url)
    let thing = NewThing(
      owner: try reference(request.owner, field: "owner"), url: url,
      fingerprint: fingerprintKey.fingerprint(of: url.identity),
      title: try title(request.title), description: try description(request.description),
      hidden: request.hidden)
    return .write(.command(.addThing(thing))) { outcome in
      guard case .thing(_, let record?, let alreadyAdded) = outcome else {
        throw Handlers.unexpected(outcome)
      }
      return .now(AddThingResponse(thing: Thing(record), alreadyAdded: alreadyAdded))
    }
  }

  func getThing(_ request: GetThingRequest, _ call: CallContext) throws -> Answer<GetThingResponse> {
    let thing = try reference(request.thing)
    return .read(bytes: limits.bytesAlways, .thing(thing)) { GetThingResponse(thing: Thing($0)) }
  }

  func listThings(_ request: ListThingsRequest, _ call: CallContext) throws -> Answer<ListThingsResponse> {
    let owner = try request.owner.map { try reference($0, field: "owner") }
    let size = try limits.pageSize(request.pageSize)
    let arguments = ["things", owner.map { "\($0)" } ?? ""]
    let after = try PageToken.parse(request.pageToken, arguments: arguments).map(ThingID.init)
    let query = Query.things(owner: owner, after: after, limit: size, bytesMax: limits.pageBytesMax)
    return .read(bytes: min(size * Self.thingBytesMax, limits.pageBytesMax), query) { page in
      ListThingsResponse(
        things: page.things.map(Thing.init),
        nextPageToken: page.hasMore
          ? PageToken.make(after: page.things.last?.id.rawValue ?? 0, arguments: arguments) : "")
    }
  }

  func updateThing(_ request: UpdateThingRequest, _ call: CallContext) throws -> Answer<UpdateThingResponse> {
    let command = Command.updateThing(
      try reference(request.thing), title: try request.title.map(title),
      description: try request.description.map(description), hidden: request.hidden)
    return thing(command) { UpdateThingResponse(thing: $0) }
  }

  func retireThing(_ request: RetireThingRequest, _ call: CallContext) throws -> Answer<RetireThingResponse> {
    thing(.retireThing(try reference(request.thing))) { RetireThingResponse(thing: $0) }
  }

  func reviveThing(_ request: ReviveThingRequest, _ call: CallContext) throws -> Answer<ReviveThingResponse> {
    thing(.reviveThing(try reference(request.thing))) { ReviveThingResponse(thing: $0) }
  }

  private func title(_ text: String) throws(Refusal) -> PlainText {
    try PlainText(text, field: "title", charactersMax: PlainText.titleMax)
  }

  private func description(_ text: String) throws(Refusal) -> PlainText {
    try PlainText(text, field: "description", charactersMax: PlainText.descriptionMax, keepsLines: true)
  }

  private func thing<Response: Message>(
    _ command: Command, _ respond: @escaping @Sendable (Thing) -> Response
  ) -> Answer<Response> {
    .write(.command(command)) { outcome in
      guard case .thing(_, let record?, _) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(respond(Thing(record)))
    }
  }
}
