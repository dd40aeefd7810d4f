internal import MeceneEngine
internal import MeceneLedger
internal import MeceneProof
internal import MeceneWire

extension Handlers: SettlementServiceHandler {
  func previewSettlement(
    _ request: PreviewSettlementRequest, _ call: CallContext
  ) throws -> Answer<PreviewSettlementResponse> {
    let period = try period(request.period)
    let engine = engine
    return .task(bytes: limits.bytesAlways) {
      let record = try await engine.preview(period)
      return PreviewSettlementResponse(settlement: Settlement(record), final: record.state != .open)
    }
  }

  func settle(_ request: SettleRequest, _ call: CallContext) throws -> Answer<SettleResponse> {
    let period = try period(request.period)
    let engine = engine
    return .stream { send in
      let record = try await engine.settle(period) { progress in
        send(SettleResponse(event: .progress(MeceneWire.StageProgress(progress))))
      }
      return SettleResponse(event: .settlement(Settlement(record)))
    }
  }

  func getSettlement(
    _ request: GetSettlementRequest, _ call: CallContext
  ) throws -> Answer<GetSettlementResponse> {
    guard let period = try period(request.period) else {
      throw Refusal(.fieldMissing, field: "period", "period has to name a settled period, such as 2026-11")
    }
    return .read(bytes: limits.bytesAlways, .settlement(period)) {
      GetSettlementResponse(settlement: Settlement($0))
    }
  }

  func listSettlements(
    _ request: ListSettlementsRequest, _ call: CallContext
  ) throws -> Answer<ListSettlementsResponse> {
    let size = try limits.pageSize(request.pageSize)
    let before = try PageToken.parse(request.pageToken, arguments: ["settlements"])
    let query = Query.settlements(
      before: before.map { Period(number: Int(clamping: $0)) }, limit: size + 1)
    return .read(bytes: size * 256, query) { records in
      ListSettlementsResponse(
        settlements: records.prefix(size).map(Settlement.init),
        nextPageToken: records.count > size
          ? PageToken.make(after: Int64(records[size - 1].period.number), arguments: ["settlements"]) : "")
    }
  }

  func getRevenue(_ request: GetRevenueRequest, _ call: CallContext) throws -> Answer<GetRevenueResponse> {
    let owner = try reference(request.owner, field: "owner")
    let period = try period(request.period)
    let size = try limits.pageSize(request.pageSize)
    let arguments = ["revenue", "\(owner)", request.period]
    let after = try PageToken.parse(request.pageToken, arguments: arguments).map(ThingID.init)
    let (engine, limits) = (engine, limits)
    return .task(bytes: limits.pageBytesMax) {
      let page = try await engine.revenue(owner, period, after: after, limit: size)
      let labels = try await engine.read(
        .labels(of: page.things.map(\.thing), bytesMax: limits.pageBytesMax))
      let (things, isCut) = limits.page(Array(zip(labels, page.things))) { thing, revenue in
        MeceneWire.ThingRevenue(
          thingID: UInt64(clamping: thing.id.rawValue), url: thing.url, title: thing.title,
          clicks: UInt64(clamping: revenue.clicks), micros: revenue.micros.rawValue)
      } bytes: {
        $0.url.utf8.count + $0.title.utf8.count + 32
      }
      let last = things.last.map { Int64(clamping: $0.thingID) }
      return GetRevenueResponse(
        things: things,
        nextPageToken: page.hasMore || isCut || labels.count < page.things.count
          ? PageToken.make(after: last ?? 0, arguments: arguments) : "",
        period: page.period.description, clicksTotal: UInt64(clamping: page.clicksTotal),
        microsTotal: page.microsTotal.rawValue, settled: page.settled)
    }
  }

  func getReceipt(_ request: GetReceiptRequest, _ call: CallContext) throws -> Answer<GetReceiptResponse> {
    let account = try reference(request.account, field: "account")
    guard let period = try period(request.period) else {
      throw Refusal(.fieldMissing, field: "period", "period has to name a settled period, such as 2026-11")
    }
    let tree: SettlementSeal.Tree
    switch request.role {
    case .patron: tree = .patrons
    case .owner: tree = .owners
    default:
      throw Refusal(
        .fieldMissing, field: "role", "role has to be RECEIPT_ROLE_PATRON or RECEIPT_ROLE_OWNER")
    }
    let engine = engine
    return .task(bytes: limits.pageBytesMax) {
      let (account, proof) = try await engine.receipt(account, period, tree)
      return GetReceiptResponse(receipt: Receipt(account, proof))
    }
  }

  func verify(_ request: VerifyRequest, _ call: CallContext) throws -> Answer<VerifyResponse> {
    let kept = try request.commit.isEmpty ? nil : commit(request.commit)
    let engine = engine
    return .stream { send in
      let verdict = try await engine.verify(against: kept) { progress in
        send(VerifyResponse(event: .progress(MeceneWire.StageProgress(progress))))
      }
      return VerifyResponse(event: .verdict(MeceneWire.Verdict(verdict)))
    }
  }

  private func commit(_ text: String) throws -> CommitPoint {
    guard let commit = CommitPoint(parsing: text) else {
      throw Refusal(
        .invalidValue, field: "commit",
        "commit is a number and a link of 64 hexadecimal digits, as `mecene status` shows them: 14:0a1b…")
    }
    return commit
  }
}
