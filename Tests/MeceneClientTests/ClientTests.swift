import Foundation
import MeceneServer
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

@testable import MeceneClient

@Suite struct ClientTests {
  private func reason(_ call: () async throws -> Void) async -> Reason? {
    do {
      try await call()
      return nil
    } catch { return (error as? MeceneError)?.reason }
  }

  private actor Forum {
    private var members = 0

    /// What an actor does with its own state in the client's closure.
    func signUp(_ address: String) async throws -> Int {
      try await withMeceneClient(address) { client in
        _ = try await client.accountService.openAccount(.init(name: "anna"))
        members += 1
      }
      return members
    }
  }

  @Test func `a client serves an actor`() async throws {
    try await withServer { server in
      let members = try await Forum().signUp(server.addresses[0].description)
      #expect(members == 1)
    }
  }

  @Test func `reasons and states show their names`() {
    #expect(
      "\(Reason.connectFailed) \(SettlementState.settled) \(Reason(rawValue: 9_999))"
        == "CONNECT_FAILED SETTLED 9999")
  }

  @Test func `one client serves many tasks over one connection`() async throws {
    try await withServerAndClient { _, client in
      let ids = try await withThrowingTaskGroup(of: UInt64.self) { group in
        for n in 0..<200 {
          group.addTask {
            try await client.accountService.openAccount(.init(name: "account\(n)")).account?.id ?? 0
          }
        }
        return try await group.reduce(into: Set<UInt64>()) { $0.insert($1) }
      }
      #expect(ids == Set(1...200))
      #expect(try await client.daemonService.getStatus(.init()).connections == 1)
    }
  }

  @Test func `keys are made when none is given`() async throws {
    try await withServerAndClient { _, client in
      _ = try await client.accountService.openAccount(.init(name: "anna"))
      for _ in 0..<2 {
        let made = try await client.accountService.deposit(.init(account: .name("anna"), amountMicros: 1))
        #expect(!made.replayed)
      }
    }
    #expect(Set((0..<100).map { _ in MeceneClient.makeKey() }).count == 100)
  }

  @Test func `no daemon, a silent one and another protocol each fail in time and say which`() async throws {
    let nobody = try MeceneClient(address: "tcp://127.0.0.1:1")
    let error = await #expect(throws: MeceneError.self) { try await nobody.health.check(.init()) }
    #expect(error?.reason == .connectFailed && error?.code == .unavailable && error?.notExecuted == true)
    #expect(error?.description.contains("refused") == true)

    let directory = try TemporaryDirectory()
    let silent = try Listener.all(at: .unix(path: directory.path + "/silent"))
    let client = try MeceneClient(address: "unix:\(directory.path)/silent")
    let late = await #expect(throws: MeceneError.self) {
      try await client.health.check(.init(), options: .init(timeout: .milliseconds(200)))
    }
    #expect(late?.reason == .deadlineExceeded && late?.cause?.contains("does not answer") == true)
    withExtendedLifetime(silent) {}

    let other = try Listener.all(at: .unix(path: directory.path + "/other"))
    let thread = Thread {
      while true {
        if case .socket(let socket) = other[0].accept() {
          _ = socket.send(Array("220 mail.example.org ESMTP\r\n".utf8), from: 0)
          usleep(200_000)
          return
        }
        usleep(1_000)
      }
    }
    thread.start()
    let stranger = try MeceneClient(address: "unix:\(directory.path)/other")
    let strange = await #expect(throws: MeceneError.self) { try await stranger.health.check(.init()) }
    #expect(strange?.code == .unavailable && strange?.cause?.contains("protocol") == true)
    await nobody.close()
    await client.close()
    await stranger.close()
  }

  @Test func `a call can wait for a daemon that is not there yet`() async throws {
    let directory = try TemporaryDirectory()
    let client = try MeceneClient(address: "unix:\(directory.path)/mecene.sock")
    let waiting = Task { try await client.health.check(.init(), options: .init(waitsForReady: .always)) }
    try await Task.sleep(for: .milliseconds(150))
    let response = try await withServer(in: directory) { _ in try await waiting.value }
    #expect(response.status == .serving)
    await client.close()
  }

  @Test func `a client that was answered waits for a daemon that restarts, unless told not to`() async throws
  {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path)/mecene.sock"
    let client = try MeceneClient(address: address)
    let hasty = try MeceneClient(address: address, options: CallOptions(waitsForReady: .never))
    #expect(await reason { _ = try await client.health.check(.init()) } == .connectFailed)
    try await withServer(in: directory) { _ in
      _ = try await client.health.check(.init())
      _ = try await hasty.health.check(.init())
    }
    let start = ContinuousClock.now
    #expect(await reason { _ = try await hasty.health.check(.init()) } == .connectFailed)
    #expect(ContinuousClock.now - start < .seconds(2))
    let waiting = Task { try await client.health.check(.init()) }
    try await Task.sleep(for: .milliseconds(150))
    let response = try await withServer(in: directory) { _ in try await waiting.value }
    #expect(response.status == .serving)
    await client.close()
    await hasty.close()
  }

  @Test func `an address that is none is told as every error`() {
    let error = #expect(throws: MeceneError.self) { try MeceneClient(address: "http://example.org") }
    #expect(error?.reason == .invalidAddress && error?.message.contains("tcp://HOST:PORT") == true)
  }

  @Test func `a stream can wait for a daemon too, and begins anew after a restart`() async throws {
    let directory = try TemporaryDirectory()
    let client = try MeceneClient(address: "unix:\(directory.path)/mecene.sock")
    func isClean(_ options: CallOptions) async throws -> Bool {
      for try await message in client.settlementService.verify(.init(), options: options) {
        if case .verdict(let verdict) = message.event { return verdict.clean }
      }
      return false
    }
    let waiting = Task { try await isClean(.init(waitsForReady: .always)) }
    try await Task.sleep(for: .milliseconds(150))
    let first = try await withServer(in: directory) { _ in try await waiting.value }
    // The connection that the first daemon left behind is found lost, or drained, by this call.
    let second = try await withServer(in: directory) { _ in try await isClean(.init()) }
    #expect(first && second)
    await client.close()
  }

  @Test func `a request that the daemon finds too long is told as such, and others go on`() async throws {
    var limits = Limits()
    limits.frameBytesMax = 10_000
    try await withServerAndClient(limits: limits) { _, client in
      let many = [UInt64](repeating: 1, count: 20_000)
      async let others = client.accountService.listAccounts(.init())
      let error = await #expect(throws: MeceneError.self) {
        try await client.clickService.clickMany(.init(patronIDs: many, thingIDs: many))
      }
      #expect(error?.reason == .frameTooLarge && error?.code == .resourceExhausted)
      #expect(error?.details["frame_bytes_max"] == "10000")
      let accounts = try await others.accounts
      #expect(accounts.isEmpty)
    }
  }

  @Test func `a host name's addresses are tried until one answers`() async throws {
    try await withServer { server in
      // The name may stand for an IPv6 address first, where nobody listens.
      let port = try #require(server.addresses[0].port)
      try await withMeceneClient("tcp://localhost:\(port)") { client in
        let status = try await client.health.check(.init()).status
        #expect(status == .serving)
      }
    }
    let nowhere = try MeceneClient(address: "tcp://no-such-host.invalid:1")
    let error = await #expect(throws: MeceneError.self) { try await nowhere.health.check(.init()) }
    #expect(error?.reason == .connectFailed && error?.cause?.contains("can't be found") == true)
    await nowhere.close()
  }

  @Test func `after a restart calls that are safe go on by themselves`() async throws {
    let directory = try TemporaryDirectory()
    let client = try MeceneClient(address: "unix:\(directory.path)/mecene.sock")
    try await withServer(in: directory) { _ in
      _ = try await client.accountService.openAccount(.init(name: "anna"))
    }
    try await withServer(in: directory) { _ in
      #expect(try await client.accountService.getAccount(.init(account: .name("anna"))).account?.id == 1)
      let deposit = try await client.accountService.deposit(
        .init(account: .name("anna"), amountMicros: 5, key: "k"))
      #expect(deposit.transfer?.availableAfterMicros == 5)
    }
    await client.close()
  }

  /// Later attempts find nobody, or a daemon that drains.
  @Test(arguments: [false, true])
  func `a call whose answer was lost is in doubt when no later attempt gets through, and its key tells`(
    isDraining: Bool
  ) async throws {
    let directory = try TemporaryDirectory()
    var lastWord: [UInt8] = []
    try MessageCoder(arenaBytesMax: 1 << 20).appendFrame(
      callID: 0, status: .unavailable,
      failure: Failure(message: "the daemon is shutting down", reason: .draining, notExecuted: true),
      to: &lastWord)
    try await withServerAndClient(in: directory) { [lastWord] _, direct in
      _ = try await direct.accountService.openAccount(.init(name: "anna"))
      let middleman = try Middleman(
        at: directory.path + "/m", for: directory.path + "/mecene.sock", goesOn: isDraining,
        lastWord: isDraining ? lastWord : nil)
      let client = try MeceneClient(address: "unix:\(directory.path)/m")
      let error = await #expect(throws: MeceneError.self) {
        try await client.accountService.deposit(
          .init(account: .name("anna"), amountMicros: 5_000_000), options: .init(timeout: .seconds(1)))
      }
      #expect(error?.inDoubt == true && error?.notExecuted == false)
      let key = try #require(error?.key)
      #expect(error?.message.contains("repeat it with the key \(key)") == true)
      let again = try await direct.accountService.deposit(
        .init(account: .name("anna"), amountMicros: 5_000_000, key: key))
      #expect(again.replayed && again.transfer?.availableAfterMicros == 5_000_000)
      await client.close()
      withExtendedLifetime(middleman) {}
    }
  }

  @Test func `a call whose answer was lost is asked for again with its key, and answered`() async throws {
    let directory = try TemporaryDirectory()
    try await withServerAndClient(in: directory) { _, direct in
      _ = try await direct.accountService.openAccount(.init(name: "anna"))
      let middleman = try Middleman(
        at: directory.path + "/m", for: directory.path + "/mecene.sock", lost: 2, goesOn: true)
      let client = try MeceneClient(address: "unix:\(directory.path)/m")
      let deposit = try await client.accountService.deposit(
        .init(account: .name("anna"), amountMicros: 5_000_000))
      #expect(deposit.replayed && deposit.transfer?.availableAfterMicros == 5_000_000)
      await client.close()
      withExtendedLifetime(middleman) {}
    }
  }

  @Test func `a text with a NUL character is refused before it is sent, and never cut`() async throws {
    try await withServerAndClient { _, client in
      for name in ["anna", "bert"] { _ = try await client.accountService.openAccount(.init(name: name)) }
      for text in ["anna\0-the-other", "\0anna", "anna\0"] {
        #expect(
          await reason { _ = try await client.accountService.getAccount(.init(account: .name(text))) }
            == .malformedPayload)
        let request = DepositRequest(account: .name("anna"), amountMicros: 5, key: "k\(text)")
        #expect(await reason { _ = try await client.accountService.deposit(request) } == .malformedPayload)
      }
      #expect(
        try await client.accountService.getAccount(.init(account: .id(1))).account?.availableMicros == 0)
    }
  }

  @Test func `a lost answer leaves what changes something in doubt, and nothing that only reads`()
    async throws
  {
    let directory = try TemporaryDirectory()
    try await withServer(in: directory) { _ in
      for (index, isRead) in [false, true].enumerated() {
        let path = directory.path + "/m\(index)"
        let middleman = try Middleman(at: path, for: directory.path + "/mecene.sock", goesOn: false)
        let client = try MeceneClient(address: "unix:\(path)")
        let error = await #expect(throws: MeceneError.self) {
          if isRead {
            _ = try await client.accountService.listAccounts(.init(), options: .init(timeout: .seconds(1)))
          } else {
            _ = try await client.accountService.openAccount(
              .init(name: "anna"), options: .init(timeout: .seconds(1)))
          }
        }
        #expect(error?.inDoubt == !isRead && error?.key == nil)
        await client.close()
        withExtendedLifetime(middleman) {}
      }
    }
  }

  @Test func `a task that is cancelled ends its call`() async throws {
    try await withServerAndClient { (_, client) async throws in
      let task = Task {
        for n in 0... { _ = try await client.accountService.openAccount(.init(name: "account\(n)")) }
      }
      #expect(
        try await eventually { try await !client.accountService.listAccounts(.init()).accounts.isEmpty })
      task.cancel()
      await #expect(throws: (any Error).self) { try await task.value }
      #expect(try await client.health.check(.init()).status == .serving)
    }
  }

  @Test func `a closed client fails its calls at once`() async throws {
    let client = try MeceneClient(address: "tcp://127.0.0.1:1")
    let waiting = Task {
      await reason { _ = try await client.health.check(.init(), options: .init(waitsForReady: .always)) }
    }
    try await Task.sleep(for: .milliseconds(100))
    await client.close()
    let start = ContinuousClock.now
    _ = await waiting.value
    #expect(ContinuousClock.now - start < .seconds(2))
    #expect(await reason { _ = try await client.health.check(.init()) } == .cancelled)
  }
}

@Suite struct UTCMonthTests {
  @Test func `a month is named in UTC`() {
    #expect(UTCMonth.name(ofMilliseconds: novemberMs) == "2026-11")
    #expect(UTCMonth.name(ofMilliseconds: novemberMs - 1) == "2026-10")
    #expect(UTCMonth.name(ofMilliseconds: januaryMs) == "2027-01")
  }
}
