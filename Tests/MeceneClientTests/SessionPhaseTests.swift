import Testing

@testable import MeceneClient

/// A session's life, without a connection.
@Suite struct SessionPhaseTests {
  @Test func `one connection takes calls, until it lets go or the session is closed`() {
    var phase = SessionPhase.idle
    #expect(phase.current == nil)
    phase.connect(1)
    #expect(phase.current == 1)
    // A connection that drains is not the one that takes calls.
    phase.letGo(of: 0)
    #expect(phase.current == 1)
    phase.letGo(of: 1)
    #expect(phase == .idle)
    phase.connect(2)
    let passed = [phase.close(), phase.close()]
    #expect(passed == [true, false] && phase.current == nil)
    phase.connect(3)
    phase.letGo(of: 2)
    #expect(phase.isClosed)
  }
}
