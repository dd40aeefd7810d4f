public import MeceneWire

/// Why a call failed.
public struct MeceneError: Error, Sendable, Hashable, CustomStringConvertible {
  /// gRPC's status code.
  public let code: StatusCode
  /// What programs branch on.
  public let reason: Reason
  /// The request field at fault, as spelled in the contract; empty when no single field is.
  public let field: String
  /// One sentence; its wording may change.
  public let message: String
  /// Every number of the sentence, by name.
  public let details: [String: String]
  /// True = nothing was done, and the call may be sent again whatever its method.
  public let notExecuted: Bool
  /// Milliseconds to wait before another attempt; 0 = no advice.
  public let retryAfterMs: UInt32
  /// What the last attempt to connect or to wait for an answer ran into; nil when the daemon itself answered.
  public let cause: String?

  init(
    _ reason: Reason, _ message: String, notExecuted: Bool = false, cause: String? = nil
  ) {
    self.reason = reason
    code = reason.status ?? .unknown
    field = ""
    self.message = message
    details = [:]
    self.notExecuted = notExecuted
    retryAfterMs = 0
    self.cause = cause
  }

  init(_ response: Response) {
    let failure = response.error ?? Failure()
    code = StatusCode(rawValue: Int32(truncatingIfNeeded: response.status)) ?? .unknown
    reason = failure.reason
    field = failure.field
    message = failure.message
    details = Dictionary(failure.details.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    notExecuted = failure.notExecuted
    retryAfterMs = failure.retryAfterMs
    cause = nil
  }

  /// The sentence, with what lies behind it.
  public var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
