import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer

/// A whole server in a world of its own.
@Suite struct ServerWorldTests {
  /// Everything that was answered in a life of several callers, over the turn of a month.
  private func live() throws -> [[Response]] {
    try ServerWorld.live { world in
      let callers = try (0..<3).map { _ in try world.connect() }
      for id in 1...40 as ClosedRange<UInt64> {
        for (number, caller) in callers.enumerated() {
          caller.send(
            try caller.frame(
              .accountServiceOpenAccount,
              OpenAccountRequest(name: "a\(id % 13)-\(number)", budgetMicros: 5_000_000), id: 4 * id))
          caller.send(
            try caller.frame(
              .accountServiceDeposit,
              DepositRequest(account: .id(id % 20), amountMicros: 6_000_000, key: "\(id)"),
              id: 4 * id + 1))
          caller.send(
            try caller.frame(
              .thingServiceAddThing,
              AddThingRequest(owner: .id(id % 20), url: "https://a.org/\(id)-\(number)"), id: 4 * id + 2))
          caller.send(
            try caller.frame(
              .clickServiceClick, ClickRequest(patron: .id(id % 20), thing: .id(id % 7 + UInt64(number))),
              id: 4 * id + 3))
        }
        if id % 4 == 0 { try await world.pass(1) }
      }
      try await world.pass(10)
      let first = callers[0]
      first.send(
        try first.frame(.daemonServiceSetClock, SetClockRequest(nowMs: decemberMs), id: 1_000))
      // The month settles by itself.
      try await world.pass(5_000)
      first.send(try first.frame(.settlementServiceListSettlements, ListSettlementsRequest(), id: 1_001))
      first.send(try first.frame(.settlementServiceVerify, VerifyRequest(), id: 1_002))
      first.send(try first.frame(.accountServiceListTransfers, ListTransfersRequest(), id: 1_003))
      try await world.pass(100)
      return try callers.map { try $0.receiveAll().frames }
    }
  }

  @Test func `a server on one thread in a time of its own answers the same each time, in the same order`()
    throws
  {
    let (answers, again) = (try live(), try live())
    #expect(answers.map(\.count).reduce(0, +) > 480 && answers == again)
    let coder = MessageCoder(arenaBytesMax: 1 << 20)
    let settlements = try #require(answers[0].first { $0.callID == 1_001 })
    let settled = try coder.decode(ListSettlementsResponse.self, from: settlements.payload)
    #expect(settled.settlements.count == 1 && settled.settlements[0].clicks > 10)
  }
}
