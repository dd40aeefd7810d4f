import Foundation
import MeceneClient
import MeceneConcurrency
import MeceneEngine
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer

/// How much memory callers may take, and that nobody's share keeps others from theirs.
@Suite struct RoomTests {
  private func check(_ server: Server) throws {
    let connection = try RawConnection(server.addresses[0])
    let answer = try connection.call(
      .healthCheck, HealthCheckRequest(), id: 1, as: HealthCheckResponse.self)
    #expect(answer.status == .serving)
  }

  /// An owner with things whose pages are long.
  private func addLongThings(_ client: MeceneClient, _ count: Int) async throws {
    _ = try await client.accountService.openAccount(.init(name: "owner", budgetMicros: 10_000_000))
    for number in 0..<count {
      _ = try await client.thingService.addThing(
        .init(
          owner: .name("owner"), url: "https://example.org/\(number)",
          description: String(repeating: "\u{266b}", count: 2_000)))
    }
  }

  @Test func `a page of long texts ends early, and the pages hold everything`() async throws {
    var limits = Limits()
    limits.pageBytesMax = 40_000
    try await withServerAndClient(limits: limits) { _, client in
      try await addLongThings(client, 20)
      var (pages, seen): ([Int], [UInt64]) = ([], [])
      for try await page in client.thingService.listThingsPages(.init(owner: .name("owner"), pageSize: 1_000))
      {
        pages.append(page.things.count)
        seen += page.things.map(\.id)
      }
      #expect(seen == Array(1...20) && pages.count > 3 && pages.allSatisfy { $0 <= 7 })

      _ = try await client.accountService.openAccount(.init(name: "patron", budgetMicros: 10_000_000))
      _ = try await client.accountService.deposit(
        .init(account: .name("owner"), amountMicros: 10_000_000, key: "o"))
      _ = try await client.accountService.deposit(
        .init(account: .name("patron"), amountMicros: 10_000_000, key: "p"))
      for number in 1...20 as ClosedRange<UInt64> {
        _ = try await client.clickService.click(.init(patron: .name("patron"), thing: .id(number)))
      }
      var clicked: [UInt64] = []
      for try await page in client.clickService.listClicksPages(.init(patron: .name("patron"))) {
        clicked += page.clicks.map(\.thingID)
      }
      #expect(clicked == Array(1...20))
    }
  }

  @Test func `a page of one huge entry is a page all the same`() async throws {
    var limits = Limits()
    limits.pageBytesMax = 100
    try await withServerAndClient(limits: limits) { _, client in
      try await addLongThings(client, 3)
      var seen: [UInt64] = []
      for try await page in client.thingService.listThingsPages(.init(owner: .name("owner"))) {
        seen += page.things.map(\.id)
      }
      #expect(seen == [1, 2, 3])
    }
  }

  /// Thirty clients ask for far more than there is room for, and take nothing.
  @Test func `answers that nobody takes have a ceiling, and those who don't take them are closed`()
    async throws
  {
    var limits = Limits()
    limits.bytesInFlightMax = 2 << 20
    limits.pageBytesMax = 100_000
    limits.stallUnderPressureMs = 400
    try await withServerAndClient(limits: limits) { server, client in
      try await addLongThings(client, 20)
      let greedy = try (0..<30).map { _ in try RawConnection(server.addresses[0]) }
      for connection in greedy {
        var bytes: [UInt8] = []
        for id in 1...64 as ClosedRange<UInt64> {
          bytes += try connection.frame(
            .thingServiceListThings, ListThingsRequest(owner: .name("owner"), pageSize: 20), id: id)
        }
        connection.send(bytes)
      }
      var most = 0
      for round in 0..<40 {
        most = max(most, await server.bytesInFlight)
        try check(server)
        // What is small goes on, reads and writes.
        let account = try await client.accountService.getAccount(.init(account: .name("owner")))
        #expect(account.account?.id == 1)
        _ = try await client.accountService.deposit(
          .init(account: .name("owner"), amountMicros: 1, key: "round-\(round)"))
        try await Task.sleep(for: .milliseconds(20))
      }
      // Each may begin one page when there is room, and what is written to grows ahead of it.
      #expect(most > 1 << 20 && most < 6 << 20)
      let answers = try await client.thingService.listThings(.init(owner: .name("owner"), pageSize: 20))
      #expect(answers.things.count > 1)
      withExtendedLifetime(greedy) {}
    }
  }

  @Test func `a large frame that is no request gives its room back at once`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      connection.send([0, 0x10, 0, 0] + [UInt8](repeating: 0xff, count: 1 << 20))
      #expect(try connection.receive()?.error?.reason == .malformedFrame)
      // The connection lingers for a second, so that its peer can read the last word.
      let held = await server.bytesInFlight
      #expect(held < 100_000)
      withExtendedLifetime(connection) {}
    }
  }

  @Test func `a large frame waits for room, and one that does not arrive makes some`() async throws {
    var limits = Limits()
    limits.bytesInFlightMax = 2 << 20
    limits.stallUnderPressureMs = 300
    try await withServer(limits: limits) { server in
      let connection = try RawConnection(server.addresses[0])
      let ids = [UInt64](repeating: 1, count: 65_536)
      let frame = try connection.frame(
        .clickServiceClickMany, ClickManyRequest(patronIDs: ids, thingIDs: ids), id: 1)
      #expect(frame.count > 100_000)
      let slow = try (0..<2).map { _ in try RawConnection(server.addresses[0]) }
      for one in slow { one.send(Array(frame.prefix(100_000))) }
      #expect(try await eventually { await server.bytesInFlight > 500_000 })
      connection.send(frame)
      // Small calls need no room.
      try check(server)
      let answer = try #require(try connection.receive())
      #expect(answer.callID == 1 && answer.error == nil)
      withExtendedLifetime(slow) {}
    }
  }

  @Test func `clients that leave are forgotten, with what they have asked for`() async throws {
    let directory = try TemporaryDirectory()
    try await withServerAndClient(in: directory) { server, client in
      try await addLongThings(client, 20)
      for _ in 0..<20 {
        let connection = try RawConnection(server.addresses[0])
        var bytes: [UInt8] = []
        for id in 1...200 as ClosedRange<UInt64> {
          bytes += try connection.frame(
            .thingServiceListThings, ListThingsRequest(owner: .name("owner")), id: id)
          bytes += try connection.frame(.settlementServiceVerify, VerifyRequest(), id: 1_000 + id)
          bytes += try connection.frame(
            .clickServiceListClicks, ListClicksRequest(patron: .name("owner")), id: 2_000 + id)
          bytes += try connection.frame(
            .accountServiceDeposit,
            DepositRequest(account: .name("owner"), amountMicros: 1, key: "\(id)"), id: 3_000 + id)
        }
        connection.send(bytes)
      }
      #expect(try await eventually { await server.bytesInFlight < 4_096 })
      #expect(try await eventually { await server.connectionCount == 1 })
      let verdict = try await client.settlementService.verify(.init()).reduce(nil) { $1.event }
      guard case .verdict(let found)? = verdict else { throw Failed() }
      #expect(found.clean)
    }
  }

  @Test func `long reads of one connection wait for each other, and not for another's`() async throws {
    var limits = Limits()
    limits.longReadsMax = 1
    try await withServerAndClient(limits: limits) { server, client in
      try await addLongThings(client, 1)
      let connection = try RawConnection(server.addresses[0])
      var bytes: [UInt8] = []
      for id in 1...300 as ClosedRange<UInt64> {
        bytes += try connection.frame(
          .settlementServicePreviewSettlement, PreviewSettlementRequest(), id: id)
      }
      connection.send(bytes)
      _ = try await client.settlementService.previewSettlement(.init())
      var answered: Set<UInt64> = []
      while answered.count < 300 {
        let answer = try #require(try connection.receive())
        #expect(answer.error == nil)
        answered.insert(answer.callID)
      }
    }
  }

  @Test func `a full house ends the connection that was idle for the longest`() async throws {
    var limits = Limits()
    limits.connectionsMax = 3
    try await withServer(limits: limits) { server in
      func connect() throws -> RawConnection {
        let connection = try RawConnection(server.addresses[0])
        _ = try connection.call(
          .healthCheck, HealthCheckRequest(), id: 1, as: HealthCheckResponse.self)
        return connection
      }
      let first = try connect()
      let others = try (connect(), connect())
      // Nobody has been idle for a second yet.
      let early = try RawConnection(server.addresses[0])
      #expect(try early.receive()?.error?.reason == .tooManyCalls)
      try await Task.sleep(for: .milliseconds(1_200))
      for other in [others.0, others.1] {
        _ = try other.call(.healthCheck, HealthCheckRequest(), id: 2, as: HealthCheckResponse.self)
      }
      let late = try connect()
      let farewell = try #require(try first.receive())
      #expect(farewell.callID == 0 && farewell.error?.reason == .connectionTimeout)
      for other in [others.0, others.1, late] {
        _ = try other.call(.healthCheck, HealthCheckRequest(), id: 3, as: HealthCheckResponse.self)
      }
    }
  }

  @Test func `a socket whose file is removed is made anew, and what stands in its place is left`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/mecene.sock"
    try await withServer(in: directory) { server in
      let address = server.addresses[1]
      try FileManager.default.removeItem(atPath: path)
      #expect(try await eventually { FileManager.default.fileExists(atPath: path) })
      let connection = try RawConnection(address)
      _ = try connection.call(.healthCheck, HealthCheckRequest(), id: 1, as: HealthCheckResponse.self)
      try FileManager.default.removeItem(atPath: path)
      try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
      try await Task.sleep(for: .milliseconds(1_300))
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
  }

  /// Each sync of the log takes a third of a second.
  @Test func `a slow disk keeps those waiting who write, and nobody else`() async throws {
    let (directory, disk) = (try TemporaryDirectory(), FaultyDisk())
    var slow = settings(directory)
    slow.vfs = disk.vfs
    let server = try await Server(
      listen: [.unix(path: directory.path + "/s")],
      engine: EmbeddedEngine(settings: slow, logger: quietLogger, fatal: { _ in }), shownSettings: [],
      logger: quietLogger)
    disk.delayLogSyncs(by: 300)
    let address = server.addresses[0].description
    try await withMeceneClient(address) { writing in
      try await withMeceneClient(address) { reading in
        // The first one tells that the disk is slow.
        _ = try await writing.accountService.openAccount(.init(name: "first", budgetMicros: 10_000_000))
        let writes = Task {
          for number in 0..<6 {
            _ = try await writing.accountService.deposit(
              .init(account: .name("first"), amountMicros: 1, key: "\(number)"))
          }
        }
        try await Task.sleep(for: .milliseconds(50))
        var longest = Duration.zero
        for _ in 0..<40 {
          longest = max(
            longest,
            try await ContinuousClock().measure {
              _ = try await reading.accountService.getAccount(.init(account: .name("first")))
            })
          try await Task.sleep(for: .milliseconds(20))
        }
        #expect(longest < .milliseconds(200))
        try await writes.value
      }
    }
    disk.delayLogSyncs(by: 0)
    await server.shutDown()
  }

  private struct Failed: Error {}
}
