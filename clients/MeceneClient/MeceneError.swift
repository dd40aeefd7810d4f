internal import MeceneWire

/// Why a call failed. A cancelled task's call throws `CancellationError` instead.
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
  /// True = an attempt at the call may have been executed, and no later one could tell. Never together with `notExecuted`.
  public let inDoubt: Bool
  /// The key that the call was made with, when it is in doubt and has one: the same call with this key tells what became of
  /// it, and is never executed twice.
  public let key: String?
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
    inDoubt = false
    key = nil
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
    inDoubt = false
    key = nil
    retryAfterMs = failure.retryAfterMs
    cause = nil
  }

  /// The same error of a call of which an attempt may have been executed.
  init(_ error: MeceneError, inDoubtWithKey key: String?) {
    code = error.code
    reason = error.reason
    field = error.field
    message =
      "\(error.message); whether it was done is not known"
      + (key.map { ": repeat it with the key \($0), which never does it twice" } ?? "")
    details = error.details
    notExecuted = false
    inDoubt = true
    self.key = key
    retryAfterMs = error.retryAfterMs
    cause = error.cause
  }

  /// Whether the call that failed so may have been executed.
  var leavesDoubt: Bool { !notExecuted && reason.leavesDoubt }

  /// Whether the daemon looked at the call before it answered so: it looks up a key before anything else, and would have told
  /// of an earlier attempt that was executed.
  var isAnswer: Bool { !reason.leavesDoubt && !reason.isSaidUnread && cause == nil }

  /// The sentence, with what lies behind it.
  public var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
