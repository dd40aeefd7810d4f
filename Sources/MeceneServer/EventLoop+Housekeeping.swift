internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneWire
internal import Synchronization

// What time does to connections and calls, and how the daemon takes its leave.
extension EventLoop {
  /// Ends what took too long: ten times a second on connections where something happens, once a second on the others.
  /// Looking at ten thousand idle ones ten times a second cost a tenth of the throughput of the rest.
  func keepHouse() {
    now = runtime.now
    resumeListening()
    for connection in takeActive() {
      endOverdue(connection)
      guard connections[connection.token] != nil else { continue }
      if connection.isQuiet { connection.shrink() } else { markActive(connection) }
    }
    endStalled()
    if isOver(lastRound, 1_000) {
      lastRound = now
      renewListeners()
      for connection in connections.values where !connection.isActive { endIdle(connection) }
    }
    turn()
    flushDirty(all: true)
    giveMemoryBack()
  }

  private func endOverdue(_ connection: Connection) {
    guard connections[connection.token] != nil else { return }
    if let stalled = connection.stalledSince, isOver(stalled, limits.writeStallMs) {
      logger.info("a client takes its answers too slowly; its connection is closed")
      return remove(connection)
    }
    guard connection.phase.isOpen else {
      if connection.phase.isOverdue(at: now) { remove(connection) }
      return
    }
    endOverdueCalls(connection)
    // A connection that is not read from can't finish its frame.
    if connection.readsAreWatched, let began = connection.frameBegan, isOver(began, limits.halfFrameMs) {
      end(
        connection,
        Failure(
          .connectionTimeout, "a frame took more than \(limits.halfFrameMs) ms to arrive",
          details: [Detail(key: "half_frame_ms", value: "\(limits.halfFrameMs)")]))
    } else {
      endIdle(connection)
    }
  }

  private func endIdle(_ connection: Connection) {
    guard connection.phase.isOpen, connection.calls.isEmpty, isOver(connection.lastActivity, limits.idleMs)
    else { return }
    end(
      connection,
      Failure(
        .connectionTimeout, "the connection was idle for \(limits.idleMs) ms",
        details: [Detail(key: "idle_ms", value: "\(limits.idleMs)")]))
  }

  /// A call at the writer is decided there; reads and streams end here.
  private func endOverdueCalls(_ connection: Connection) {
    for callID in connection.calls.all {
      guard let call = connection.calls[callID], call.then == nil, let deadline = call.request.deadline,
        deadline < now
      else { continue }
      forget(call, callID, connection)
      appendFailure(
        connection, callID, call.streams ? .streamExpired : Failure(EngineFailure.expired))
    }
  }

  func isOver(_ since: Deadline, _ milliseconds: Int) -> Bool {
    now > since.adding(milliseconds: milliseconds)
  }

  /// Takes nothing new, says so on every connection, ends streams, finishes what was accepted, and closes.
  /// Whoever asks again waits as long.
  func drain() async {
    if phase.drain() { draining = runtime.task { await self.takeLeave() } }
    _ = await draining?.result
  }

  private func takeLeave() async {
    daemon.isDraining.store(true, ordering: .releasing)
    closeListeners()
    now = runtime.now
    for connection in connections.values where connection.phase.isOpen {
      appendFailure(connection, 0, .drainAnnounced)
      for callID in connection.calls.all {
        guard let call = connection.calls[callID], call.streams else { continue }
        forget(call, callID, connection)
        appendFailure(connection, callID, .streamDrained)
      }
    }
    turn()
    let end = runtime.now.adding(milliseconds: limits.drainMs)
    while isBusy, runtime.now < end { try? await runtime.sleep(milliseconds: 5) }
    // Closing a socket with unread bytes in it would destroy answers on their way, so the peers close first.
    now = runtime.now
    for connection in connections.values where connection.phase.isOpen {
      // Whatever is still on its way here is never looked at: its sender may send it elsewhere.
      if connection.calls.isEmpty { appendFailure(connection, 0, .drained) }
      endAfterFlush(connection)
    }
    turn()
    let farewell = runtime.now.adding(milliseconds: 300)
    while !connections.isEmpty, runtime.now < farewell { try? await runtime.sleep(milliseconds: 5) }
    stopHousekeeping()
  }

  private var isBusy: Bool {
    connections.values.contains { $0.phase.isOpen && (!$0.calls.isEmpty || $0.bytesWaiting > 0) }
  }
}
