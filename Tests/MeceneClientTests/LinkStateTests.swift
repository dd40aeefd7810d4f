import MeceneTransport
import MeceneWire
import Testing

@testable import MeceneClient

/// What becomes of calls when a connection ends, without a socket.
@Suite struct LinkStateTests {
  private let address = Address.tcp(host: "example.org", port: 1)

  private func reason(_ state: LinkState, frameBytes: Int = 0) -> Reason? {
    state.error(ofCallWith: frameBytes, to: address)?.reason
  }

  private func lastWord(_ reason: Reason, _ details: [String: String] = [:]) -> MeceneError {
    MeceneError(
      Response(
        callID: 0, status: 8,
        error: Failure(
          message: "ends", reason: reason, details: details.map { Detail(key: $0.key, value: $0.value) })))
  }

  @Test func `calls on a connection that never stood were not executed`() {
    var state = LinkState.connecting
    #expect(reason(state) == nil && !state.isConnected)
    state.close("\(address) does not answer: Connection refused")
    let error = state.error(ofCallWith: 0, to: address)
    #expect(error?.reason == .connectFailed && error?.notExecuted == true)
    #expect(error?.cause == "Connection refused")
  }

  @Test func `calls on a connection that breaks are in doubt`() {
    var state = LinkState.connecting
    state.connect()
    #expect(state.isConnected)
    state.close("broken")
    let error = state.error(ofCallWith: 0, to: address)
    #expect(error?.reason == .connectionLost && error?.notExecuted == false)
  }

  @Test func `whoever speaks another language is no daemon`() {
    var state = LinkState.connected
    state.estrange()
    state.close("its first bytes are another protocol's")
    #expect(reason(state) == .connectFailed)
  }

  @Test func `a daemon's last word is every call's, except of one frame that was too long`() {
    var state = LinkState.connected
    state.dismiss(lastWord(.connectionTimeout))
    state.close("idle")
    #expect(reason(state) == .connectionTimeout)

    state = .connected
    state.dismiss(lastWord(.frameTooLarge, ["frame_bytes_max": "100"]))
    state.close("too long")
    #expect(reason(state, frameBytes: 101) == .frameTooLarge)
    #expect(reason(state, frameBytes: 100) == .connectionLost)
  }

  @Test func `a connection only goes forward`() {
    var state = LinkState.connecting
    // Nobody who has not answered can say a last word.
    state.dismiss(lastWord(.connectionTimeout))
    state.estrange()
    #expect(!state.isConnected)
    state.connect()
    state.close("first")
    state.connect()
    state.dismiss(lastWord(.connectionTimeout))
    state.close("second")
    let error = state.error(ofCallWith: 0, to: address)
    #expect(error?.cause == "first" && error?.reason == .connectionLost)
  }
}
