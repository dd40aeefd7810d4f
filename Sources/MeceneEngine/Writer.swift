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
    var condition = EngineCondition.recovering
  }

  /// Commits that fail one after the other before writes are refused.
  private static let failuresMax = 3
  /// What the disk has to take before writes are taken again, in bytes.
  private static let roomNeeded = 1 << 20

  nonisolated let executor = QueueExecutor(label: "mecene.writer")
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  nonisolated let summary = Locked(Summary())

  private nonisolated let mailbox = Mailbox<Submission>()
  let configuration: Configuration
  let book: BookWriter
  private var ledger: Ledger
  private var sequence: Int64
  private var link: [UInt8]
  private(set) var condition = EngineCondition.serving
  private var clock = GuardedClock()
  /// Commits that failed since the last one that succeeded, and why the last did.
  private var failures: (count: Int, reason: String) = (0, "")
  /// Why the last checkpoint failed; nil when it did not.
  private var checkpointFailure: String?
  /// Submissions taken so far.
  private(set) var taken = 0
  var following = Following()
  /// Since when no checkpoint has moved the whole log, and whether that was told.
  private var heldLog: (since: Deadline, isTold: Bool)?

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
  }

  /// Leaves commands for the writer. When it is idle and they are few, the calling thread becomes the writer: it
  /// enters the idle queue in 0.2 µs, where waking a sleeping thread and back would cost tens.
  nonisolated func submit(_ submissions: [Submission], entersWhenIdle: Bool) {
    guard mailbox.post(submissions) else { return }
    if entersWhenIdle {
      executor.queue.sync { assumeIsolated { $0.drain(asGuest: true) } }
    } else {
      executor.queue.async { self.assumeIsolated { $0.drain(asGuest: false) } }
    }
  }

  /// The number of the last commit.
  nonisolated var commits: Int64 { summary.withLock { $0.tip.number } }

  /// The last commit.
  nonisolated var tip: CommitPoint { summary.withLock { $0.tip } }

  nonisolated func withdraw(_ tag: CallTag) -> Bool {
    mailbox.withdraw { submission in
      if case .sink(let waiting) = submission.reply { waiting == tag } else { false }
    }
  }

  /// Decides one command and returns when it is durable.
  nonisolated func perform(_ command: Command) async throws(EngineFailure) -> EngineOutcome {
    let result = await withCheckedContinuation { continuation in
      submit(
        [Submission(.command(command), reply: .closure { continuation.resume(returning: $0) })],
        entersWhenIdle: false)
    }
    return try result.get()
  }

  /// Whether a period can be settled, and how far its settlement is.
  func checkSettleable(_ period: Period) throws(Refusal) -> Ledger.SettlementProgress? {
    try ledger.checkSettleable(period)
    return ledger.oldestUnsettled == period ? ledger.settlementProgress : nil
  }

  /// Ends when the books are not where they were: whoever looks for them later finds others, or none. What is in the log is
  /// moved to the file first, which may be all that is left.
  private func checkPlace() -> Bool {
    guard condition != .stopped, let loss = configuration.directory.loss else { return true }
    checkpoint()
    condition = .stopped
    publish()
    configuration.fatal(loss)
    return false
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
      submit([Submission(.command(.tick), reply: .closure { _ in })], entersWhenIdle: false)
    }
    if !following.isCatchingUp { catchUp() }
  }

  /// Moves everything into the file, and takes nothing any more.
  func stop() {
    drain(asGuest: false)
    // What is left is read back at the next start.
    followJournal(atMost: 5_000)
    condition = .stopped
    publish()
    checkpoint()
  }

  /// Caps the file's size, to let a test fill the disk.
  func limit(pages: Int) throws(StoreError) { try book.limit(pages: pages) }

  /// - Parameter asGuest: True on another queue's thread, which must not be kept waiting for a checkpoint.
  private func drain(asGuest: Bool) {
    while let submissions = mailbox.take() {
      taken += submissions.count
      var rest = submissions[...]
      // A clock that is set ends a commit: all rows of a commit have one time.
      while let position = rest.firstIndex(where: \.setsClock) {
        process(rest[..<position])
        process(rest[position...position])
        rest = rest[(position + 1)...]
      }
      process(rest)
      if asGuest, needsTidyingUp {
        // The mailbox stays busy, so that nobody enters or wakes the writer meanwhile.
        executor.queue.async {
          self.assumeIsolated { writer in
            writer.tidyUp()
            writer.drain(asGuest: false)
          }
        }
        return
      }
      tidyUp()
    }
  }

  private var needsTidyingUp: Bool {
    book.logPages >= configuration.checkpointPages || book.hasSettledLogs || isFarBehind
  }

  private func process(_ submissions: ArraySlice<Submission>) {
    if submissions.isEmpty { return }
    var answers = Answers(room: submissions.count)
    let periodBefore = ledger.openPeriod
    do {
      var commit = Commit()
      if condition == .serving {
        if let time = readClock() {
          ledger.advance(to: time)
          try append(&commit)
        }
      }
      let now = Deadline.now
      for position in submissions.indices {
        if (position - submissions.startIndex) % Ledger.clicksTouchedAhead == 0 {
          ledger.touch(position..<min(position + Ledger.clicksTouchedAhead, submissions.endIndex)) {
            submissions[$0].click
          }
        }
        let submission = submissions[position]
        if let deadline = submission.deadline, deadline < now {
          answers.add(.failure(.expired), to: submission.reply)
        } else {
          answers.add(try decide(submission.work, &commit), to: submission.reply)
        }
      }
      try finish(&commit)
    } catch {
      let failure = recover(from: error)
      answers = Answers(room: submissions.count)
      for submission in submissions { answers.add(.failure(failure), to: submission.reply) }
    }
    publish()
    answers.deliver(configuration.sink)
    if ledger.openPeriod != periodBefore { configuration.periodClosed() }
  }

  /// What goes back once the commit is durable.
  private struct Answers {
    private var completions: [Completion] = []
    private var replies: [() -> Void] = []

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

  private struct Commit {
    /// The one time of all its rows; nil until it has a row.
    var time: Timestamp?
  }

  private func decide(
    _ work: Submission.Work, _ commit: inout Commit
  ) throws(StoreError) -> Result<EngineOutcome, EngineFailure> {
    switch condition {
    case .stopped: return .failure(.shutDown)
    case .diskFull, .recovering: if work.writes { return .failure(.diskFull) }
    case .diskFailing: if work.writes { return .failure(.diskFailing) }
    case .serving, .clockUnconfirmed: break
    }
    if let doubt = clock.doubt, work.needsTime { return .failure(.clockUnconfirmed(doubt)) }
    switch work {
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

  private func setClock(
    _ time: Timestamp, _ commit: inout Commit
  ) throws(StoreError) -> Result<EngineOutcome, EngineFailure> {
    guard let simulated = configuration.clock as? SimulatedClock else {
      return .failure(
        .refused(
          Refusal(
            .clockNotSimulated,
            "the daemon runs on the system's clock; start it with --simulated-clock to set it")))
    }
    guard time >= ledger.now, time.period <= Period.last else {
      return .failure(
        .refused(
          Refusal(
            .clockOutOfRange, field: "now_ms",
            "the clock goes forward from \(ledger.now.text) to the end of \(Period.last); it was asked to be "
              + time.text,
            ["now_ms": "\(ledger.now.milliseconds)", "asked_ms": "\(time.milliseconds)"])))
    }
    simulated.set(time)
    clock.believed = time
    ledger.advance(to: time)
    try append(&commit)
    return .success(.clock(ledger.now, openPeriod: ledger.openPeriod))
  }

  private func confirmClock(
    _ time: Timestamp, _ commit: inout Commit
  ) throws(StoreError) -> Result<EngineOutcome, EngineFailure> {
    guard let reading = configuration.clock.reading else {
      return .failure(
        .refused(
          Refusal(
            .invalidValue, field: "now_ms",
            "the daemon lives on a simulated clock, which is always believed; `mecene clock set` moves it")))
    }
    do throws(Refusal) {
      try clock.guardian.confirm(reading, by: time)
    } catch {
      return .failure(.refused(error))
    }
    configuration.logger.notice(
      "the clock was confirmed", metadata: ["clock": "\(reading.wall.text)"])
    if let now = readClock() { ledger.advance(to: now) }
    try append(&commit)
    return .success(.clock(ledger.now, openPeriod: ledger.openPeriod))
  }

  /// What the clock shows, if it is believed.
  private func readClock() -> Timestamp? {
    guard let reading = configuration.clock.reading else {
      clock.believed = configuration.clock.now()
      return clock.believed
    }
    let verdict = clock.guardian.judge(
      reading, open: ledger.hasOpened ? ledger.openPeriod : nil, lastCommit: ledger.now)
    return clock.take(verdict, reading, configuration.logger)
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

  private func append(_ commit: inout Commit) throws(StoreError) {
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
    case .clicks(let page): return .clicks(page)
    case .done: return .done
    }
  }

  /// Throws away what memory is ahead of the disk.
  private func recover(from error: StoreError) -> EngineFailure {
    failures.count += 1
    if failures.reason != error.sentence {
      failures.reason = error.sentence
      configuration.logger.error("commit failed", metadata: ["reason": "\(error.sentence)"])
    }
    book.rollback()
    summary.withLock { $0.condition = .recovering }
    do {
      let last = try book.lastCommit()
      sequence = last.sequence
      link = last.link
      ledger = Ledger(currency: configuration.currency, terms: configuration.terms, at: last.time)
      try book.load(into: &ledger, fingerprint: { Fingerprint(of: $0) })
    } catch {
      condition = .stopped
      configuration.fatal("the books can't be read back after a failed commit: \(error.sentence)")
      return .commitFailed
    }
    switch error {
    case .diskFull, .diskFullWhenSynced: condition = .diskFull
    case .damaged:
      condition = .stopped
      configuration.fatal(error.sentence)
    default: noteFailure()
    }
    return error == .diskFull ? .diskFull : .commitFailed
  }

  /// A disk that fails once may take the next commit; one that keeps failing is a state, which is told once.
  private func noteFailure() {
    guard failures.count >= Self.failuresMax else { return }
    if failures.count == Self.failuresMax {
      configuration.logger.error(
        "the disk keeps failing; writes are refused until it takes some",
        metadata: ["reason": "\(failures.reason)"])
    }
    condition = .diskFailing
  }

  private func tidyUp() {
    guard condition == .serving else { return }
    do {
      try book.dropSettledLogs()
    } catch {
      configuration.logger.warning("a settled click log stays", metadata: ["reason": "\(error.sentence)"])
    }
    keepUp()
    checkpointWhenDue()
  }

  func checkpointWhenDue() {
    if book.logPages >= configuration.checkpointPages { checkpoint() }
  }

  private func checkpoint() {
    do {
      let (pages, moved) = try book.checkpoint()
      noteHeldLog(pages: pages, isWhole: moved == pages)
      if checkpointFailure != nil { configuration.logger.notice("checkpoints succeed again") }
      checkpointFailure = nil
    } catch {
      guard checkpointFailure != error.sentence else { return }
      checkpointFailure = error.sentence
      configuration.logger.warning("checkpoint failed", metadata: ["reason": "\(error.sentence)"])
    }
  }

  /// Tells of a reader that has kept the log from beginning anew for so long that it has grown large.
  private func noteHeldLog(pages: Int, isWhole: Bool) {
    if isWhole {
      if heldLog?.isTold == true { configuration.logger.notice("the write-ahead log begins anew") }
      heldLog = nil
      return
    }
    let since = heldLog?.since ?? .now
    let seconds = (Deadline.now.nanoseconds - since.nanoseconds) / 1_000_000_000
    let isLarge = pages >= configuration.heldLogPages
    if isLarge, heldLog?.isTold != true {
      configuration.logger.warning(
        "a reader keeps the write-ahead log from beginning anew; it grows until the reader ends",
        metadata: ["bytes": "\(pages * 4_096)", "seconds": "\(seconds)"])
    }
    heldLog = (since, isLarge || heldLog?.isTold == true)
  }

  func publish() {
    let summary = Summary(
      now: ledger.now, time: clock.believed, clockDoubt: clock.doubt, openPeriod: ledger.openPeriod,
      oldestUnsettled: ledger.oldestUnsettled,
      openClicks: ledger.openClickCount, tip: CommitPoint(number: sequence, link: link),
      transfersBehind: book.transfersBehind,
      condition: condition)
    self.summary.withLock { $0 = summary }
  }
}

extension Submission {
  fileprivate var setsClock: Bool {
    switch work {
    case .setClock, .confirmClock: true
    case .command: false
    }
  }

  fileprivate var click: (patron: AccountReference, thing: ThingReference)? {
    if case .command(.click(let patron, let thing, _)) = work { (patron, thing) } else { nil }
  }
}

extension Submission.Work {
  fileprivate var writes: Bool {
    if case .command(.listClicks) = self { false } else { true }
  }

  /// Whether it can't be done at a time that is not known.
  fileprivate var needsTime: Bool {
    if case .confirmClock = self { false } else { writes }
  }
}
