internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneLedger
internal import MeceneProof
internal import MeceneWire
internal import Synchronization

extension Handlers: DaemonServiceHandler {
  /// The protocol's version: it counts changes that old clients can't live with.
  static let protocolVersion: UInt32 = 1

  func getStatus(_ request: GetStatusRequest, _ call: CallContext) throws -> Answer<GetStatusResponse> {
    let (engine, daemon, limits) = (engine, daemon, limits)
    return .read(bytes: limits.bytesAlways, .status) { status in
      GetStatusResponse(
        version: daemon.version, protocolVersion: Self.protocolVersion,
        uptimeMs: Int64(call.arrival.since(daemon.startedAt) / 1_000_000),
        nowMs: status.now.milliseconds, openPeriod: status.openPeriod.description,
        oldestUnsettledPeriod: status.oldestUnsettled?.description ?? "",
        accounts: UInt64(clamping: status.accounts),
        things: UInt64(clamping: status.things), openClicks: UInt64(clamping: status.openClicks),
        transfers: UInt64(clamping: status.transfers), commits: UInt64(clamping: status.lastCommit.number),
        settlements: UInt64(clamping: status.settlements),
        databaseBytes: UInt64(clamping: status.databaseBytes),
        logBytes: UInt64(clamping: status.logBytes), connections: UInt64(daemon.connections.withLock { $0 }),
        feesMicros: status.fees.rawValue, moneyMicros: status.money.rawValue,
        settings: daemon.settings.map { Setting(name: $0.name, value: $0.value) },
        limits: limits.all.map { Setting(name: $0.name, value: $0.value) },
        transfersBehind: UInt64(clamping: status.transfersBehind), lastCommit: status.lastCommit.text,
        unconfirmedClockMs: status.clockDoubt?.wall.milliseconds ?? 0,
        expectedClockMs: status.clockDoubt?.expected.milliseconds ?? 0, terms: PeriodTerms(status.terms),
        nextTerms: PeriodTerms(status.nextTerms), writesRefused: Self.whyWritesAreRefused(engine.condition),
        freeBytes: UInt64(clamping: status.freeBytes), currency: status.currency,
        simulatedClock: status.isClockSimulated)
    }
  }

  private static func whyWritesAreRefused(_ condition: EngineCondition) -> String {
    switch condition {
    case .serving: ""
    case .diskFull: "the disk is full"
    case .diskFailing: "the disk keeps failing"
    case .clockUnconfirmed: "the clock is not confirmed"
    case .recovering: "the books are being read anew"
    case .stopped: "the daemon is stopping"
    }
  }

  func setClock(_ request: SetClockRequest, _ call: CallContext) throws -> Answer<SetClockResponse> {
    .write(.setClock(Timestamp(milliseconds: request.nowMs))) { outcome in
      guard case .clock(let now, let openPeriod) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(SetClockResponse(nowMs: now.milliseconds, openPeriod: openPeriod.description))
    }
  }
}

extension Handlers {
  func confirmClock(
    _ request: ConfirmClockRequest, _ call: CallContext
  ) throws -> Answer<ConfirmClockResponse> {
    .write(.confirmClock(Timestamp(milliseconds: request.nowMs))) { outcome in
      guard case .clock(let now, let openPeriod) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(ConfirmClockResponse(nowMs: now.milliseconds, openPeriod: openPeriod.description))
    }
  }
}

extension Handlers: HealthHandler {
  private static let services = Set(Method.allCases.map(\.service))
  /// Services that are of no use without writing.
  private static let writingServices: Set<String> = [
    "mecene.v1.AccountService", "mecene.v1.ThingService", "mecene.v1.ClickService",
  ]

  func check(_ request: HealthCheckRequest, _ call: CallContext) throws -> Answer<HealthCheckResponse> {
    guard request.service.isEmpty || Self.services.contains(request.service) else {
      throw Refusal(
        .serviceUnknown, field: "service", "there is no service named \(request.service.prefix(100))")
    }
    let serves: Bool
    if daemon.isDraining.load(ordering: .acquiring) {
      serves = false
    } else {
      switch engine.condition {
      case .serving: serves = true
      case .diskFull, .diskFailing, .clockUnconfirmed:
        serves = !Self.writingServices.contains(request.service)
      case .recovering, .stopped: serves = false
      }
    }
    return .now(HealthCheckResponse(status: serves ? .serving : .notServing))
  }
}
