internal import Logging
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// The single writer: takes all that waits, lets the ledger decide it in memory, appends the rows, makes them durable
/// with one commit, and only then hands the outcomes back: rule 9.
///
///     submissions → ledger → rows → one COMMIT for all of them → outcomes
///
/// If a commit fails, memory is ahead of the disk: every waiting caller hears so, and the state is rebuilt from the
/// disk. If it can't be, the daemon stops.
actor Writer {
  struct Configuration: Sendable {
    let directory: DataDirectory
    let currency: String
    let terms: Terms
    let clock: any LedgerClock
    /// Pages in the log after which they are moved to the file.
    let checkpointPages: Int
    /// Pages of a log that can't begin anew after which that is told.
    let heldLogPages: Int
    let runtime: any Runtime
    /// Called when a period has closed.
    let periodClosed: @Sendable () -> Void
    /// Called with the reason when the books can't be kept any more.
    let fatal: @Sendable (String) -> Void
    let logger: Logger
  }

  /// What others may know of the ledger without waiting for the writer.
  struct Summary: Sendable {
    /// The last commit's time.
    var now = Timestamp(milliseconds: 0)
    /// The clock's, as far as it is believed.
    var time = Timestamp(milliseconds: 0)
    var clockDoubt: ClockGuard.Doubt?
    var openPeriod = Period(number: 0)
    var oldestUnsettled: Period?
    var openClicks = 0
    var tip = CommitPoint.beginning
    var transfersBehind = 0
    /// Calls of clients that were decided.
    var callsDecided: Int64 = 0
    var condition = EngineCondition.recovering
  }

  /// Whether writes are taken.
  enum State {
    case serving
    case diskFull
    case diskFailing
    case stopped

    /// Why they are not.
    var failure: EngineFailure? {
      switch self {
      case .serving: nil
      case .diskFull: .diskFull
      case .diskFailing: .diskFailing
      case .stopped: .shutDown
      }
    }

    /// What others know of it.
    var condition: EngineCondition {
      switch self {
      case .serving: .serving
      case .diskFull: .diskFull
      case .diskFailing: .diskFailing
      case .stopped: .stopped
      }
    }
  }

  /// What a guest does at most on its way, in clicks.
  private static let guestCostMax = 1_024
  /// Accounts that are brought over to a new month between two commits.
  static let accountsTurnedAtOnce = 16_384
  /// Commits that fail one after the other before writes are refused.
  static let failuresMax = 3
  /// What the disk has to take before writes are taken again, in bytes.
  private static let roomNeeded = 1 << 20

  nonisolated let executor: any SerialQueue
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  nonisolated let summary = Locked(Summary())
  /// How long commits take.
  nonisolated let pace = CommitPace()

  private nonisolated let mailbox = Mailbox<Submission>()
  private var backlog = Backlog()
  /// When what still waits is refused; nil while the writer is not stopping.
  private var stopsAt: Deadline?
  let configuration: Configuration
  let runtime: any Runtime
  /// Gets the outcomes of submissions, a commit's at a time.
  private(set) var sink: @Sendable ([Completion]) -> Void = { _ in }
  let book: BookWriter
  /// Where commits become durable.
  let log: any CommitLog
  var ledger: Ledger
  var sequence: Int64
  var link: [UInt8]
  var state = State.serving
  var clock = GuardedClock()
  /// Commits that failed since the last one that succeeded, and why the last did.
  var failures: (count: Int, reason: String) = (0, "")
  /// Why the last checkpoint failed; nil when it did not.
  var checkpointFailure: String?
  /// Submissions taken so far.
  private(set) var taken = 0
  var callsSoFar: Int64 = 0
  var projectionPace = ProjectionPace()
  /// Whether the next rows of a settled log are deleted in a moment.
  var isShrinking = false
  /// Since when no checkpoint has moved the whole log, and whether that was told.
  var heldLog: (since: Deadline, isTold: Bool)?

  /// Rebuilds the state from the books.
  ///
  /// - Parameter makeLog: Makes the log that commits of these books are handed to.
  init(
    book: sending BookWriter, configuration: Configuration, makeLog: (BookWriter) -> any CommitLog
  ) throws(StoreError) {
    self.configuration = configuration
    runtime = configuration.runtime
    executor = runtime.makeQueue("mecene.writer", isUrgent: true)
    log = makeLog(book)
    let last = try log.lead()
    (sequence, link) = (last.number, last.link)
    ledger = try Self.load(book, configuration)
    self.book = book
  }

  /// What the books hold, or a ledger that begins now.
  static func load(
    _ book: borrowing BookWriter, _ configuration: Configuration
  ) throws(StoreError) -> Ledger {
    try book.load(terms: configuration.terms)
      ?? Ledger(
        currency: configuration.currency, terms: configuration.terms, at: configuration.clock.now())
  }

  /// Brings the books up to the present time: opens the first period, or closes those that ended meanwhile.
  func start(sink: @escaping @Sendable ([Completion]) -> Void) throws(StoreError) {
    self.sink = sink
    do { try book.dropLeftoverLogs() } catch {
      // Nothing more is written to what is damaged.
      state = .stopped
      throw error
    }
    process([Submission(.command(.tick), reply: .closure { _ in })])
    publish()
    tellOfChangedTerms()
  }

  /// An option that got lost changes what people pay, a month later.
  private func tellOfChangedTerms() {
    let (now, next) = (ledger.openTerms, ledger.nextTerms)
    var changes: Logger.Metadata = [:]
    if now.feeBps != next.feeBps { changes["fee_bps"] = "\(now.feeBps)->\(next.feeBps)" }
    if now.minimum != next.minimum {
      changes["minimum_budget"] = "\(now.minimum)->\(next.minimum)"
    }
    if now.receiveRequiresGiving != next.receiveRequiresGiving {
      changes["receive_requires_giving"] =
        "\(now.receiveRequiresGiving)->\(next.receiveRequiresGiving)"
    }
    if changes.isEmpty { return }
    changes["from"] = "\(ledger.now.period.next)"
    configuration.logger.notice("the terms change with the next month", metadata: changes)
  }

  /// Leaves commands for the writer. When it is idle and they are few, the calling thread becomes the writer: it
  /// enters the idle queue in 0.2 µs, where waking a sleeping thread and back would cost tens.
  ///
  /// - Parameter callerCanWait: Whether the caller has nothing else to do; otherwise it enters with a few alone: with few clicks a
  ///   hop costs more than their commit keeps the caller waiting.
  nonisolated func submit(_ submissions: [Submission], callerCanWait: Bool) {
    guard mailbox.post(submissions) else { return }
    if submissions.count <= (callerCanWait ? 256 : 4), pace.isQuick,
      Self.isLight(submissions, atMost: callerCanWait ? Self.guestCostMax : 64)
    {
      executor.enter { assumeIsolated { $0.drain(asGuest: true) } }
    } else {
      executor.async { self.assumeIsolated { $0.drain(asGuest: false) } }
    }
  }

  /// Whether a guest may do it on its way.
  private nonisolated static func isLight(_ submissions: [Submission], atMost most: Int) -> Bool {
    submissions.reduce(0) { $0 + $1.cost } <= most
  }

  /// How many calls of clients were decided so far.
  nonisolated var callsDecided: Int64 { summary.withLock { $0.callsDecided } }

  /// The last commit.
  nonisolated var tip: CommitPoint { summary.withLock { $0.tip } }

  nonisolated func cancel(_ ticket: Ticket) -> Bool {
    mailbox.remove { submission in
      if case .sink(let waiting) = submission.reply { waiting == ticket } else { false }
    }
  }

  /// Leaves the daemon's own command. Its caller has time.
  private nonisolated func post(_ submission: Submission) {
    guard mailbox.post(submission) else { return }
    executor.async { self.assumeIsolated { $0.drain(asGuest: false) } }
  }

  /// Decides one command and returns when it is durable.
  @discardableResult
  nonisolated func perform(_ command: Command) async throws(EngineFailure) -> Outcome {
    try await perform(.command(command))
  }

  /// The same for other work.
  @discardableResult
  nonisolated func perform(_ work: Submission.Work) async throws(EngineFailure) -> Outcome {
    let result = await withCheckedContinuation { continuation in
      post(Submission(work, reply: .closure { continuation.resume(returning: $0) }))
    }
    return try result.get()
  }

  /// Whether a period can be settled, and how far its settlement is.
  func checkSettleable(_ period: Period) throws(Refusal) -> Ledger.SettlementProgress? {
    try ledger.checkSettleable(period)
    return ledger.oldestUnsettled == period ? ledger.settlementProgress : nil
  }

  /// Lets time pass when a month has ended or the disk may have room again. Called about once a second.
  func lookAround() {
    guard checkPlace() else { return }
    if state == .diskFull || state == .diskFailing,
      configuration.directory.hasRoom(bytes: Self.roomNeeded)
    {
      if state == .diskFull { configuration.logger.notice("disk has room again") }
      state = .serving
      publish()
    }
    let time = readClock()
    publish()
    if let time, time.period > ledger.openPeriod {
      post(Submission(.command(.tick), reply: .closure { _ in }))
    }
    if !projectionPace.isUnderWay { projectNext() }
  }

  /// Finishes what waits, as far as its time suffices, moves everything into the file, and takes nothing any more.
  ///
  /// - Parameter milliseconds: What is not begun by then is refused.
  func stop(within milliseconds: UInt32) {
    stopsAt = runtime.now.adding(milliseconds: milliseconds)
    drain(asGuest: false)
    // What is left is read back at the next start.
    projectAll(atMost: milliseconds / 2)
    state = .stopped
    publish()
    checkpoint()
  }

  /// Caps the file's size, to let a test fill the disk.
  func limit(pages: Int) throws(StoreError) { try book.limit(pages: pages) }

  /// - Parameter asGuest: True on another queue's thread, which must not be kept waiting for a checkpoint, or for what others
  ///   have left meanwhile.
  private func drain(asGuest: Bool) {
    while let fresh = backlog.isEmpty ? mailbox.take() : mailbox.takeMore() {
      if asGuest, !Self.isLight(fresh, atMost: Self.guestCostMax) {
        for submission in fresh { backlog.add(submission) }
        return handOver()
      }
      taken += fresh.count
      if let stopsAt, stopsAt < runtime.now { state = .stopped }
      var rest = backlog.next(after: fresh)
      while let position = rest.firstIndex(where: \.standsAlone) {
        process(rest[..<position])
        if case .file(let plan, let piece) = rest[position].work {
          file(plan, piece, rest[position].reply)
        } else {
          process(rest[position...position])
        }
        rest = rest[(position + 1)...]
      }
      process(rest)
      answerInquiries()
      if asGuest, needsTidyingUp || !backlog.isEmpty { return handOver() }
      tidyUp()
    }
  }

  /// Lets the writer's own thread go on. The mailbox stays busy, so that nobody enters or wakes the writer meanwhile.
  private func handOver() {
    executor.async {
      self.assumeIsolated { writer in
        writer.tidyUp()
        writer.drain(asGuest: false)
      }
    }
  }

  /// Answers what is asked of the ledger: for a millisecond while writes wait.
  private func answerInquiries() {
    guard !backlog.isEmpty else { return }
    let end = runtime.now.adding(milliseconds: 1)
    var answers = Answers(room: 0)
    while let inquiry = backlog.nextInquiry() {
      answers.add(answer(inquiry), to: inquiry.reply)
      if runtime.now > end, backlog.hasWrites || !mailbox.isEmpty { break }
    }
    answers.deliver(sink)
  }

  private func answer(_ inquiry: Submission) -> Result<Outcome, EngineFailure> {
    if state == .stopped { return .failure(.shutDown) }
    if let deadline = inquiry.deadline, deadline < runtime.now { return .failure(.expired) }
    guard case .command(let command) = inquiry.work, command.isRead else {
      return .failure(.fault("a write among what is asked"))
    }
    do throws(Refusal) { return .success(try ledger.apply(command)) } catch {
      return .failure(.refused(error))
    }
  }

  private var needsTidyingUp: Bool {
    book.logPages >= configuration.checkpointPages || book.hasSettledLogs && !isShrinking || isFarBehind
  }

  func publish() {
    let summary = Summary(
      now: ledger.now, time: clock.believed, clockDoubt: clock.doubt, openPeriod: ledger.openPeriod,
      oldestUnsettled: ledger.oldestUnsettled,
      openClicks: ledger.openClickCount, tip: CommitPoint(number: sequence, link: link),
      transfersBehind: book.transfersBehind, callsDecided: callsSoFar, condition: state.condition)
    self.summary.withLock { $0 = summary }
  }
}

extension Submission {
  /// Whether it ends a commit: all rows of a commit have one time, and what is filed ahead belongs to none.
  fileprivate var standsAlone: Bool {
    switch work {
    case .setClock, .confirmClock, .file: true
    case .command, .part: false
    }
  }
}
