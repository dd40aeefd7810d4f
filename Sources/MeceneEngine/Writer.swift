internal import Dispatch
internal import Logging
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// The single writer: takes all that waits, lets the ledger decide it in memory, appends the rows, makes them durable
/// with one commit, and only then hands the outcomes back.
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
    let sink: @Sendable ([Completion]) -> Void
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

  /// What a guest does at most on its way, in clicks.
  private static let guestCostMax = 1_024
  /// Commits that fail one after the other before writes are refused.
  static let failuresMax = 3
  /// What the disk has to take before writes are taken again, in bytes.
  private static let roomNeeded = 1 << 20

  nonisolated let executor = QueueExecutor(label: "mecene.writer")
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  nonisolated let summary = Locked(Summary())
  /// How long commits take.
  nonisolated let pace = CommitPace()

  private nonisolated let mailbox = Mailbox<Submission>()
  private var backlog = Backlog()
  /// When what still waits is refused; nil while the writer is not stopping.
  private var stopsAt: Deadline?
  let configuration: Configuration
  let book: BookWriter
  var ledger: Ledger
  var sequence: Int64
  var link: [UInt8]
  var condition = EngineCondition.serving
  var clock = GuardedClock()
  /// Commits that failed since the last one that succeeded, and why the last did.
  var failures: (count: Int, reason: String) = (0, "")
  /// Why the last checkpoint failed; nil when it did not.
  var checkpointFailure: String?
  /// Submissions taken so far.
  private(set) var taken = 0
  private var callsSoFar: Int64 = 0
  var following = Following()
  /// Whether the next rows of a settled log are deleted in a moment.
  var isShrinking = false
  /// Since when no checkpoint has moved the whole log, and whether that was told.
  var heldLog: (since: Deadline, isTold: Bool)?

  /// Rebuilds the state from the books.
  init(book: sending BookWriter, configuration: Configuration) throws(StoreError) {
    self.configuration = configuration
    let last = try book.lastCommit()
    sequence = last.sequence
    link = last.link
    ledger = Ledger(currency: configuration.currency, terms: configuration.terms, at: last.time)
    try book.load(into: &ledger, fingerprint: { Fingerprint(of: $0) })
    self.book = book
  }

  /// Brings the books up to the present time: opens the first period, or closes those that ended meanwhile.
  func start() throws(StoreError) {
    try book.dropLeftoverLogs()
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
      executor.queue.sync { assumeIsolated { $0.drain(asGuest: true) } }
    } else {
      executor.queue.async { self.assumeIsolated { $0.drain(asGuest: false) } }
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

  nonisolated func withdraw(_ tag: CallTag) -> Bool {
    mailbox.withdraw { submission in
      if case .sink(let waiting) = submission.reply { waiting == tag } else { false }
    }
  }

  /// Leaves the daemon's own command. Its caller has time.
  private nonisolated func post(_ submission: Submission) {
    guard mailbox.post(submission) else { return }
    executor.queue.async { self.assumeIsolated { $0.drain(asGuest: false) } }
  }

  /// Decides one command and returns when it is durable.
  @discardableResult
  nonisolated func perform(_ command: Command) async throws(EngineFailure) -> EngineOutcome {
    try await perform(.command(command))
  }

  /// The same for other work.
  @discardableResult
  nonisolated func perform(_ work: Submission.Work) async throws(EngineFailure) -> EngineOutcome {
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
    if condition == .diskFull || condition == .diskFailing,
      configuration.directory.hasRoom(bytes: Self.roomNeeded)
    {
      if condition == .diskFull { configuration.logger.notice("disk has room again") }
      condition = .serving
      publish()
    }
    let time = readClock()
    publish()
    if let time, time.period > ledger.openPeriod {
      post(Submission(.command(.tick), reply: .closure { _ in }))
    }
    if !following.isCatchingUp { catchUp() }
  }

  /// Finishes what waits, as far as its time suffices, moves everything into the file, and takes nothing any more.
  ///
  /// - Parameter milliseconds: What is not begun by then is refused.
  func stop(within milliseconds: UInt32) {
    stopsAt = Deadline(millisecondsFromNow: milliseconds)
    drain(asGuest: false)
    // What is left is read back at the next start.
    followJournal(atMost: milliseconds / 2)
    condition = .stopped
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
      if let stopsAt, stopsAt < Deadline.now { condition = .stopped }
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
    executor.queue.async {
      self.assumeIsolated { writer in
        writer.tidyUp()
        writer.drain(asGuest: false)
      }
    }
  }

  /// Answers what is asked of the ledger: for a millisecond while writes wait.
  private func answerInquiries() {
    guard !backlog.isEmpty else { return }
    let end = Deadline(millisecondsFromNow: 1)
    var answers = Answers(room: 0)
    while let inquiry = backlog.nextInquiry() {
      answers.add(answer(inquiry), to: inquiry.reply)
      if Deadline.now > end, backlog.hasWrites || !mailbox.isEmpty { break }
    }
    answers.deliver(configuration.sink)
  }

  private func answer(_ inquiry: Submission) -> Result<EngineOutcome, EngineFailure> {
    if condition == .stopped { return .failure(.shutDown) }
    if let deadline = inquiry.deadline, deadline < Deadline.now { return .failure(.expired) }
    guard case .openClicks(let patron, let period, let after, let limit) = inquiry.work else {
      return .failure(.fault("a write among what is asked"))
    }
    do throws(Refusal) {
      return .success(.clicks(try ledger.openClicks(of: patron, period, after: after, limit: limit)))
    } catch {
      return .failure(.refused(error))
    }
  }

  private var needsTidyingUp: Bool {
    book.logPages >= configuration.checkpointPages || book.hasSettledLogs && !isShrinking || isFarBehind
  }

  private func process(_ submissions: ArraySlice<Submission>) {
    if submissions.isEmpty { return }
    let began = Deadline.now
    var answers = Answers(room: submissions.count)
    var parts: [DividedClicks] = []
    let periodBefore = ledger.openPeriod
    do {
      var commit = Commit()
      if condition == .serving {
        if let time = readClock() {
          ledger.advance(to: time)
          try append(&commit)
        }
      }
      for position in submissions.indices {
        if (position - submissions.startIndex) % Ledger.clicksTouchedAhead == 0 {
          ledger.touch(position..<min(position + Ledger.clicksTouchedAhead, submissions.endIndex)) {
            submissions[$0].click
          }
        }
        let submission = submissions[position]
        let isLate = submission.deadline.map { $0 < began } ?? false
        if case .clicks(let patrons, let things, let period, at: let positions, of: let whole) = submission
          .work
        {
          let result = try decide(patrons, things, period, at: positions, of: whole, isLate: isLate, &commit)
          if let result { answers.add(result, to: submission.reply) }
          parts.append(whole)
        } else {
          answers.add(
            isLate ? .failure(.expired) : try decide(submission.work, &commit), to: submission.reply)
        }
      }
      try finish(&commit)
      for part in parts { part.commit() }
    } catch {
      let failure = recover(from: error)
      answers = Answers(room: submissions.count)
      for submission in submissions {
        guard case .clicks(_, _, _, at: let positions, of: let whole) = submission.work else {
          answers.add(.failure(failure), to: submission.reply)
          continue
        }
        if let result = whole.add(.failure(failure), at: positions) {
          answers.add(result, to: submission.reply)
        }
      }
    }
    pace.note(Deadline.now.nanoseconds - began.nanoseconds)
    callsSoFar += Int64(answers.calls)
    publish()
    answers.deliver(configuration.sink)
    if ledger.openPeriod != periodBefore { configuration.periodClosed() }
  }

  /// What goes back once the commit is durable.
  struct Answers {
    private var completions: [Completion] = []
    private var replies: [() -> Void] = []

    /// How many calls of clients they are of.
    var calls: Int { completions.count }

    init(room: Int) { completions.reserveCapacity(room) }

    mutating func add(_ result: Result<EngineOutcome, EngineFailure>, to reply: Submission.Reply) {
      switch reply {
      case .sink(let tag): completions.append(Completion(tag: tag, result: result))
      case .closure(let reply): replies.append { reply(result) }
      }
    }

    func deliver(_ sink: ([Completion]) -> Void) {
      for reply in replies { reply() }
      if !completions.isEmpty { sink(completions) }
    }
  }

  struct Commit {
    /// The one time of all its rows; nil until it has a row.
    var time: Timestamp?
  }

  /// Decides a part of a call. The call is answered behind its last.
  private func decide(
    _ patrons: [UInt64], _ things: [UInt64], _ period: Period?, at positions: Range<Int>,
    of whole: DividedClicks, isLate: Bool, _ commit: inout Commit
  ) throws(StoreError) -> Result<EngineOutcome, EngineFailure>? {
    let result: Result<EngineOutcome, EngineFailure> =
      if whole.hasFailed || isLate && !whole.hasBegun { .failure(.expired) } else {
        try decide(
          .command(
            .clickMany(patrons: patrons, things: things, whole.period ?? period, positions: positions)),
          &commit)
      }
    return whole.add(result, at: positions)
  }

  private func decide(
    _ work: Submission.Work, _ commit: inout Commit
  ) throws(StoreError) -> Result<EngineOutcome, EngineFailure> {
    switch condition {
    case .stopped: return .failure(.shutDown)
    case .diskFull, .recovering: return .failure(.diskFull)
    case .diskFailing: return .failure(.diskFailing)
    case .serving, .clockUnconfirmed: break
    }
    if let doubt = clock.doubt, work.needsTime { return .failure(.clockUnconfirmed(doubt)) }
    switch work {
    case .openClicks, .file, .clicks: return .failure(.fault("what is no part of a commit"))
    case .setClock(let time): return try setClock(time, &commit)
    case .confirmClock(let time): return try confirmClock(time, &commit)
    case .command(let command):
      let keyed = try lookUpKey(command)
      let outcome: Outcome
      do {
        outcome = try ledger.apply(command, keyed: keyed)
      } catch {
        return .failure(.refused(error))
      }
      try append(&commit)
      return .success(try complete(outcome))
    }
  }

  /// Files a piece of a settlement. Memory is not ahead of the disk when this fails.
  private func file(_ plan: SettlementPlan, _ piece: SettlementPlan.Piece, _ reply: Submission.Reply) {
    var answers = Answers(room: 0)
    let began = Deadline.now
    do {
      if condition == .serving { try book.file(plan, piece) }
      answers.add(condition == .serving ? .success(.done) : .failure(.diskFull), to: reply)
    } catch {
      answers.add(.failure(error == .diskFull ? .diskFull : .commitFailed), to: reply)
    }
    pace.note(Deadline.now.nanoseconds - began.nanoseconds)
    answers.deliver(configuration.sink)
  }

  private func lookUpKey(_ command: Command) throws(StoreError) -> KeyedTransfer? {
    switch command {
    case .deposit(let reference, _, let key), .withdraw(.account(let reference), _, let key):
      guard let account = ledger.account(reference) else { return nil }
      return try book.keyedTransfer(account, key)
    case .withdraw(.fees, _, let key): return try book.keyedTransfer(nil, key)
    default: return nil
    }
  }

  func append(_ commit: inout Commit) throws(StoreError) {
    if ledger.effects.isEmpty { return }
    try begin(&commit)
    try book.append(ledger.takeEffects())
  }

  private func begin(_ commit: inout Commit) throws(StoreError) {
    guard commit.time == nil else { return }
    try book.begin(sequence: sequence + 1, time: ledger.now)
    commit.time = ledger.now
  }

  private func finish(_ commit: inout Commit) throws(StoreError) {
    if !ledger.clickEffects.isEmpty {
      try begin(&commit)
      // No clicks are read from the books before their commit ends, so all of them can be appended together.
      try ledger.takeClicks { clicks throws(StoreError) in try book.append(clicks) }
    }
    guard let time = commit.time else { return }
    let (bytes, clicksHash) = book.takeRowBytes(hash: CommitChain.rowsHash)
    let rowsHash = CommitChain.rowsHash(bytes)
    let newLink = CommitChain.link(
      previous: link, sequence: sequence + 1, time: time, rowsHash: rowsHash)
    #if DEBUG
      Faults.beforeCommit(sequence + 1)
    #endif
    try book.commit(
      rowsHash: rowsHash, clicksHash: clicksHash, link: newLink, money: ledger.money, fees: ledger.fees)
    sequence += 1
    link = newLink
    if failures.count > 0 {
      if failures.count >= Self.failuresMax { configuration.logger.notice("the disk takes writes again") }
      failures = (0, "")
    }
    #if DEBUG
      Faults.afterCommit(sequence)
    #endif
  }

  /// Adds the texts that only the books know, as they are at this point of the commit.
  private func complete(_ outcome: Outcome) throws(StoreError) -> EngineOutcome {
    switch outcome {
    case .account(let id):
      guard let money = ledger.money(of: id),
        let record = try book.account(id, money: money, terms: ledger.openTerms)
      else {
        throw .damaged("account \(id) has no row")
      }
      return .account(record)
    case .thing(let id, let alreadyAdded):
      guard let record = try book.thing(id) else { throw .damaged("thing \(id) has no row") }
      return .thing(record, alreadyAdded: alreadyAdded)
    case .transfer(let transfer, let replayed): return .transfer(transfer, replayed: replayed)
    case .clicked(let standing, let already): return .clicked(standing, alreadyClicked: already)
    case .undone(let standing, let was): return .undone(standing, wasClicked: was)
    case .clickedMany(let outcome): return .clickedMany(outcome)
    case .done: return .done
    }
  }

  func publish() {
    let summary = Summary(
      now: ledger.now, time: clock.believed, clockDoubt: clock.doubt, openPeriod: ledger.openPeriod,
      oldestUnsettled: ledger.oldestUnsettled,
      openClicks: ledger.openClickCount, tip: CommitPoint(number: sequence, link: link),
      transfersBehind: book.transfersBehind, callsDecided: callsSoFar, condition: condition)
    self.summary.withLock { $0 = summary }
  }
}

extension Submission {
  /// Whether it ends a commit: all rows of a commit have one time, and what is filed ahead belongs to none.
  fileprivate var standsAlone: Bool {
    switch work {
    case .setClock, .confirmClock, .file: true
    case .command, .clicks, .openClicks: false
    }
  }

  fileprivate var click: (patron: AccountReference, thing: ThingReference)? {
    if case .command(.click(let patron, let thing, _)) = work { (patron, thing) } else { nil }
  }
}

extension Submission.Work {
  /// Whether it can't be done at a time that is not known.
  fileprivate var needsTime: Bool { if case .confirmClock = self { false } else { true } }
}
