internal import MeceneWire

/// What becomes of a request before its method is looked at: the checks of every call, in their order.
enum Admission {
  case begins(Method)
  /// It cancels another call.
  case cancels
  /// The call ends with this; its connection goes on.
  indirect case refused(Failure)
  /// The peer does not keep to the protocol; its connection ends.
  indirect case endsConnection(Failure)

  /// A request, as far as it matters here.
  struct Request {
    let callID: UInt64
    let cancels: Bool
    /// nil for one that the contract does not have.
    let method: Method?
  }

  /// - Parameters:
  ///   - isInFlight: Whether a call of the same id is.
  ///   - callsInFlight: Those of its connection.
  ///   - methodName: As the client gave it, for the sentence.
  @inline(__always)
  static func of(
    _ request: Request, isInFlight: Bool, callsInFlight: Int, callsMax: Int, isDraining: Bool,
    methodName: @autoclosure () -> String
  ) -> Admission {
    if request.cancels { return .cancels }
    guard request.callID != 0, !isInFlight else { return .endsConnection(.callIDUsed(request.callID)) }
    // Whoever asks for the health of a daemon that drains is told so, not refused.
    guard !isDraining || request.method == .healthCheck else { return .refused(.draining) }
    guard callsInFlight < callsMax else { return .refused(.tooManyCalls(max: callsMax)) }
    guard let method = request.method else { return .refused(.methodUnknown(methodName())) }
    return .begins(method)
  }
}

extension Failure {
  fileprivate static func callIDUsed(_ id: UInt64) -> Failure {
    let problem = id == 0 ? "0" : "\(id), which is in flight,"
    return Failure(.invalidCallID, "the call id \(problem) can't be used for a new call")
  }

  fileprivate static func tooManyCalls(max: Int) -> Failure {
    Failure(
      .tooManyCalls, "there are \(max) calls in flight on this connection; no more are taken",
      notExecuted: true, retryAfterMs: 10, details: [Detail(key: "calls_max", value: "\(max)")])
  }

  fileprivate static func methodUnknown(_ name: String) -> Failure {
    Failure(.methodUnknown, "there is no method \(name.prefix(200))", notExecuted: true)
  }
}
