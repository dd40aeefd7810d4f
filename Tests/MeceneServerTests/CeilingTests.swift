import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer
@testable import MeceneTransport

/// Every ceiling of `Limits`: what happens below it, at it and past it. Time is the test's.
@Suite struct CeilingTests {
  /// Housekeeping comes every 100 ms, and looks at every 1,100 where nothing happens. So what may take as long as a multiple of that is
  /// looked at exactly then, and found late one round later.
  private static let (round, quietRound) = (100, 1_100)

  private static func lastWord(_ connection: RawConnection) throws -> Reason? {
    try connection.receiveAll().frames.last { $0.callID == 0 }?.error?.reason
  }

  // MARK: Time

  @Test func `half a frame may take half-frame-ms`() throws {
    let limits = Limits()
    try ServerWorld.live { world in
      let connection = try world.connect()
      let frame = try connection.frame(.healthCheck, HealthCheckRequest(), id: 1)
      connection.send(Array(frame.dropLast()))
      try await world.pass(limits.halfFrameMs)
      connection.send(Array(frame.suffix(1)))
      try await world.settle()
      #expect(try connection.receiveAll().frames.map(\.status) == [0])
      connection.send(Array(frame.dropLast()))
      try await world.passUntil(limits.halfFrameMs)
      #expect(try connection.receiveAll().frames.isEmpty)
      try await world.passUntil(Self.round)
      #expect(try Self.lastWord(connection) == .connectionTimeout)
    }
  }

  @Test func `a connection may do nothing for idle-ms`() throws {
    var limits = Limits()
    limits.idleMs = 100 * Self.quietRound
    try ServerWorld.live(limits) { [limits] world in
      let (quiet, busy) = (try world.connect(), try world.connect())
      try await world.passUntil(limits.idleMs / 2)
      #expect(try await world.call(busy, .healthCheck, HealthCheckRequest()).status == 0)
      try await world.passUntil(limits.idleMs / 2 - 1)
      #expect(try quiet.receiveAll() == ([], false))
      try await world.passUntil(Self.quietRound)
      #expect(try Self.lastWord(quiet) == .connectionTimeout)
      #expect(try busy.receiveAll() == ([], false))
    }
  }

  /// Asks for more than the sockets between hold, and takes nothing.
  private static func deaf(_ world: ServerWorld) async throws -> RawConnection {
    let deaf = try world.connect()
    for id in 1...600 as ClosedRange<UInt64> {
      deaf.send(try deaf.frame(.daemonServiceGetStatus, GetStatusRequest(), id: id))
      try await world.settle()
    }
    try await world.settle()
    #expect(await world.loop.inFlight.answers > 100_000)
    return deaf
  }

  @Test func `a peer may take nothing for write-stall-ms`() throws {
    let limits = Limits()
    try ServerWorld.live { world in
      let deaf = try await Self.deaf(world)
      try await world.passUntil(limits.writeStallMs)
      #expect(await world.loop.connectionCount == 1)
      try await world.passUntil(Self.round)
      #expect(await world.loop.connectionCount == 0)
      withExtendedLifetime(deaf) {}
    }
  }

  @Test func `a large frame that others wait for may take stall-under-pressure-ms`() throws {
    var limits = Limits()
    limits.bytesInFlightMax = 1 << 20
    try ServerWorld.live(limits) { [limits] world in
      let (late, waiting) = (try world.connect(), try world.connect())
      late.send([0, 1, 0x86, 0xa0, 10])
      try await world.settle()
      waiting.send([0, 1, 0x86, 0xa0, 10])
      try await world.settle()
      #expect(await world.loop.waitingCount == 1)
      try await world.passUntil(limits.stallUnderPressureMs)
      #expect(await world.loop.connectionCount == 2)
      // Its socket is let go when it is looked at again.
      try await world.passUntil(2 * Self.round)
      #expect(try late.receiveAll().isAtEnd)
      #expect(await world.loop.connectionCount == 1)
      #expect(await world.loop.waitingCount == 0)
    }
  }

  @Test func `draining takes drain-ms at the most, and no time when nothing is to do`() throws {
    let limits = Limits()
    for isBusy in [false, true] {
      try ServerWorld.live { world in
        let deaf = isBusy ? try await Self.deaf(world) : nil
        let before = world.runtime.now
        await world.loop.drain()
        let took = Int(world.runtime.now.since(before) / 1_000_000)
        #expect(isBusy ? (limits.drainMs...limits.drainMs + 310).contains(took) : took <= 10)
        withExtendedLifetime(deaf) {}
      }
    }
  }

  // MARK: Bytes

  /// A request whose frame has this many bytes behind its length.
  private static func frame(bytes: Int, id: UInt64 = 1, _ connection: RawConnection) throws -> [UInt8] {
    var length = bytes
    while true {
      var frame: [UInt8] = []
      try connection.coder.appendFrame(
        Request(callID: id, method: String(repeating: "m", count: length)), to: &frame)
      if frame.count == 4 + bytes { return frame }
      length -= frame.count - 4 - bytes
    }
  }

  @Test(arguments: [4_096, 100_000])
  func `a frame may have frame-bytes-max`(most: Int) throws {
    var limits = Limits()
    limits.frameBytesMax = most
    try ServerWorld.live(limits) { world in
      for bytes in [most - 1, most, most + 1] {
        let connection = try world.connect()
        connection.send(try Self.frame(bytes: bytes, connection))
        try await world.settle()
        let reason = try connection.receiveAll().frames.last?.error?.reason
        #expect(reason == (bytes > most ? .frameTooLarge : .methodUnknown), "\(bytes)")
      }
    }
  }

  @Test func `a message may take message-memory-max once it is unpacked`() throws {
    var limits = Limits()
    limits.messageMemoryMax = 65_536
    try ServerWorld.live(limits) { [limits] world in
      let connection = try world.connect()
      func isTaken(_ count: Int) async throws -> Bool {
        let ids = [UInt64](repeating: 1, count: count)
        let answer = try await world.call(
          connection, .clickServiceClickMany, ClickManyRequest(patronIDs: ids, thingIDs: ids))
        #expect(answer.error == nil || answer.error?.reason == .messageTooLarge)
        return answer.error == nil
      }
      // Eight bytes a number, and little beside them.
      var (taken, refused) = (1, limits.messageMemoryMax)
      while refused - taken > 1 {
        let middle = (taken + refused) / 2
        if try await isTaken(middle) { taken = middle } else { refused = middle }
      }
      #expect(16 * taken <= limits.messageMemoryMax && 16 * refused > limits.messageMemoryMax - 4_096)
    }
  }

  @Test func `all together may take half of bytes-in-flight-max, and each connection bytes-always`() throws {
    var limits = Limits()
    limits.bytesInFlightMax = 1 << 20
    try ServerWorld.live(limits) { [limits] world in
      // Four bytes for each that is announced.
      func announce(_ bytes: Int) async throws -> RawConnection {
        let connection = try world.connect()
        connection.send([0, UInt8(bytes >> 16), UInt8(bytes >> 8 & 255), UInt8(bytes & 255), 10])
        try await world.settle()
        return connection
      }
      let half = limits.bytesInFlightMax / 2
      let (first, second) = (try await announce(100_000), try await announce(half / 4 - 100_000))
      #expect(await world.loop.inFlight.requests == half)
      #expect(await world.loop.waitingCount == 0)
      // What is small goes on; one byte more waits.
      let small = try world.connect()
      small.send(try Self.frame(bytes: limits.bytesAlways, small))
      let large = try world.connect()
      large.send(try Self.frame(bytes: limits.bytesAlways + 1, large))
      try await world.settle()
      #expect(try small.receiveAll().frames.count == 1)
      // Nobody had to wait for what was here whole; a frame whose rest is not here waits.
      _ = try large.receiveAll()
      let beginning = try await announce(limits.bytesAlways + 1)
      #expect(await world.loop.waitingCount == 1)
      let short = try await announce(limits.bytesAlways)
      #expect(await world.loop.waitingCount == 1)
      withExtendedLifetime((first, second, beginning, short)) {}
    }
  }

  @Test func `calls of one connection may take bytes-waiting-max`() throws {
    var limits = Limits()
    limits.bytesWaitingMax = 65_536
    try ServerWorld.live(limits, holds: true) { [limits] world in
      let connection = try world.connect()
      var bytes: [UInt8] = []
      for id in 1...400 as ClosedRange<UInt64> {
        bytes += try connection.frame(
          .accountServiceOpenAccount, OpenAccountRequest(name: "a\(id)"), id: id)
      }
      connection.send(bytes)
      try await world.settle()
      let inUse = await world.loop.inUse
      let each = inUse / world.engine.submissionsHeld
      // The last that began passed the bound, and none after it did.
      #expect(inUse > limits.bytesWaitingMax && inUse - each <= limits.bytesWaitingMax)
      #expect(await world.loop.intake == .held)
      world.engine.release()
      try await world.pass(100)
      #expect(try connection.receiveAll().frames.count == 400)
    }
  }

  @Test func `large reads may take bytes-being-read-max together`() throws {
    var limits = Limits()
    limits.bytesBeingReadMax = 16_384
    func held(_ limits: Limits) throws -> (count: Int, bytes: Int) {
      try ServerWorld.live(limits, holds: true) { world in
        let connections = try (0..<3).map { _ in try world.connect() }
        for connection in connections {
          connection.send(
            try connection.frame(.accountServiceListAccounts, ListAccountsRequest(pageSize: 1_000), id: 1))
        }
        try await world.settle()
        let (count, bytes) = (world.engine.readsHeld, await world.loop.bytesBeingRead)
        for _ in connections {
          world.engine.releaseRead()
          try await world.pass(1)
          #expect(world.engine.readsHeld <= count)
        }
        for connection in connections { #expect(try connection.receiveAll().frames.count == 1) }
        return (count, bytes)
      }
    }
    let one = try held(limits)
    #expect(one.count == 1 && one.bytes > 16_384)
    // Others begin as long as less than that is being read.
    limits.bytesBeingReadMax = one.bytes
    #expect(try held(limits).count == 1)
    limits.bytesBeingReadMax = one.bytes + 1
    #expect(try held(limits).count == 2)
  }

  @Test func `answers may take half of bytes-in-flight-max, and then no large read begins`() throws {
    var limits = Limits()
    limits.bytesInFlightMax = 4 << 20
    limits.bytesBeingReadMax = 1 << 30
    try ServerWorld.live(limits, holds: true) { [limits] world in
      let connections = try (0..<40).map { _ in try world.connect() }
      for connection in connections {
        connection.send(
          try connection.frame(.accountServiceListAccounts, ListAccountsRequest(pageSize: 1_000), id: 1))
        try await world.settle()
      }
      let (half, begun) = (limits.bytesInFlightMax / 2, world.engine.readsHeld)
      let each = await world.loop.bytesBeingRead / begun
      // The last that began passed the bound, and none after it did.
      #expect(begun < 40 && begun * each > half && (begun - 1) * each <= half)
      world.engine.release()
      try await world.pass(10)
      for connection in connections { #expect(try connection.receiveAll().frames.count == 1) }
    }
  }

  // MARK: Counts

  @Test func `there may be connections-max, and a newcomer takes the place of one idle for a second`() throws
  {
    var limits = Limits()
    limits.connectionsMax = 3
    try ServerWorld.live(limits) { world in
      let connections = try (0..<3).map { _ in try world.connect() }
      try await world.settle()
      for connection in connections { #expect(try connection.receiveAll() == ([], false)) }
      let fourth = try world.connect()
      try await world.pass(0)
      #expect(try Self.lastWord(fourth) == .tooManyCalls)
      try await world.pass(2_000)
      for connection in connections.dropFirst() {
        #expect(try await world.call(connection, .healthCheck, HealthCheckRequest()).status == 0)
      }
      let late = try world.connect()
      try await world.settle()
      #expect(try Self.lastWord(connections[0]) == .connectionTimeout)
      #expect(try await world.call(late, .healthCheck, HealthCheckRequest()).status == 0)
    }
  }

  @Test func `a connection may have calls-per-connection-max in flight`() throws {
    var limits = Limits()
    limits.callsMax = 4
    try ServerWorld.live(limits, holds: true) { world in
      for count in [3, 4, 5, 7] as [UInt64] {
        let connection = try world.connect()
        for id in 1...count {
          connection.send(try connection.frame(.daemonServiceGetStatus, GetStatusRequest(), id: id))
        }
        try await world.settle()
        let refused = try connection.receiveAll().frames
        #expect(refused.map(\.callID) == Array([5, 6, 7].prefix(Int(max(4, count)) - 4)))
        #expect(refused.allSatisfy { $0.error?.reason == .tooManyCalls && $0.error?.notExecuted == true })
      }
    }
  }

  @Test func `a connection may have reads-per-connection-max in flight`() throws {
    var limits = Limits()
    limits.readsMax = 2
    try ServerWorld.live(limits, holds: true) { world in
      let connection = try world.connect()
      for id in 1...5 as ClosedRange<UInt64> {
        connection.send(try connection.frame(.daemonServiceGetStatus, GetStatusRequest(), id: id))
        try await world.settle()
        #expect(world.engine.readsHeld == min(2, Int(id)))
        #expect(await world.loop.intake == (id < 2 ? .reading : .held))
      }
      for more in 1...5 {
        world.engine.releaseRead()
        try await world.pass(1)
        #expect(world.engine.readsHeld == min(2, 5 - more))
      }
      #expect(try connection.receiveAll().frames.map(\.callID) == [1, 2, 3, 4, 5])
    }
  }

  @Test func `long-reads-per-connection-max are carried out at a time`() throws {
    var limits = Limits()
    limits.longReadsMax = 2
    try ServerWorld.live(limits, holds: true) { world in
      let (connection, other) = (try world.connect(), try world.connect())
      for id in 1...4 as ClosedRange<UInt64> {
        connection.send(
          try connection.frame(.settlementServicePreviewSettlement, PreviewSettlementRequest(), id: id))
        try await world.settle()
        #expect(world.engine.previewsHeld == min(2, Int(id)))
      }
      other.send(try other.frame(.settlementServicePreviewSettlement, PreviewSettlementRequest(), id: 1))
      try await world.settle()
      #expect(world.engine.previewsHeld == 3)
      world.engine.releasePreview()
      try await world.pass(1)
      #expect(world.engine.previewsHeld == 3)
      world.engine.release()
      try await world.pass(10)
      #expect(try connection.receiveAll().frames.count == 4)
    }
  }

  @Test func `a page has page-size-default entries, and page-size-max at the most`() throws {
    var limits = Limits()
    limits.pageSizeDefault = 3
    limits.pageSizeMax = 5
    try ServerWorld.live(limits) { world in
      let connection = try world.connect()
      for number in 1...7 {
        _ = try await world.call(
          connection, .accountServiceOpenAccount, OpenAccountRequest(name: "account\(number)"))
      }
      for (asked, got) in [(0, 3), (1, 1), (4, 4), (5, 5), (6, 5), (.max, 5)] as [(Int32, Int)] {
        let answer = try await world.call(
          connection, .accountServiceListAccounts, ListAccountsRequest(pageSize: asked))
        let page = try connection.coder.decode(ListAccountsResponse.self, from: answer.payload)
        #expect(page.accounts.count == got && !page.nextPageToken.isEmpty, "\(asked)")
      }
      let answer = try await world.call(
        connection, .accountServiceListAccounts, ListAccountsRequest(pageSize: -1))
      #expect(answer.error?.reason == .invalidPageSize)
    }
  }

  @Test func `the texts of a page have page-bytes-max, or it has one entry`() throws {
    let bytesOfThing = "https://a.org/1".utf8.count + 100
    for (bytesMax, expected) in [
      (1, 1), (bytesOfThing, 1), (2 * bytesOfThing - 1, 1), (2 * bytesOfThing, 2), (2 * bytesOfThing + 1, 2),
      (4 * bytesOfThing, 4), (9 * bytesOfThing, 4),
    ] {
      var limits = Limits()
      limits.pageBytesMax = bytesMax
      try ServerWorld.live(limits) { world in
        let connection = try world.connect()
        _ = try await world.call(connection, .accountServiceOpenAccount, OpenAccountRequest(name: "anna"))
        for number in 1...4 {
          _ = try await world.call(
            connection, .thingServiceAddThing,
            AddThingRequest(
              owner: .name("anna"), url: "https://a.org/\(number)", title: String(repeating: "t", count: 100))
          )
        }
        let answer = try await world.call(connection, .thingServiceListThings, ListThingsRequest())
        let page = try connection.coder.decode(ListThingsResponse.self, from: answer.payload)
        #expect(page.things.count == expected && page.nextPageToken.isEmpty == (expected == 4), "\(bytesMax)")
      }
    }
  }

  @Test func `one call may have clicks-per-call-max`() throws {
    try ServerWorld.live { world in
      let connection = try world.connect()
      for count in [Limits.clicksPerCallMax - 1, Limits.clicksPerCallMax, Limits.clicksPerCallMax + 1] {
        let ids = [UInt64](repeating: 1, count: count)
        let frame = try connection.frame(
          .clickServiceClickMany, ClickManyRequest(patronIDs: ids, thingIDs: ids), id: 1)
        for start in stride(from: 0, to: frame.count, by: 50_000) {
          connection.send(Array(frame[start..<min(start + 50_000, frame.count)]))
          try await world.settle()
        }
        let answer = try await world.answer(connection)
        #expect((answer.error == nil) == (count <= Limits.clicksPerCallMax), "\(count)")
      }
    }
  }

  @Test func `descriptors-held-back are left for the books`() {
    for (held, left) in [(0, 90), (24, 66), (89, 1), (90, 1), (91, 1), (.max, 1)] {
      #expect(ProcessLimits.descriptorsLeft(of: 100, open: 10, but: held) == left)
    }
    #expect(ProcessLimits.descriptorsLeft(but: 24) >= 1)
  }
}

extension EventLoop {
  fileprivate var waitingCount: Int { waitingForRoom.count }
  /// Of the connection, when there is one alone.
  fileprivate var intake: Connection.Intake? {
    connections.count == 1 ? connections.first?.value.intake : nil
  }
  fileprivate var inUse: Int { connections.count == 1 ? connections.first?.value.inUse ?? 0 : 0 }
}
