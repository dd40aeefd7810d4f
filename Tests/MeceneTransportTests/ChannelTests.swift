import Foundation
import TestSupport
import Testing

@testable import MeceneTransport

/// Listeners, sockets and channels, over real ones.
@Suite struct ChannelTests {
  /// What happened on a channel, in its order. Its queue alone changes it.
  private final class Client: @unchecked Sendable {
    let queue = DispatchQueue(label: "test")
    private var channel: Channel?
    private var received: [UInt8] = []
    private var events: [String] = []

    func start(_ address: Address, sending bytes: [UInt8] = []) {
      queue.sync {
        let channel = Channel(to: address, queue: queue) { [unowned self] event in
          switch event {
          case .connected: events.append("connected")
          case .received(let bytes): received += bytes
          case .closed(let reason): events.append("closed: \(reason)")
          }
        }
        self.channel = channel
        channel.start { [weak self] act in if let channel = self?.channel { act(channel) } }
        channel.send(bytes)
      }
    }

    func close() { queue.sync { channel?.close("enough") } }
    var told: [String] { queue.sync { events } }
    var bytes: [UInt8] { queue.sync { received } }
  }

  private func accept(_ listener: Listener) async throws -> StreamSocket {
    var socket: StreamSocket?
    #expect(
      try await eventually {
        if case .socket(let accepted) = listener.accept() { socket = accepted }
        return socket != nil
      })
    return try #require(socket)
  }

  private func receive(_ count: Int, from socket: StreamSocket) async throws -> [UInt8] {
    var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    #expect(
      try await eventually {
        while case .bytes(let count) = socket.receive(into: &buffer) { all += buffer[..<count] }
        return all.count >= count
      })
    return all
  }

  @Test(arguments: [true, false])
  func `bytes go both ways in their order, however many there are`(overTCP: Bool) async throws {
    let directory = try TemporaryDirectory()
    let listener = try #require(
      Listener.all(at: overTCP ? .tcp(host: "127.0.0.1", port: 0) : .unix(path: directory.path + "/s")).first)
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let client = Client()
    // What is sent before the connection stands leaves with it.
    client.start(listener.address, sending: bytes)
    let socket = try await accept(listener)
    #expect(try await receive(bytes.count, from: socket) == bytes)
    let outbound = OutboundBuffer(capacityKept: 1 << 16)
    outbound.append(bytes)
    #expect(
      try await eventually { outbound.flush(to: socket).0 == .done && client.bytes.count == bytes.count })
    #expect(client.bytes == bytes && client.told == ["connected"])
    socket.finishSending()
    #expect(try await eventually { client.told.count == 2 })
    #expect(client.told[1].contains("closed the connection"))
  }

  @Test func `an address where nobody listens ends the channel with its reason, once`() async throws {
    let directory = try TemporaryDirectory()
    for address in [Address.unix(path: directory.path + "/nobody"), .tcp(host: "127.0.0.1", port: 1)] {
      let client = Client()
      client.start(address)
      #expect(try await eventually { !client.told.isEmpty })
      client.close()
      #expect(client.told.count == 1 && client.told[0].contains("does not answer"), "\(client.told)")
    }
  }

  @Test func `a channel that is closed hears nothing more`() async throws {
    let directory = try TemporaryDirectory()
    let listener = try #require(Listener.all(at: .unix(path: directory.path + "/s")).first)
    let client = Client()
    client.start(listener.address)
    let socket = try await accept(listener)
    #expect(try await eventually { client.told == ["connected"] })
    client.close()
    _ = socket.send([1, 2, 3], from: 0)
    #expect(client.told == ["connected", "closed: enough"] && client.bytes.isEmpty)
    var buffer = [UInt8](repeating: 0, count: 16)
    #expect(try await eventually { socket.receive(into: &buffer) == .closed })
  }

  @Test func `a listener's socket that is removed is not there any more`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/s"
    let listener = try #require(Listener.all(at: .unix(path: path)).first)
    #expect(listener.isThere)
    try FileManager.default.removeItem(atPath: path)
    #expect(!listener.isThere)
  }
}
