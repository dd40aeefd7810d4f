import MeceneConcurrency
import MeceneEngine
import MeceneWire
import Testing

@testable import MeceneServer

/// The checks of every call, in their order, without a connection.
@Suite struct AdmissionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var callID: UInt64 = 7
    var cancels = false
    var method: Method? = .clickServiceClick
    var isInFlight = false
    var callsInFlight = 0
    var isDraining = false
    let expected: String

    var request: Admission.Request { .init(callID: callID, cancels: cancels, method: method) }
  }

  @Test(arguments: [
    Case(testDescription: "an ordinary call", expected: "begins"),
    Case(testDescription: "the last call that there is room for", callsInFlight: 9, expected: "begins"),
    Case(testDescription: "one more", callsInFlight: 10, expected: "refused TOO_MANY_CALLS"),
    Case(testDescription: "the id 0", callID: 0, expected: "ends INVALID_CALL_ID"),
    Case(testDescription: "an id in flight", isInFlight: true, expected: "ends INVALID_CALL_ID"),
    Case(testDescription: "an unknown method", method: nil, expected: "refused METHOD_UNKNOWN"),
    Case(testDescription: "a call while draining", isDraining: true, expected: "refused DRAINING"),
    Case(
      testDescription: "health while draining", method: .healthCheck, isDraining: true, expected: "begins"),
    // The order: what breaks the protocol ends the connection before anything else is said.
    Case(
      testDescription: "the id 0 of a draining daemon that is full", callID: 0, method: nil,
      callsInFlight: 10, isDraining: true, expected: "ends INVALID_CALL_ID"),
    Case(
      testDescription: "an unknown method of a draining daemon that is full", method: nil,
      callsInFlight: 10, isDraining: true, expected: "refused DRAINING"),
    Case(
      testDescription: "an unknown method of a connection that is full", method: nil, callsInFlight: 10,
      expected: "refused TOO_MANY_CALLS"),
    Case(
      testDescription: "health of a draining daemon, on a connection that is full", method: .healthCheck,
      callsInFlight: 10, isDraining: true, expected: "refused TOO_MANY_CALLS"),
    // A call may be cancelled whenever it is there.
    Case(testDescription: "cancelling", cancels: true, isInFlight: true, expected: "cancels"),
    Case(
      testDescription: "cancelling while draining and full", cancels: true, method: nil,
      isInFlight: true, callsInFlight: 10, isDraining: true, expected: "cancels"),
  ])
  func `the first check that does not hold decides`(_ one: Case) {
    let admission = Admission.of(
      one.request, isInFlight: one.isInFlight, callsInFlight: one.callsInFlight, callsMax: 10,
      isDraining: one.isDraining, methodName: "a.B/C")
    let found =
      switch admission {
      case .begins(let method): method == one.method ? "begins" : "begins another"
      case .cancels: "cancels"
      case .refused(let failure): "refused \(name(failure.reason))"
      case .endsConnection(let failure): "ends \(name(failure.reason))"
      }
    #expect(found == one.expected)
  }

  private func name(_ reason: MeceneWire.Reason) -> Substring {
    reason.name?.dropFirst("REASON_".count) ?? "of another contract"
  }

  @Test func `a refusal names the limit, the method or the id`() {
    func refusal(_ request: Admission.Request, callsInFlight: Int = 0) -> Failure? {
      let admission = Admission.of(
        request, isInFlight: false, callsInFlight: callsInFlight, callsMax: 3, isDraining: false,
        methodName: "a.B/C")
      return switch admission {
      case .refused(let failure), .endsConnection(let failure): failure
      case .begins, .cancels: nil
      }
    }
    let full = refusal(.init(callID: 1, cancels: false, method: .clickServiceClick), callsInFlight: 3)
    #expect(full?.message == "there are 3 calls in flight on this connection; no more are taken")
    #expect(full?.details == [Detail(key: "calls_max", value: "3")])
    let unknown = refusal(.init(callID: 1, cancels: false, method: nil))
    #expect(unknown?.message == "there is no method a.B/C")
    #expect(unknown?.notExecuted == true)
    let zero = refusal(.init(callID: 0, cancels: false, method: .clickServiceClick))
    #expect(zero?.message == "the call id 0 can't be used for a new call")
  }

  @Test func `a call's time runs from its arrival, and its connection says which loop it is of`() {
    let first = CallHandle.firstConnection(ofLoop: 3)
    let arrival = Deadline(nanoseconds: 5_000_000)
    let call = CallHandle(
      ticket: Ticket(caller: first + 8, call: 1, serial: 2),
      request: .init(arrival: arrival, timeoutMs: 20, method: .clickServiceClick))
    #expect(call.deadline == Deadline(nanoseconds: 25_000_000))
    #expect(call.loop == 3)
    let endless = CallHandle.Request(arrival: arrival, timeoutMs: 0, method: .clickServiceClick)
    #expect(endless.deadline == nil)
    #expect(CallHandle.firstConnection(ofLoop: 0) == 1)
  }
}
