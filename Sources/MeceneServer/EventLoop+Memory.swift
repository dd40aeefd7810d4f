internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneWire

// How much memory calls may take: of one connection, and of all together.
//
// Counted are requests from their frame's announcement on, what is at the writer and at readers with the most that it can be
// answered with, and answers until the peer has taken them. A connection that has its share is not read from; when all have
// taken what there is, small calls alone go on.
extension EventLoop {
  /// A large read on its way to the reader, or a question on its way to the writer.
  struct WaitingRead {
    enum Work {
      case read(Read<ReadAnswer>)
      case ask(Submission)
    }

    let handle: CallHandle
    let call: Connection.Call
    let work: Work
  }

  /// What a question counts for among large reads, in bytes.
  private static let bytesOfQuestion = 16_384

  /// What a large frame takes while it arrives and once it is unpacked, for each of its bytes.
  private static let grantPerByte = 4

  /// Whether all together have taken what there is for requests, or for answers.
  var isFullOfRequests: Bool { inFlight.requests > limits.bytesInFlightMax / 2 }
  var isFullOfAnswers: Bool { inFlight.answers > limits.bytesInFlightMax / 2 }

  /// Brings the sum up to date with what a connection takes.
  func count(_ connection: Connection) {
    connection.noteWaiting()
    let held = connection.held
    inFlight += held
    inFlight -= connection.counted
    connection.counted = held
    isFull = isFullOfRequests || isFullOfAnswers
    inFlightPeak = max(inFlightPeak, inFlight.total)
  }

  /// Whether another call of a connection may begin.
  func hasRoom(_ connection: Connection) -> Bool {
    connection.inUse + connection.bytesToCome <= limits.bytesWaitingMax
      && connection.reads + connection.readsToCome < limits.readsMax
      && (!isFull || connection.inUse <= limits.bytesAlways)
  }

  /// Takes the room for a frame that has begun; a short one needs none.
  func grant(_ connection: Connection) {
    guard let announced = connection.framing.announced, announced > limits.bytesAlways else { return }
    let wanted = min(announced * Self.grantPerByte, limits.bytesInFlightMax / 2)
    if inFlight.requests + wanted > limits.bytesInFlightMax / 2 {
      connection.intake = .waitingForGrant
      return waitForRoom(connection)
    }
    connection.intake = .reading
    connection.granted = wanted
    // From now on it is the peer who is late.
    connection.frameBegan = now
  }

  func waitForRoom(_ connection: Connection) {
    guard !connection.waitsForRoom else { return }
    connection.waitsForRoom = true
    waitingForRoom.append(connection)
  }

  /// Lets those go on who waited for room, in their order, as long as there is some.
  func wakeWaiting() {
    if !waitingReads.isEmpty { readNext() }
    if waitingForRoom.isEmpty || isFull { return }
    let waiting = waitingForRoom
    waitingForRoom = []
    for connection in waiting {
      connection.waitsForRoom = false
      guard connection.phase.isOpen else { continue }
      if connection.intake == .waitingForGrant {
        grant(connection)
        count(connection)
      }
      beginLongCalls(connection)
      markDirty(connection)
    }
    flushDirty()
  }

  /// Hands a large read over, or lets it wait for its turn.
  func wait(_ read: WaitingRead, _ connection: Connection) {
    connection.bytesToCome += read.call.bytes
    connection.readsToCome += 1
    connection.noteWaiting()
    waitingReads.append(read, of: connection.token)
    readNext()
  }

  /// Whether a read waits for its turn.
  func isLarge(_ bytes: Int) -> Bool { bytes > Self.bytesPerPageByte * limits.bytesAlways + Self.callBytes }

  /// Takes note that a large read, or a question, has come back.
  func endRead(_ bytes: Int, isQuestion: Bool = false) {
    bytesBeingRead -= isQuestion ? Self.bytesOfQuestion : isLarge(bytes) ? bytes : 0
  }

  /// Hands large reads over, of each connection in turn: as many as keep the reader busy, while there is room for their
  /// answers. Those whose caller has left are forgotten.
  private func readNext() {
    while bytesBeingRead < limits.bytesBeingReadMax, !isFullOfAnswers,
      let next = waitingReads.popFirst()
    {
      guard let connection = connections[next.handle.connection] else { continue }
      connection.bytesToCome -= next.call.bytes
      connection.readsToCome -= 1
      guard connection.phase.isOpen, connection.call(next.handle) != nil else {
        markDirty(connection)
        continue
      }
      switch next.work {
      case .read(let read):
        bytesBeingRead += next.call.bytes
        connection.begin(next.call)
        reads.append(read)
      case .ask(let submission):
        bytesBeingRead += Self.bytesOfQuestion
        connection.handOver(next.call, id: next.handle.id)
        submit(submission)
      }
      count(connection)
    }
  }

  /// Ends those who keep others waiting for room: who take nothing of what was written, the largest first, and whose large
  /// frame does not arrive.
  func endStalled() {
    guard isFull || !waitingForRoom.isEmpty else { return }
    let late = connections.values.filter { connection in
      if connection.granted > 0, let began = connection.frameBegan, isOver(began, limits.stallUnderPressureMs)
      {
        return true
      }
      return connection.stalledSince.map { isOver($0, limits.stallUnderPressureMs) } ?? false
    }
    for connection in late.sorted(by: { $0.held.total > $1.held.total }) {
      guard isFull || !waitingForRoom.isEmpty else { return }
      logger.info(
        "a client is late while others wait for room; its connection is closed",
        metadata: ["bytes": "\(connection.held.total)"])
      remove(connection)
      wakeWaiting()
    }
  }

  /// Gives memory back to the system after much of it was needed. On another thread: it takes milliseconds.
  func giveMemoryBack() {
    guard inFlightPeak > 8 << 20, inFlight.total < inFlightPeak / 4, isOver(memoryGivenBack, 1_000)
    else { return }
    (inFlightPeak, memoryGivenBack) = (inFlight.total, now)
    runtime.inBackground("mecene.memory") { Memory.giveBack() }
  }
}
