internal import CLoad
internal import Glibc
internal import Histogram

/// What a load came to. Latencies are in nanoseconds.
struct LoadResult {
  var calls = 0
  var failures = 0
  var seconds = 0.0
  var latency = Histogram<UInt64>(
    lowestDiscernibleValue: 1_000, highestTrackableValue: 4_000_000_000,
    numberOfSignificantValueDigits: .three)

  var callsPerSecond: Double { seconds > 0 ? Double(calls) / seconds : 0 }
  func milliseconds(_ percentile: Double) -> Double { Double(latency.valueAtPercentile(percentile)) / 1e6 }
}

struct LoadError: Error, CustomStringConvertible {
  let description: String
}

/// One thread that keeps many connections busy, through one epoll descriptor.
///
/// Closed loop: each connection has `depth` calls in flight, and an answer makes room for the next. Open loop: calls
/// begin at a fixed rate whatever the answers do, and a call's latency counts from when it should have begun.
@safe final class LoadGenerator<C: Conversation> {
  private struct Connection {
    let descriptor: Int32
    var outbound: [UInt8] = []
    var sent = 0
    var inbound: [UInt8] = []
    /// Begin of each call in flight, by slot; a call's id is its slot + 1.
    var begun: [UInt64]
    var free: [UInt32]
    /// Slots of calls in flight in their order, where answers carry no id.
    var order: [UInt32] = []
    var orderStart = 0
    var waitsForRoom = false
  }

  private var connections: [Connection] = []
  private let epoll: Int32
  private var conversation: C
  private var scratch = [UInt8](repeating: 0, count: 1 << 18)
  private var events = unsafe [epoll_event](repeating: epoll_event(), count: 256)
  private var result = LoadResult()
  private var records = false
  private var inFlight = 0
  /// Why the load can't go on.
  private var failure: LoadError?

  init(_ conversation: C, to address: ServerAddress, connections count: Int, depth: Int) throws {
    self.conversation = conversation
    epoll = load_epoll_create()
    for token in 0..<count {
      let descriptor = unsafe load_connect(address.host, Int32(address.port))
      guard descriptor >= 0 else { throw LoadError(description: "can't connect to \(address)") }
      _ = load_epoll_watch(epoll, Int32(load_epoll_add), descriptor, 0, UInt64(token))
      connections.append(
        Connection(
          descriptor: descriptor, begun: Array(repeating: 0, count: depth),
          free: (0..<UInt32(depth)).reversed()))
    }
  }

  deinit {
    close()
    Glibc.close(epoll)
  }

  /// Ends all connections.
  func close() {
    for connection in connections { Glibc.close(connection.descriptor) }
    connections = []
  }

  /// Keeps all calls in flight for `warmUp` seconds without counting, and then for `seconds`.
  func closed(seconds: Double, warmUp: Double = 0.5) throws -> LoadResult {
    start()
    _ = pump(until: after(warmUp), refill: true)
    count(from: load_now_ns()) { _ = pump(until: after(seconds), refill: true) }
    finish()
    if let failure { throw failure }
    return result
  }

  /// Makes so many calls, as fast as they are answered.
  func closed(calls: Int) throws -> LoadResult {
    var left = calls
    count(from: load_now_ns()) {
      let now = load_now_ns()
      for index in connections.indices {
        while left > 0, !connections[index].free.isEmpty {
          begin(index, at: now)
          left -= 1
        }
        flush(index)
      }
      while failure == nil, left > 0 || inFlight > 0 {
        left -= turn(waiting: -1, refill: left > 0, most: left)
      }
    }
    if let failure { throw failure }
    return result
  }

  /// Begins calls at `rate` a second.
  func open(rate: Double, seconds: Double, warmUp: Double = 0.5) throws -> LoadResult {
    let start = load_now_ns()
    func due(_ now: UInt64) -> Int { Int(Double(now - start) / 1e9 * rate) }
    var begun = 0
    var next = 0
    records = false
    result = LoadResult()
    let counted = start + UInt64(warmUp * 1e9)
    let end = counted + UInt64(seconds * 1e9)
    while failure == nil {
      let now = load_now_ns()
      if now >= end { break }
      if !records, now >= counted { records = true }
      var touched = Set<Int>()
      var tried = 0
      let target = due(now)
      while begun < target, tried < connections.count {
        if connections[next].free.isEmpty {
          tried += 1
        } else {
          tried = 0
          begin(next, at: start + UInt64(Double(begun) / rate * 1e9))
          touched.insert(next)
          begun += 1
        }
        next = (next + 1) % connections.count
      }
      for index in touched { flush(index) }
      let nextDue = start + UInt64(Double(begun + 1) / rate * 1e9)
      // Not finer than 20 µs: the generator shares the cores with what it measures.
      _ = turn(waiting: max(20_000, Int64(nextDue) - Int64(load_now_ns())), refill: false, most: 0)
    }
    result.seconds = Double(load_now_ns() - counted) / 1e9
    records = false
    finish()
    if let failure { throw failure }
    return result
  }

  private func after(_ seconds: Double) -> UInt64 { load_now_ns() + UInt64(seconds * 1e9) }

  private func start() {
    let now = load_now_ns()
    for index in connections.indices {
      while !connections[index].free.isEmpty { begin(index, at: now) }
      flush(index)
    }
  }

  private func count(from start: UInt64, _ body: () -> Void) {
    result = LoadResult()
    records = true
    body()
    records = false
    result.seconds = Double(load_now_ns() - start) / 1e9
  }

  /// Waits for what is in flight, and begins nothing.
  private func finish() { _ = pump(until: .max, refill: false) }

  private func pump(until end: UInt64, refill: Bool) -> Int {
    var answered = 0
    while failure == nil, inFlight > 0, load_now_ns() < end {
      answered += turn(waiting: 10_000_000, refill: refill, most: .max)
    }
    return answered
  }

  /// Takes what is there from all connections.
  ///
  /// - Returns: How many calls began.
  private func turn(waiting nanoseconds: Int64, refill: Bool, most: Int) -> Int {
    load_wait_readable(epoll, nanoseconds)
    let ready = unsafe events.withUnsafeMutableBufferPointer {
      unsafe load_epoll_wait(epoll, $0.baseAddress, Int32($0.count))
    }
    var began = 0
    for position in 0..<max(0, Int(ready)) {
      let index = unsafe Int(load_epoll_token(&events[position]))
      if connections[index].waitsForRoom { flush(index) }
      let answered = receive(index)
      guard refill, answered > 0 else { continue }
      let now = load_now_ns()
      for _ in 0..<min(answered, most - began) {
        begin(index, at: now)
        began += 1
      }
      flush(index)
    }
    return began
  }

  private func begin(_ index: Int, at time: UInt64) {
    guard let slot = connections[index].free.popLast() else { return }
    connections[index].begun[Int(slot)] = time
    if C.answersInOrder { connections[index].order.append(slot) }
    conversation.appendRequest(slot + 1, to: &connections[index].outbound)
    inFlight += 1
  }

  private func flush(_ index: Int) {
    while connections[index].sent < connections[index].outbound.count {
      let count = unsafe connections[index].outbound.withUnsafeBytes { bytes -> Int in
        guard let base = bytes.baseAddress else { return 0 }
        let sent = connections[index].sent
        return unsafe send(
          connections[index].descriptor, base + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        connections[index].sent += count
      } else if count < 0, errno == EAGAIN {
        watch(index, writes: true)
        return
      } else {
        failure = LoadError(description: "a connection of the load broke while sending")
        return
      }
    }
    connections[index].outbound.removeAll(keepingCapacity: true)
    connections[index].sent = 0
    watch(index, writes: false)
  }

  private func watch(_ index: Int, writes: Bool) {
    guard connections[index].waitsForRoom != writes else { return }
    connections[index].waitsForRoom = writes
    _ = load_epoll_watch(
      epoll, Int32(load_epoll_modify), connections[index].descriptor, writes ? 1 : 0, UInt64(index))
  }

  private func receive(_ index: Int) -> Int {
    let count = unsafe scratch.withUnsafeMutableBytes {
      unsafe recv(connections[index].descriptor, $0.baseAddress, $0.count, 0)
    }
    guard count > 0 else {
      if count < 0, errno == EAGAIN || errno == EINTR { return 0 }
      failure = LoadError(description: "a connection of the load broke while receiving")
      return 0
    }
    let now = load_now_ns()
    var answered = 0
    if connections[index].inbound.isEmpty {
      // Without checks of exclusive access, the compiler lends no span of a class's variable.
      let bytes = scratch
      let used = conversation.readAnswers(bytes.span.extracting(0..<count)) { id, isSuccess in
        end(index, id, isSuccess, at: now)
        answered += 1
      }
      if used < count { connections[index].inbound = Array(scratch[used..<count]) }
    } else {
      connections[index].inbound.append(contentsOf: scratch[..<count])
      let inbound = connections[index].inbound
      let used = conversation.readAnswers(inbound.span) { id, isSuccess in
        end(index, id, isSuccess, at: now)
        answered += 1
      }
      connections[index].inbound.removeFirst(used)
    }
    return answered
  }

  private func end(_ index: Int, _ id: UInt32, _ isSuccess: Bool, at now: UInt64) {
    let slot: UInt32
    if C.answersInOrder {
      slot = connections[index].order[connections[index].orderStart]
      connections[index].orderStart += 1
      if connections[index].orderStart > 4_096 {
        connections[index].order.removeFirst(connections[index].orderStart)
        connections[index].orderStart = 0
      }
    } else {
      slot = id - 1
    }
    let begun = connections[index].begun[Int(slot)]
    connections[index].free.append(slot)
    inFlight -= 1
    guard records else { return }
    result.calls += 1
    if !isSuccess { result.failures += 1 }
    result.latency.record(now &- begun)
  }
}
