internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneTransport
internal import MeceneWire

/// The one actor between the sockets and the engine.
///
/// A turn reads and parses all connections that are ready, hands what they ask for over to the engine at once, takes
/// the answers that are there, and writes to each connection once:
///
///     poll → parse every ready connection → submit all commands, all reads → take answers → one send a connection
///
/// Answers that come later wake it for another turn. Nothing here awaits anything for a message.
actor EventLoop {
  enum Event: Sendable {
    case completions([Completion])
    case answered([ReadAnswer])
    case progressed(CallHandle, any Message)
  }

  /// What a read came to, short or long, or a stream.
  struct ReadAnswer: Sendable {
    let call: CallHandle
    /// What the call took while it was carried out, in bytes.
    let bytes: Int
    let isLong: Bool
    let result: Result<any Message, any Error>
  }

  /// How many submissions are worth a commit of their own when the writer is idle.
  private static let submissionsAtOnce = 64
  /// A listener's token is its position counted down from here; connections count up.
  static let firstListenerToken = UInt64.max - 1
  /// How long the loop waits for more before it gives its thread back, in milliseconds: until then the next
  /// bytes or answers wake it directly. By the queue they first wake the thread that watches for it, which costs one
  /// caller who waits for each answer 40 of 210 µs.
  private static let lingerMs: Int32 = 1
  /// How many calls have to be at the writer for answers to reads to wait for company, and how long they do at most, in
  /// nanoseconds. It bought 5 % of mixed load on 64 connections.
  static let crowd = 256
  static let companyMax = UInt64(lingerMs) * 1_000_000
  /// How long it may keep its thread altogether while others wait for the actor, in nanoseconds.
  private static let turnsMax: UInt64 = 5_000_000

  nonisolated let executor: any SerialQueue
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  nonisolated let mailbox = Mailbox<Event>()
  private nonisolated let waker: Locked<Waker?> = Locked(nil)

  let runtime: any Runtime
  let limits: Limits
  let logger: Logger
  let daemon: DaemonState
  let coder: MessageCoder
  let methods = MethodTable()
  let handlers: Handlers
  var engine: any Engine { handlers.engine }
  var poller: Poller?
  var listeners: [Listener] = []
  var connections: [UInt64: Connection] = [:]
  var nextToken: UInt64
  /// The connection whose calls are begun or gone on with; nil between them.
  var current: Connection?
  /// Of the tables of calls: no peer knows it.
  let seed: UInt64
  var scratch = [UInt8](repeating: 0, count: 65_536)
  private var submissions: [Submission] = []
  var reads: [Read<ReadAnswer>] = []
  /// Large reads that wait until others have come back.
  var waitingReads = RoundRobin<UInt64, WaitingRead>()
  /// What the large reads take that were handed over, in bytes.
  var bytesBeingRead = 0
  /// Long calls that are carried out.
  var longCalls = 0
  /// What all connections take.
  var inFlight = Room()
  /// Whether that is all that there is, for requests or for answers. It is looked at for every call.
  var isFull = false
  /// The most that they took since memory was given back, in bytes.
  var inFlightPeak = 0
  var memoryGivenBack: Deadline
  /// Connections that wait for room.
  var waitingForRoom: [Connection] = []
  /// Connections that are gone, while calls of theirs have not come back.
  var departed: [UInt64: Connection] = [:]
  var dirty: [Connection] = []
  /// Empty but while it is written to; it keeps its room.
  var flushing: [Connection] = []
  var active: [Connection] = []
  /// When all connections were looked at.
  var lastRound: Deadline
  /// Calls that were handed over and have not come back.
  var callsAtWriter = 0
  private var lastServed: UInt64?
  /// How many connections there are descriptors for, or as many as are taken.
  var connectionsMax = 0
  var isListeningPaused = false
  /// Whether somebody who waits could not be taken. It is told once.
  var isOutOfDescriptors = false
  /// Whose socket's file is gone; that is told once.
  var lostAddress: String?
  var lastSerial: UInt64 = 0
  var now: Deadline
  var phase = LoopPhase.serving
  /// Its taking leave; nil while it serves.
  var draining: Task<Void, any Error>?
  var housekeeper: Task<Void, any Error>?

  /// - Parameter number: Its own among the event loops of the daemon.
  init(
    number: Int = 0, engine: any Engine, limits: Limits, daemon: DaemonState, runtime: any Runtime,
    logger: Logger
  ) {
    executor = runtime.makeQueue("mecene.eventloop", isUrgent: true)
    self.runtime = runtime
    now = runtime.now
    seed = runtime.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    (lastRound, memoryGivenBack) = (now, now)
    handlers = Handlers(engine: engine, limits: limits, daemon: daemon)
    nextToken = CallHandle.firstConnection(ofLoop: number)
    self.limits = limits
    self.daemon = daemon
    self.logger = logger
    coder = MessageCoder(arenaBytesMax: limits.messageMemoryMax)
  }

  /// Begins to take connections.
  func start(_ listeners: [Listener]) throws {
    let poller = try Poller { descriptor, ended in
      executor.watch(
        descriptor, ready: { [weak self] in self?.assumeIsolated { $0.turns() } }, ended: ended)
    }
    self.poller = poller
    connectionsMax = min(
      limits.connectionsMax, ProcessLimits.descriptorsLeft(but: limits.descriptorsHeldBack))
    waker.withLock { $0 = poller.waker }
    self.listeners = listeners
    watchListeners()
    housekeeper = runtime.task { [weak self, runtime] in
      while !Task.isCancelled {
        try? await runtime.sleep(milliseconds: 100)
        await self?.keepHouse()
      }
    }
  }

  /// Leaves an event, and wakes the loop if it is idle. Called on any queue.
  nonisolated func post(_ event: Event) {
    guard mailbox.post(event) else { return }
    waker.withLock { $0 }?.wake()
  }

  /// Turn after turn while there is something to do, and a little longer.
  private func turns() {
    let end = runtime.now.nanoseconds + Self.turnsMax
    var waitMs: Int32 = 0
    while let events = poller?.poll(waitingMs: waitMs) {
      turn(events)
      if now.nanoseconds > end { break }
      waitMs = Self.lingerMs
    }
    flushDirty(all: true)
  }

  func turn(_ events: [Poller.Event] = []) {
    now = runtime.now
    // The loop takes its mail in any case, and need not be woken for it.
    mailbox.hold()
    take(events)
    repeat {
      repeat {
        mailbox.hold()
        handOver()
        takeMail()
      } while hasWork
      // Room for answers lets connections go on that were held.
      flushDirty()
      wakeWaiting()
    } while hasWork
  }

  var connectionCount: Int { connections.count }

  private var hasWork: Bool { !submissions.isEmpty || !reads.isEmpty }

  private func take(_ events: [Poller.Event]) {
    for event in events {
      if let connection = connections[event.token] {
        if event.hasLeft, connection.intake == .held || !connection.calls.isEmpty {
          // Nobody is there to answer; what is left of a flood is not looked at.
          remove(connection)
        } else if event.isReadable || event.isBroken {
          receive(connection)
        }
        // The writer begins with these while the other connections are parsed.
        if submissions.count >= Self.submissionsAtOnce { submit() }
        if event.isWritable { markDirty(connection) }
      } else if Self.firstListenerToken - event.token < UInt64(listeners.count) {
        accept(listeners[Int(Self.firstListenerToken - event.token)])
      }
    }
  }

  /// Reads go once a turn: the more there are, the fewer snapshots they need.
  private func handOver() {
    submit()
    if reads.isEmpty { return }
    let batch = reads
    reads.removeAll(keepingCapacity: true)
    engine.read(batch) { self.post(.answered($0)) }
  }

  /// Leaves a call for the writer. The list is taken out to be added to: run-time checks of exclusive access took 2 % of an
  /// empty call.
  func submit(_ submission: consuming Submission) {
    var batch = submissions
    submissions = []
    batch.append(submission)
    submissions = batch
    callsAtWriter += 1
  }

  /// Takes back a call that the writer has not been given yet.
  ///
  /// - Returns: False when there is none.
  func takeBack(_ ticket: Ticket) -> Bool {
    guard
      let position = submissions.firstIndex(where: {
        if case .sink(ticket) = $0.reply { true } else { false }
      })
    else { return false }
    var batch = submissions
    batch.remove(at: position)
    submissions = batch
    return true
  }

  private func submit() {
    if submissions.isEmpty { return }
    let batch = submissions
    var next: [Submission] = []
    next.reserveCapacity(batch.count)
    submissions = next
    engine.submit(batch, callerCanWait: isAlone(batch))
  }

  /// Whether all that the writer has to do is this, for the one connection that it did everything for last time too: then
  /// nobody minds if the loop waits for it.
  private func isAlone(_ batch: [Submission]) -> Bool {
    guard case .sink(let first)? = batch.first?.reply, case .sink(let last)? = batch.last?.reply else {
      return false
    }
    defer { lastServed = first.caller == last.caller ? first.caller : nil }
    return callsAtWriter == batch.count && first.caller == last.caller && first.caller == lastServed
  }

  private func takeMail() {
    while let events = mailbox.take() {
      for event in events {
        switch event {
        case .completions(let completions): complete(completions)
        case .answered(let answers): for answer in answers { take(answer) }
        case .progressed(let call, let message): progress(call, message)
        }
      }
    }
  }
}
