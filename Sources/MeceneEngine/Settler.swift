internal import Dispatch
internal import Logging
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// Settles periods, one at a time: plans on a snapshot, then moves the money in writer commands of bounded size
/// between those of callers.
///
/// Whoever asks for a period that is being settled joins. A step that a crash interrupted is found by the ledger's
/// cursors; the plan is made again, and another digest stops the settlement.
actor Settler {
  /// The most patrons or owners, and the most clicks or things, of one commit.
  private static var peoplePerCommit: Int {
    #if DEBUG
      if let step = Faults.settlementStep { return max(1, step) }
    #endif
    return 1_000
  }
  private static let rowsPerCommit = 8_192

  nonisolated let executor = QueueExecutor(label: "mecene.settler", qos: .utility)
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let book: BookFile
  private let writer: Writer
  private let clock: any LedgerClock
  private let logger: Logger
  /// Milliseconds between a period's close and its settlement; nil = never by itself.
  private let settleAfter: Int64?
  private var running: (period: Period, task: Task<SettlementRecord, any Error>)?
  private var observers: [Int: @Sendable (StageProgress) -> Void] = [:]
  private var nextObserver = 0
  /// What the last settlement that began by itself failed of.
  private var failure: (period: Period, reason: String, isFinal: Bool)?

  init(book: BookFile, writer: Writer, clock: any LedgerClock, settleAfter: Int64?, logger: Logger) {
    self.book = book
    self.writer = writer
    self.clock = clock
    self.settleAfter = settleAfter
    self.logger = logger
  }

  /// Settles what is due, the oldest first. Called about once a second, so what fails is tried again; only a period
  /// whose rows contradict each other is left to be asked for.
  func settleDue() async {
    while let settleAfter, let period = writer.summary.withLock({ $0.oldestUnsettled }),
      period.next.start.milliseconds + settleAfter <= clock.now().milliseconds
    {
      if let failure, failure.period == period, failure.isFinal { return }
      do {
        _ = try await settle(period) { _ in }
      } catch {
        if !(error is CancellationError) { note(error, period) }
        return
      }
    }
  }

  private func note(_ error: any Error, _ period: Period) {
    let refusal: Refusal? =
      if case .refused(let refusal)? = error as? EngineFailure { refusal } else { error as? Refusal }
    let isFinal = refusal?.reason == .digestMismatch || refusal?.reason == .booksInconsistent
    let reason = refusal?.sentence ?? "\(error)"
    // The same failure, second after second, is one line.
    if failure?.period != period || failure?.reason != reason {
      logger.error("settlement failed", metadata: ["period": "\(period)", "reason": "\(reason)"])
    }
    failure = (period, reason, isFinal)
  }

  /// Settles a period, or joins its settlement; a settled one answers with its record.
  func settle(
    _ asked: Period?, progress: @escaping @Sendable (StageProgress) -> Void
  ) async throws -> SettlementRecord {
    let observer = nextObserver
    nextObserver += 1
    observers[observer] = progress
    defer { observers[observer] = nil }
    // Another settlement may have to end first: the one that makes this period the oldest.
    while let current = running {
      if current.period == asked ?? current.period { return try await current.task.value }
      _ = try? await current.task.value
    }
    guard let period = asked ?? writer.summary.withLock({ $0.oldestUnsettled }) else {
      throw Refusal(.periodOpen, field: "period", "no period is closed and not settled")
    }
    if let settled = try book.read({ try $0.settlement(period) }), settled.state == .settled {
      return settled
    }
    let cursor = try await writer.checkSettleable(period)
    if let current = running, current.period == period { return try await current.task.value }
    let task = Task { try await run(period, cursor) }
    running = (period, task)
    defer { if running?.period == period { running = nil } }
    return try await task.value
  }

  /// Stops between two steps.
  func cancel() { running?.task.cancel() }

  private func run(_ period: Period, _ cursor: Ledger.SettlementProgress?) async throws -> SettlementRecord {
    let plan: SettlementPlan
    do {
      plan = try book.plan(period, progress: notify)
    } catch let finding as Finding {
      throw Refusal.booksInconsistent(finding)
    }
    _ = try await writer.perform(.planSettlement(plan, plan.seal(secret: book.identity.secret)))
    let firstPatron = plan.patrons.firstIndex { $0.id > cursor?.drainedThrough ?? AccountID(0) }
    try await forEachStep(
      from: firstPatron ?? plan.patrons.count, count: plan.patrons.count, stage: "draining pots",
      rows: { plan.patrons[$0].clicks.count }
    ) { .drainPots(plan, $0) }
    let firstOwner = plan.owners.firstIndex { $0.id > cursor?.paidThrough ?? AccountID(0) }
    try await forEachStep(
      from: firstOwner ?? plan.owners.count, count: plan.owners.count, stage: "paying owners",
      rows: { plan.owners[$0].things.count }
    ) { .payOwners(plan, $0) }
    _ = try await writer.perform(.finishSettlement(plan))
    guard let record = try book.read({ try $0.settlement(period) }) else {
      throw EngineFailure.fault("the settlement of \(period) left no row")
    }
    logger.info(
      "period settled",
      metadata: [
        "period": "\(period)", "pots": "\(plan.totals.pots)", "clicks": "\(plan.totals.clicks)",
        "revenue": "\(plan.totals.revenueMicros)",
      ])
    return record
  }

  private func forEachStep(
    from first: Int, count: Int, stage: String, rows: (Int) -> Int, command: (Range<Int>) -> Command
  ) async throws {
    var start = first
    while start < count {
      try Task.checkCancellation()
      var end = start
      var rowsSoFar = 0
      while end < count, end - start < Self.peoplePerCommit, rowsSoFar < Self.rowsPerCommit {
        rowsSoFar += rows(end)
        end += 1
      }
      _ = try await writer.perform(command(start..<end))
      start = end
      notify(StageProgress(stage, end, of: count))
    }
  }

  private func notify(_ progress: StageProgress) {
    for observer in observers.values { observer(progress) }
  }
}
