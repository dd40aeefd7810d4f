import Testing

@testable import MeceneTransport

/// A connection's life, without a socket.
@Suite struct ChannelPhaseTests {
  private func addresses() throws -> [SocketAddress] {
    try ["unix:/a", "unix:/b"].flatMap { try SocketAddress.resolved(Address(parsing: $0)).get() }
  }

  @Test func `one address is tried after the other, until one stands`() throws {
    var phase = ChannelPhase.idle
    var passed = [phase.tryNext() != nil, phase.connect(), phase.start(), phase.start()]
    #expect(passed == [false, false, true, false])
    let addresses = try addresses()
    // Nothing was tried yet that could stand.
    passed = [phase.resolve(addresses), phase.connect()]
    #expect(passed == [true, false] && phase.hasOthers)
    let first = phase.tryNext()
    #expect(first?.address.text == addresses[0].text && phase.isAt(1) && phase.hasOthers)
    let second = phase.tryNext()
    // What comes from the first attempt is late.
    #expect(second?.attempt == 2 && !phase.isAt(1) && phase.isAt(2) && !phase.hasOthers)
    passed = [phase.connect(), phase.connect(), phase.tryNext() != nil, phase.resolve(addresses)]
    #expect(passed == [true, false, false, false] && phase.isConnected && phase.isAt(2))
  }

  @Test func `from each it may be closed, once, and nothing leads on`() throws {
    let addresses = try addresses()
    for phase in [
      ChannelPhase.idle, .resolving, .connecting(attempt: 1, others: addresses[...]), .connected(attempt: 1),
    ] {
      var phase = phase
      let passed = [
        phase.close(), phase.close(), phase.start(), phase.connect(), phase.tryNext() != nil,
        phase.resolve(addresses),
      ]
      #expect(passed == [true, false, false, false, false, false] && phase.isClosed && !phase.isAt(1))
    }
  }
}
