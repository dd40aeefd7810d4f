import Foundation
import MeceneConcurrency
import MeceneEngine
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer

/// Frames as a stranger might send them.
@Suite struct ProtocolTests {
  private func check(_ connection: RawConnection, id: UInt64) throws -> HealthCheckResponse {
    try connection.call(.healthCheck, HealthCheckRequest(), id: id, as: HealthCheckResponse.self)
  }

  /// The last message of a connection that the server ends.
  private func lastWord(_ connection: RawConnection) throws -> Failure? {
    var last: Failure?
    while let response = try connection.receive() { if response.callID == 0 { last = response.error } }
    return last
  }

  @Test func `every method of the descriptors is known by its name`() async throws {
    let descriptors = try Data(contentsOf: URL(fileURLWithPath: "proto/descriptors.binpb"))
    let text = String(decoding: descriptors, as: UTF8.self)
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      for method in Method.allCases {
        #expect(text.contains(method.path.split(separator: "/")[1]))
        // No request is that: whoever looks at it is the method's own handler.
        let id = UInt64(method.rawValue) + 1
        try connection.send(Request(callID: id, method: method.path, payload: [0x08]))
        let response = try #require(try connection.receive())
        #expect(response.callID == id && response.error?.reason == .malformedPayload)
      }
    }
  }

  @Test func `frames split at every byte are understood`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[1])
      let frame = try connection.frame(
        .healthCheck, HealthCheckRequest(service: "mecene.v1.ClickService"), id: 1)
      for cut in 1..<frame.count {
        connection.send(Array(frame[..<cut]))
        usleep(200)
        connection.send(Array(frame[cut...]))
        #expect(try connection.receive()?.status == 0)
      }
      for byte in frame { connection.send([byte]) }
      #expect(try connection.receive()?.status == 0)
    }
  }

  @Test func `many calls in one write are all answered, in any order`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      var bytes: [UInt8] = []
      for id in 1...300 as ClosedRange<UInt64> {
        // Commands, reads and calls that are answered at once, mixed.
        let frame =
          switch id % 3 {
          case 0: try connection.frame(.healthCheck, HealthCheckRequest(), id: id)
          case 1:
            try connection.frame(.accountServiceOpenAccount, OpenAccountRequest(name: "account\(id)"), id: id)
          default: try connection.frame(.accountServiceListAccounts, ListAccountsRequest(), id: id)
          }
        bytes += frame
      }
      connection.send(bytes)
      var answered: [UInt64] = []
      for _ in 0..<300 {
        let response = try #require(try connection.receive())
        #expect(response.status == 0 && !response.more)
        answered.append(response.callID)
      }
      #expect(Set(answered) == Set(1...300))
      #expect(answered != answered.sorted())
    }
  }

  @Test func `an unknown method and a bad payload fail their call alone`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      try connection.send(Request(callID: 1, method: "mecene.v1.ClickService/Frob"))
      let unknown = try #require(try connection.receive())
      #expect(
        unknown.status == 12 && unknown.error?.reason == .methodUnknown && unknown.error?.notExecuted == true)
      try connection.send(
        Request(
          callID: 2, method: Method.accountServiceGetAccount.path, payload: [0x0a, 2, 0x12, 0xff]))
      let malformed = try #require(try connection.receive())
      #expect(malformed.status == 3 && malformed.error?.reason == .malformedPayload)
      #expect(malformed.error?.field == "account.name")
      #expect(try check(connection, id: 3).status == .serving)
    }
  }

  @Test(
    arguments: [
      ([0, 0, 0, 0], Reason.malformedFrame), ([0, 0x40, 0, 1], .frameTooLarge),
      ([0, 0, 0, 2, 0xff, 0xff], .malformedFrame),
      ([0x16, 0x03, 0x01, 0x02], .malformedFrame), ([0, 0, 0, 2, 0x08, 0x00], .invalidCallID),
    ] as [([UInt8], Reason)])
  func `what is no frame ends the connection with a clear last message`(bytes: [UInt8], reason: Reason)
    async throws
  {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      connection.send(bytes)
      let failure = try lastWord(connection)
      #expect(failure?.reason == reason && failure?.message.isEmpty == false)
      #expect(try check(RawConnection(server.addresses[0]), id: 1).status == .serving)
    }
  }

  @Test func `a browser is told in its own words`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      connection.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
      var text = ""
      while let bytes = connection.receiveBytes() { text += String(decoding: bytes, as: UTF8.self) }
      #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("Mecene's protocol"))
    }
  }

  @Test func `an id in flight can't be used again`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      let frame = try connection.frame(.accountServiceListAccounts, ListAccountsRequest(), id: 7)
      connection.send(frame + frame)
      #expect(try lastWord(connection)?.reason == .invalidCallID)
    }
  }

  @Test func `random garbage never ends the daemon`() async throws {
    var random = SeededGenerator.printed()
    let garbage = (0..<200).map { _ in
      (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
    try await withServer { server in
      for bytes in garbage { try RawConnection(server.addresses[1]).send(bytes) }
      #expect(try check(RawConnection(server.addresses[0]), id: 1).status == .serving)
    }
  }

  @Test func `a message that needs too much memory is refused`() async throws {
    var limits = Limits()
    limits.messageMemoryMax = 16_384
    try await withServer(limits: limits) { server in
      let connection = try RawConnection(server.addresses[0])
      let many = ClickManyRequest(
        patronIDs: Array(repeating: 1, count: 3_000), thingIDs: Array(repeating: 1, count: 3_000))
      connection.send(try connection.frame(.clickServiceClickMany, many, id: 1))
      let response = try #require(try connection.receive())
      #expect(response.status == 8 && response.error?.reason == .messageTooLarge)
      #expect(try check(connection, id: 2).status == .serving)
    }
  }

  @Test func `an expired call is not executed`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      // A clock that is set closes a commit of its own, and the period's close takes a while: the call behind it
      // waits longer than its millisecond.
      var bytes: [UInt8] = []
      for id in 1...200 as ClosedRange<UInt64> {
        bytes += try connection.frame(
          .daemonServiceSetClock, SetClockRequest(nowMs: novemberMs + Int64(id)), id: id)
      }
      bytes += try connection.frame(
        .accountServiceOpenAccount, OpenAccountRequest(name: "late"), id: 1_000, timeoutMs: 1)
      connection.send(bytes)
      var late: Response?
      for _ in 0...200 {
        let response = try #require(try connection.receive())
        if response.callID == 1_000 { late = response }
      }
      #expect(
        late?.status == 4 && late?.error?.reason == .deadlineExceeded && late?.error?.notExecuted == true)
      connection.send(
        try connection.frame(.accountServiceGetAccount, GetAccountRequest(account: .name("late")), id: 2_000))
      #expect(try connection.receive()?.error?.reason == .accountNotFound)
    }
  }

  @Test func `a cancelled call ends once, with its result or as cancelled`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      try connection.send(Request(callID: 99, cancel: true))
      var cancelled = 0
      for id in 1...50 as ClosedRange<UInt64> {
        var bytes = try connection.frame(
          .accountServiceOpenAccount, OpenAccountRequest(name: "account\(id)"), id: id)
        try connection.coder.appendFrame(Request(callID: id, cancel: true), to: &bytes)
        connection.send(bytes)
        let response = try #require(try connection.receive())
        #expect(response.callID == id && (response.status == 0 || response.status == 1))
        connection.send(
          try connection.frame(
            .accountServiceGetAccount, GetAccountRequest(account: .name("account\(id)")), id: 1_000 + id))
        let after = try #require(try connection.receive())
        // What was cancelled was not executed.
        #expect((after.status == 0) == (response.status == 0))
        if response.status == 1 { cancelled += 1 }
      }
      #expect(cancelled > 0)
    }
  }

  @Test func `an id used again after a cancel gets its own call's answer`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      _ = try connection.call(
        .accountServiceOpenAccount, OpenAccountRequest(name: "anna"), id: 1, as: OpenAccountResponse.self)
      // In one write, so that the cancelled read is answered while the next call with its id waits.
      var bytes = try connection.frame(.accountServiceListAccounts, ListAccountsRequest(), id: 7)
      try connection.coder.appendFrame(Request(callID: 7, cancel: true), to: &bytes)
      bytes += try connection.frame(
        .clickServiceListClicks, ListClicksRequest(patron: .name("anna"), period: "2026-11"), id: 7)
      connection.send(bytes)
      #expect(try connection.receive()?.status == 1)
      let second = try #require(try connection.receive())
      #expect(try connection.coder.decode(ListClicksResponse.self, from: second.payload).period == "2026-11")
    }
  }

  @Test func `a stream that is cancelled does not claim that nothing was done`() async throws {
    try await withServer { server in
      let connection = try RawConnection(server.addresses[0])
      var bytes = try connection.frame(.settlementServiceVerify, VerifyRequest(), id: 7)
      try connection.coder.appendFrame(Request(callID: 7, cancel: true), to: &bytes)
      connection.send(bytes)
      let end = try #require(try connection.receive())
      #expect(end.status == 1 && end.error?.reason == .cancelled && end.error?.notExecuted == false)
    }
  }

  @Test func `more reads than may be in flight wait their turn`() async throws {
    var limits = Limits()
    limits.readsMax = 2
    try await withServer(limits: limits) { server in
      let connection = try RawConnection(server.addresses[0])
      var bytes: [UInt8] = []
      for id in 1...500 as ClosedRange<UInt64> {
        bytes +=
          id % 5 == 0
          ? try connection.frame(.accountServiceOpenAccount, OpenAccountRequest(name: "a\(id)"), id: id)
          : try connection.frame(.accountServiceListAccounts, ListAccountsRequest(), id: id)
      }
      connection.send(bytes)
      var answered: Set<UInt64> = []
      for _ in 0..<500 {
        let response = try #require(try connection.receive())
        answered.insert(response.callID)
      }
      #expect(answered == Set(1...500))
    }
  }

  @Test func `what is sent does not pile up behind a peer that is always behind`() throws {
    let directory = try TemporaryDirectory()
    let listeners = try Listener.all(at: .unix(path: directory.path + "/s"))
    let peer = try RawConnection(.unix(path: directory.path + "/s"))
    guard case .socket(let socket) = listeners[0].accept() else {
      Issue.record("nobody connected")
      return
    }
    let connection = Connection(
      socket: socket, token: 1,
      framing: LengthPrefixedFraming(
        frameBytesMax: 100, coder: MessageCoder(arenaBytesMax: 100), methods: MethodTable()),
      seed: 0, now: DispatchRuntime().now)
    var received = 0
    for _ in 0..<40 {
      connection.outbound.append([UInt8](repeating: 7, count: 1 << 18))
      #expect(connection.flush(now: DispatchRuntime().now))
      // The peer takes less than is added, so something always waits.
      for _ in 0..<2 { received += peer.receiveBytes()?.count ?? 0 }
      #expect(connection.outbound.count <= connection.bytesWaiting + (2 << 20))
    }
    #expect(received > 1 << 20)
  }

  @Test func `a list of clicks whose month ends on its way is that month's list`() async throws {
    try await withServer(autoSettle: false) { server in
      let connection = try RawConnection(server.addresses[0])
      _ = try connection.call(
        .accountServiceOpenAccount, OpenAccountRequest(name: "anna"), id: 1, as: OpenAccountResponse.self)
      // Both are decided in one turn: the list is asked for while November is open, and read when it is not.
      let set = try connection.frame(.daemonServiceSetClock, SetClockRequest(nowMs: decemberMs), id: 2)
      let list = try connection.frame(
        .clickServiceListClicks, ListClicksRequest(patron: .name("anna"), period: "2026-11"), id: 3)
      connection.send(set + list)
      for _ in 0..<2 {
        let response = try #require(try connection.receive())
        #expect(response.status == 0)
        if response.callID == 3 {
          let clicks = try connection.coder.decode(ListClicksResponse.self, from: response.payload)
          #expect(clicks.period == "2026-11")
        }
      }
    }
  }

  @Test func `half a frame and an idle connection are not kept for ever`() async throws {
    var limits = Limits()
    limits.halfFrameMs = 200
    limits.idleMs = 400
    try await withServer(limits: limits) { server in
      let half = try RawConnection(server.addresses[0])
      half.send([0, 0, 0, 9, 1])
      #expect(try lastWord(half)?.reason == .connectionTimeout)
      #expect(try lastWord(RawConnection(server.addresses[0]))?.reason == .connectionTimeout)
    }
  }

  @Test func `a busy connection that always ends in the middle of a frame is kept`() async throws {
    var limits = Limits()
    limits.halfFrameMs = 600
    try await withServer(limits: limits) { server in
      let connection = try RawConnection(server.addresses[0])
      let frame = try connection.frame(.healthCheck, HealthCheckRequest(), id: 1)
      connection.send(Array(frame[..<3]))
      for _ in 0..<50 {
        usleep(20_000)
        connection.send(Array(frame[3...] + frame[..<3]))
        #expect(try connection.receive()?.status == 0)
      }
    }
  }

  @Test func `a daemon that drains says so to whoever asks for its health`() async throws {
    var limits = Limits()
    limits.drainMs = 3_000
    let directory = try TemporaryDirectory()
    try await withServer(in: directory, limits: limits) { server in
      // A peer that does not read keeps the daemon busy.
      let asking = try RawConnection(server.addresses[1])
      #expect(try check(asking, id: 1).status == .serving)
      let sent = Locked(0)
      Thread.detachNewThread { [address = server.addresses[1]] in
        guard let stuck = try? RawConnection(address) else { return }
        for id in 1...3_000 as ClosedRange<UInt64> {
          if let frame = try? stuck.frame(.daemonServiceGetStatus, GetStatusRequest(), id: id) {
            stuck.send(frame)
          }
          sent.withLock { $0 += 1 }
        }
        Thread.sleep(forTimeInterval: 3)
      }
      // All asked, and more answered than the sockets between take.
      #expect(try await eventually { sent.withLock { $0 } == 3_000 })
      #expect(try await eventually { await server.bytesInFlight > 100_000 })
      let stopping = Task { await server.shutDown() }
      let announced = try #require(try asking.receive())
      #expect(announced.callID == 0 && announced.error?.reason == .draining)
      #expect(try check(asking, id: 2).status == .notServing)
      asking.send(try asking.frame(.daemonServiceGetStatus, GetStatusRequest(), id: 3))
      #expect(try asking.receive()?.error?.reason == .draining)
      await stopping.value
    }
  }

  @Test func `a client that does not read is not read from, and closed in the end`() async throws {
    var limits = Limits()
    limits.bytesWaitingMax = 100_000
    limits.writeStallMs = 500
    try await withServer(limits: limits) { server async throws in
      let asked = Locked(0)
      // Each answer has more than a thousand bytes: far more than the sockets hold.
      Thread.detachNewThread { [address = server.addresses[1]] in
        guard let deaf = try? RawConnection(address) else { return }
        var id: UInt64 = 1
        while id < 200_000, let frame = try? deaf.frame(.daemonServiceGetStatus, GetStatusRequest(), id: id) {
          guard deaf.send(frame) else { return }
          asked.withLock { $0 = Int(id) }
          id += 1
        }
      }
      // Others are served meanwhile.
      for id in 1...50 as ClosedRange<UInt64> {
        #expect(try check(RawConnection(server.addresses[0]), id: id).status == .serving)
      }
      // It is not read from: what it asks stays in the sockets, and its answers within their bound.
      #expect(try await eventually { asked.withLock { $0 } > 100 })
      var before = -1
      #expect(
        try await eventually {
          defer { before = asked.withLock { $0 } }
          return asked.withLock { $0 } == before
        })
      #expect(asked.withLock { $0 } < 200_000 - 1)
      #expect(await server.bytesInFlight < 4 << 20)
      // In the end it is closed, and whoever sends hears so.
      #expect(try await eventually { await server.connectionCount == 0 })
      #expect(try check(RawConnection(server.addresses[0]), id: 1).status == .serving)
    }
  }

  @Test func `too many calls on one connection are refused and not executed`() async throws {
    var limits = Limits()
    limits.callsMax = 4
    try await withServer(limits: limits) { server in
      let connection = try RawConnection(server.addresses[0])
      var bytes: [UInt8] = []
      for id in 1...40 as ClosedRange<UInt64> {
        bytes += try connection.frame(.accountServiceListAccounts, ListAccountsRequest(), id: id)
      }
      connection.send(bytes)
      var refused = 0
      for _ in 0..<40 {
        let response = try #require(try connection.receive())
        if response.error?.reason == .tooManyCalls {
          refused += 1
          #expect(response.status == 8 && response.error?.notExecuted == true)
        }
      }
      #expect(refused > 0)
      #expect(try check(connection, id: 41).status == .serving)
    }
  }

  @Test func `draining announces itself and finishes what was accepted`() async throws {
    let directory = try TemporaryDirectory()
    var connection: RawConnection?
    try await withServer(in: directory) { server in
      let opened = try RawConnection(server.addresses[1])
      connection = opened
      #expect(try check(opened, id: 1).status == .serving)
      var bytes: [UInt8] = []
      for id in 2...100 as ClosedRange<UInt64> {
        bytes += try opened.frame(
          .accountServiceOpenAccount, OpenAccountRequest(name: "account\(id)"), id: id)
      }
      opened.send(bytes)
      // The first answer shows that the calls were accepted.
      #expect(try opened.receive()?.status == 0)
    }
    var answered = 1
    var announced = false
    while let response = try connection?.receive() {
      if response.callID == 0 { announced = response.error?.reason == .draining && response.status == 14 }
      if response.callID != 0, response.status == 0 { answered += 1 }
    }
    #expect(announced && answered == 99)
    #expect(throws: POSIXError.self) { try RawConnection(.unix(path: directory.path + "/mecene.sock")) }
  }

  @Test func `only this machine may connect until there are tokens and TLS`() throws {
    let error = #expect(throws: TransportError.self) { try Listener.all(at: .tcp(host: "0.0.0.0", port: 0)) }
    #expect(error?.description.contains("neither tokens nor TLS") == true)
  }

  @Test func `a host name is listened on at all its addresses, with one port`() async throws {
    let listeners = try Listener.all(at: .tcp(host: "localhost", port: 0))
    #expect(Set(listeners.map(\.address)).count == 1)
    let port = try #require(listeners[0].address.port)
    #expect(port != 0)
    _ = try RawConnection(.tcp(host: "127.0.0.1", port: port))
  }

  @Test func `a file that is no socket is refused and stays`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/precious"
    try "precious".write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: TransportError.self) { try Listener.all(at: .unix(path: path)) }
    #expect(error?.description.contains("is not a socket") == true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
  }

  @Test func `a stale socket is replaced, a living one refused, and its mode is 0600`() throws {
    let directory = try TemporaryDirectory()
    let address = Address.unix(path: directory.path + "/s")
    let first = try Listener.all(at: address)
    let mode =
      try FileManager.default.attributesOfItem(atPath: directory.path + "/s")[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(throws: TransportError.self) { try Listener.all(at: address) }
    withExtendedLifetime(first) {}
  }
}
