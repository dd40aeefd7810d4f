internal import CLoad
internal import Foundation
internal import Glibc
internal import Synchronization

/// Connections that ask for more than they should, on a thread of their own.
@safe final class Attacker: Sendable {
  /// What an attack does.
  struct Plan: Sendable {
    let connections: Int
    /// What each connection sends, once.
    let bytes: [UInt8]
    /// Whether it takes its answers.
    var reads = true
    /// Whether a connection that has sent everything leaves, and another comes.
    var leaves = false
  }

  private let isOver = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)
  private let answerBytes = Atomic(0)

  init(_ plan: Plan, on address: ServerAddress) {
    let thread = Thread { [self] in
      run(plan, address)
      ended.signal()
    }
    thread.start()
  }

  /// Bytes that came back.
  var received: Int { answerBytes.load(ordering: .relaxed) }

  /// Ends all connections.
  func stop() {
    isOver.store(true, ordering: .relaxed)
    ended.wait()
  }

  private struct Connection {
    var descriptor: Int32
    var sent = 0
  }

  private func run(_ plan: Plan, _ address: ServerAddress) {
    func connect() -> Connection {
      Connection(descriptor: unsafe load_connect(address.host, Int32(address.port)))
    }
    var connections = (0..<plan.connections).map { _ in connect() }
    var scratch = [UInt8](repeating: 0, count: 1 << 18)
    while !isOver.load(ordering: .relaxed) {
      for index in connections.indices where connections[index].descriptor >= 0 {
        send(plan.bytes, &connections[index])
        if plan.reads { receive(&connections[index], &scratch) }
        if plan.leaves, connections[index].sent == plan.bytes.count {
          Glibc.close(connections[index].descriptor)
          connections[index] = connect()
        }
      }
      usleep(2_000)
    }
    for connection in connections where connection.descriptor >= 0 { Glibc.close(connection.descriptor) }
  }

  private func send(_ bytes: [UInt8], _ connection: inout Connection) {
    while connection.sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe Glibc.send(
          connection.descriptor, base + connection.sent, buffer.count - connection.sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else {
        if count < 0, errno != EAGAIN { end(&connection) }
        return
      }
      connection.sent += count
    }
  }

  private func receive(_ connection: inout Connection, _ scratch: inout [UInt8]) {
    while connection.descriptor >= 0 {
      let count = unsafe scratch.withUnsafeMutableBytes {
        unsafe recv(connection.descriptor, $0.baseAddress, $0.count, 0)
      }
      if count > 0 {
        answerBytes.add(count, ordering: .relaxed)
      } else {
        if count == 0 || errno != EAGAIN { end(&connection) }
        return
      }
    }
  }

  private func end(_ connection: inout Connection) {
    Glibc.close(connection.descriptor)
    connection.descriptor = -1
  }
}

/// The most that a process has taken since this began to look, ten times a second.
final class MemoryPeak: Sendable {
  private let peak = Atomic(0)
  private let isOver = Atomic(false)

  init(_ daemon: Daemon) {
    let look = daemon.look
    Thread.detachNewThread { [self] in
      while !isOver.load(ordering: .relaxed) {
        peak.max(look(), ordering: .relaxed)
        usleep(100_000)
      }
    }
  }

  /// Bytes.
  func end() -> Int {
    isOver.store(true, ordering: .relaxed)
    return peak.load(ordering: .relaxed)
  }
}
