internal import MeceneEngine
internal import MeceneLedger
internal import MeceneWire

// Every error of the layers below, as the contract says it.
extension Failure {
  /// A failure of the transport or the daemon.
  init(
    _ reason: MeceneWire.Reason, _ sentence: String, notExecuted: Bool = false, retryAfterMs: UInt32 = 0,
    details: [Detail] = []
  ) {
    self.init(
      message: sentence, reason: reason, retryAfterMs: retryAfterMs, notExecuted: notExecuted,
      details: details)
  }

  init(_ refusal: Refusal) {
    self.init(
      message: refusal.sentence, reason: MeceneWire.Reason(rawValue: refusal.reason.rawValue),
      field: refusal.field, details: refusal.details.map { Detail(key: $0.key, value: $0.value) })
  }

  init(_ error: any Error) {
    switch error {
    case let refusal as Refusal: self.init(refusal)
    case let failure as EngineFailure: self.init(failure)
    case let error as WireError: self.init(error)
    case is CancellationError: self = .draining
    default: self.init(.internal, "the daemon failed: \(error)")
    }
  }

  private init(_ failure: EngineFailure) {
    switch failure {
    case .refused(let refusal): self.init(refusal)
    case .expired:
      self.init(.deadlineExceeded, "the call's time ran out before it was executed", notExecuted: true)
    case .commitFailed:
      self.init(
        .commitFailed, "the commit failed; whether the change is on disk is not known", retryAfterMs: 100)
    case .diskFull:
      self.init(
        .diskFull, "the disk is full; reading goes on, writing will when there is room", notExecuted: true,
        retryAfterMs: 1_000)
    case .diskFailing:
      self.init(
        .diskFailing, "the disk keeps failing; reading goes on, writing will when the disk takes it again",
        notExecuted: true, retryAfterMs: 1_000)
    case .clockUnconfirmed(let doubt):
      self.init(
        .clockUnconfirmed,
        "the daemon's clock shows \(doubt.wall.text), and \(doubt.expected.text) was expected; nothing is booked until it is "
          + "right, or `mecene clock confirm` says that it is", notExecuted: true, retryAfterMs: 1_000,
        details: [
          Detail(key: "clock_ms", value: "\(doubt.wall.milliseconds)"),
          Detail(key: "expected_ms", value: "\(doubt.expected.milliseconds)"),
        ])
    case .shutDown: self = .draining
    case .fault(let what): self.init(.internal, "the daemon failed: \(what)")
    }
  }

  private init(_ error: WireError) {
    switch error {
    case .malformed(let field, _):
      self.init(.malformedPayload, error.sentence, notExecuted: true)
      self.field = field
    case .arenaFull(let bytesMax):
      self.init(
        .messageTooLarge, error.sentence, notExecuted: true,
        details: [Detail(key: "memory_bytes_max", value: "\(bytesMax)")])
    }
  }

  static let draining = Failure(
    .draining, "the daemon is shutting down; send the call again", notExecuted: true, retryAfterMs: 100)

  /// The first word on call 0: calls that were accepted are still answered.
  static let drainAnnounced = Failure(
    .draining, "the daemon is shutting down; calls that it has accepted are still answered", retryAfterMs: 100
  )

  /// The last word on call 0.
  static let drained = Failure(
    .draining, "the daemon has answered all that it accepted; what is not answered was not executed",
    notExecuted: true, retryAfterMs: 100)

  // A stream may tell of work that goes on without its listener, so its end says nothing of what was done.

  static let streamDrained = Failure(
    .draining, "the daemon is shutting down; what the call began goes on after its restart", retryAfterMs: 100
  )

  static let streamCancelled = Failure(
    .cancelled, "the client cancelled the call; a settlement that it began goes on")

  static let streamExpired = Failure(
    .deadlineExceeded, "the call's time ran out; a settlement that it began goes on")

  static let cancelled = Failure(.cancelled, "the client cancelled the call", notExecuted: true)

  /// The status code that goes with the reason.
  var status: StatusCode { reason.status ?? .internal }
}
