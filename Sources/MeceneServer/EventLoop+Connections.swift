internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

// Connections: from their beginning to their end, what comes in and what goes out.
extension EventLoop {
  /// Connections that are taken in one turn.
  private static let acceptedAtOnce = 16
  /// Connections that are told why they are not taken; others are closed at once, because those who listen need descriptors too.
  private static let refusedAtOnce = 8

  func accept(_ listener: Listener) {
    // Whoever comes and goes quickly must not come faster than they are seen to go.
    for _ in 0..<Self.acceptedAtOnce {
      let socket: StreamSocket
      switch listener.accept() {
      case .socket(let accepted): socket = accepted
      case .none:
        isOutOfDescriptors = false
        return
      case .exhausted:
        // Whoever waits gets the descriptor of whoever does nothing.
        _ = endIdlest()
        return pauseListening()
      }
      let connection = Connection(
        socket: socket, token: nextToken,
        framing: LengthPrefixedFraming(frameBytesMax: limits.frameBytesMax, coder: coder, methods: methods),
        seed: seed, now: now)
      nextToken += 1
      connections[connection.token] = connection
      poller?.add(socket, token: connection.token)
      daemon.connections.withLock { $0 += 1 }
      if phase != .serving {
        end(connection, .draining)
      } else if connections.count > connectionsMax + Self.refusedAtOnce {
        remove(connection)
      } else if connections.count > connectionsMax, !endIdlest() {
        end(
          connection,
          Failure(
            .tooManyCalls, "there are \(connectionsMax) connections, and none is idle; no more are taken",
            notExecuted: true,
            retryAfterMs: 1_000, details: [Detail(key: "connections_max", value: "\(connectionsMax)")])
        )
      }
    }
  }

  /// Ends the connection that has been idle for the longest, to make room for a new one.
  ///
  /// - Returns: False when none has been idle for a second.
  private func endIdlest() -> Bool {
    let idle = connections.values.filter { $0.isQuiet && isOver($0.lastActivity, 1_000) }
    guard let idlest = idle.min(by: { $0.lastActivity < $1.lastActivity }) else { return false }
    end(
      idlest,
      Failure(.connectionTimeout, "the connection was idle, and others want in", retryAfterMs: 100))
    flush(idlest)
    return true
  }

  func receive(_ connection: Connection) {
    repeat {
      let most = isFullOfRequests ? limits.bytesAlways : .max
      switch connection.socket.receive(into: &scratch, atMost: most) {
      case .wouldBlock: return
      case .closed: return remove(connection)
      case .bytes(let count):
        guard connection.phase.isOpen else { return }
        connection.lastActivity = now
        markActive(connection)
        if !connection.hasGreeted, !greet(connection, scratch[0]) { return }
        connection.framing.receive(scratch[..<count])
      }
      parse(connection)
      // No poll tells of what the socket has read ahead; what is left for want of room is read when there is some: see `flush`.
    } while connection.socket.holdsBytes && connection.mayBeRead
  }

  /// Looks at a connection's first byte.
  ///
  /// - Returns: False when the connection ends.
  private func greet(_ connection: Connection, _ firstByte: UInt8) -> Bool {
    connection.hasGreeted = true
    let greeting = Greeting(firstByte: firstByte)
    if let answer = greeting.answer {
      connection.outbound.append(answer)
      endAfterFlush(connection)
      return false
    }
    guard let failure = greeting.failure else { return true }
    end(connection, failure)
    return false
  }

  /// Begins the calls of all whole requests, or of as many as there is room for answers.
  func parse(_ connection: Connection) {
    connection.intake = .reading
    var requests = 0
    current = connection
    defer { current = nil }
    let failure = connection.framing.forEachRequest { request in
      begin(request, connection)
      requests += 1
      if connection.phase.isOpen, !hasRoom(connection) { connection.intake = .held }
      return connection.mayBeRead
    }
    if let failure {
      // Nothing more is read: what came takes no room any longer.
      connection.framing.removeAll()
      connection.granted = 0
      end(connection, failure)
    }
    connection.bytesKept = connection.framing.bytesKept
    if requests > 0 { connection.granted = 0 }
    if !connection.framing.isInsideRequest {
      connection.frameBegan = nil
    } else {
      if requests > 0 || connection.frameBegan == nil { connection.frameBegan = now }
      if connection.granted == 0, connection.intake == .reading { grant(connection) }
    }
    count(connection)
    if connection.intake != .reading { markDirty(connection) }
  }

  /// Sends why the connection ends, and ends it.
  func end(_ connection: Connection, _ failure: Failure) {
    guard connection.phase.isOpen else { return }
    appendFailure(connection, 0, failure)
    endAfterFlush(connection)
  }

  func endAfterFlush(_ connection: Connection) {
    guard connection.phase.end(at: now) else { return }
    cancelCalls(connection)
    markDirty(connection)
  }

  private func cancelCalls(_ connection: Connection) {
    // What is at the writer comes back for its call; the rest comes back by itself.
    for id in connection.calls.all {
      guard let call = connection.calls[id], call.then == nil else { continue }
      forget(call, id, connection)
    }
    connection.longWaiting = []
    connection.shrinkCalls()
  }

  func remove(_ connection: Connection) {
    guard connection.phase.leave() else { return }
    connections[connection.token] = nil
    poller?.remove(connection.socket)
    cancelCalls(connection)
    waitingReads.removeAll(of: connection.token)
    (connection.readsToCome, connection.bytesToCome) = (0, 0)
    // What it has at the writer and at readers takes room until it comes back.
    if connection.isOutstanding { departed[connection.token] = connection }
    connection.outbound.removeAll()
    (connection.granted, connection.bytesKept) = (0, 0)
    connection.framing.removeAll()
    count(connection)
    daemon.connections.withLock { $0 -= 1 }
  }

  func makeSerial() -> UInt64 {
    lastSerial += 1
    return lastSerial
  }

  /// Looks at a connection ten times a second, until nothing happens on it.
  func markActive(_ connection: Connection) {
    guard !connection.isActive else { return }
    connection.isActive = true
    active.append(connection)
  }

  /// Hands over the connections that are looked at closely, and looks at none closely any more.
  func takeActive() -> [Connection] {
    defer { active = [] }
    for connection in active { connection.isActive = false }
    return active
  }

  func markDirty(_ connection: Connection) {
    markActive(connection)
    guard !connection.isDirty else { return }
    connection.isDirty = true
    dirty.append(connection)
  }

  /// Writes once to each connection that has something to say, or may have room again; the latter goes on with the
  /// frames that waited.
  ///
  /// - Parameter all: False when some may wait for company.
  func flushDirty(all: Bool = false) {
    swap(&dirty, &flushing)
    defer { flushing.removeAll(keepingCapacity: true) }
    for connection in flushing {
      connection.isDirty = false
      guard connections[connection.token] != nil else { continue }
      if !all, waitsForCompany(connection) {
        markDirty(connection)
        continue
      }
      connection.hasOutcomes = false
      connection.waitsSince = nil
      flush(connection)
    }
  }

  func flush(_ connection: Connection) {
    guard connection.flush(now: now) else { return remove(connection) }
    if connection.bytesWaiting == 0, connection.phase.isOpen { sendNewestProgress(connection) }
    guard connections[connection.token] != nil else { return }
    if connection.bytesWaiting == 0, connection.phase.finishSending() { connection.socket.finishSending() }
    count(connection)
    if connection.intake == .held, connection.phase.isOpen {
      if hasRoom(connection) { parse(connection) } else if isFull { waitForRoom(connection) }
    }
    watch(connection)
    if connection.socket.holdsBytes, connection.mayBeRead { receive(connection) }
  }

  /// Whether answers to reads, or whatever else is no outcome of the writer's, wait a little longer for such outcomes of the same
  /// connection, to go with them in one send. Sent by themselves they cost as much, and so do the calls that come back for them.
  private func waitsForCompany(_ connection: Connection) -> Bool {
    guard callsAtWriter >= Self.crowd, connection.phase.isOpen, connection.intake != .held,
      !connection.hasOutcomes,
      connection.writes > 0
    else { return false }
    let since = connection.waitsSince ?? now
    connection.waitsSince = since
    return now.since(since) < Self.companyMax
  }

  /// A peer that does not read is not read from.
  private func watch(_ connection: Connection) {
    let writes = connection.bytesWaiting > 0
    let mostWaiting = connection.readsAreWatched ? limits.bytesWaitingMax : limits.bytesWaitingMax / 2
    let reads = connection.bytesWaiting <= mostWaiting && connection.mayBeRead
    guard writes != connection.writesAreWatched || reads != connection.readsAreWatched else { return }
    // What could not arrive meanwhile is not late.
    if reads, !connection.readsAreWatched, connection.frameBegan != nil { connection.frameBegan = now }
    connection.writesAreWatched = writes
    connection.readsAreWatched = reads
    poller?.change(connection.socket, reads: reads, writes: writes, token: connection.token)
  }

  /// Takes no connection for a moment: without descriptors, a listener that is watched would be ready all the time.
  private func pauseListening() {
    if !isOutOfDescriptors {
      logger.warning(
        "out of file descriptors; new connections wait", metadata: ["open": "\(connections.count)"])
    }
    (isListeningPaused, isOutOfDescriptors) = (true, true)
    for listener in listeners { poller?.remove(listener) }
  }

  /// Tries again to take connections. Called ten times a second.
  func resumeListening() {
    guard isListeningPaused else { return }
    isListeningPaused = false
    watchListeners()
  }

  /// Listens anew where a Unix socket's file was removed. Called once a second.
  func renewListeners() {
    for position in listeners.indices where !listeners[position].isThere {
      let address = listeners[position].address
      do throws(TransportError) {
        guard let renewed = try Listener.all(at: address).first else { continue }
        logger.warning("the socket's file was gone; it was made anew", metadata: ["address": "\(address)"])
        poller?.remove(listeners[position])
        listeners[position] = renewed
        poller?.add(renewed, token: Self.firstListenerToken - UInt64(position))
        lostAddress = nil
      } catch {
        if lostAddress != "\(address)" {
          logger.error(
            "the socket's file is gone, and can't be made anew",
            metadata: ["address": "\(address)", "reason": "\(error)"])
        }
        lostAddress = "\(address)"
      }
    }
  }

  func watchListeners() {
    for (position, listener) in listeners.enumerated() {
      poller?.add(listener, token: Self.firstListenerToken - UInt64(position))
    }
  }

  /// Takes no connection any more.
  func closeListeners() {
    for listener in listeners { poller?.remove(listener) }
    listeners = []
  }

  func stopHousekeeping() {
    housekeeper?.cancel()
    housekeeper = nil
    for connection in connections.values { remove(connection) }
    poller = nil
    phase.stop()
  }
}
