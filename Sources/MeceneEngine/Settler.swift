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
  nonisolated let executor: any SerialQueue
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let runtime: any Runtime
  private let book: BookFile
  private let writer: Writer
  private let logger: Logger
  /// Milliseconds between a period's close and its settlement; nil = never by itself.
  private let settleAfter: Int64?
  private var proof = SettlementProof()
  private var running: (period: Period, task: Task<SettlementRecord, any Error>)?
  private var observers: [Int: @Sendable (StageProgress) -> Void] = [:]
  private var nextObserver = 0
  /// What the last settlement that began by itself failed of.
  private var failure: (period: Period, reason: String, isFinal: Bool)?

  init(book: BookFile, writer: Writer, settleAfter: Int64?, runtime: any Runtime, logger: Logger) {
    executor = runtime.makeQueue("mecene.settler", isUrgent: false)
    self.runtime = runtime
    self.book = book
    self.writer = writer
    self.settleAfter = settleAfter
    self.logger = logger
  }

  /// Settles what is due, the oldest first. Called about once a second, so what fails is tried again; only a period
  /// whose rows contradict each other is left to be asked for.
  func settleDue() async {
    while let period = writer.summary.withLock({ $0.oldestUnsettled }), isDue(period) {
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
    while true {
      if let current = running {
        if current.period == asked ?? current.period { return try await current.task.value }
        await finish(current)
        continue
      }
      let oldest = writer.summary.withLock { $0.oldestUnsettled }
      guard let wanted = asked ?? oldest else {
        throw Refusal(.periodOpen, field: "period", "no period is closed and not settled")
      }
      if let settled = try settled(wanted) { return settled }
      // Earlier periods that are about to settle by themselves do so now.
      let next = oldest.map { $0 < wanted && isDue($0) ? $0 : wanted } ?? wanted
      let cursor = try await writer.checkSettleable(next)
      // Others may have come and gone while the writer was asked.
      guard running == nil, try settled(next) == nil else { continue }
      let current = (period: next, task: runtime.task { try await self.run(next, cursor) })
      running = current
      await finish(current)
      let record = try await current.task.value
      if next == wanted { return record }
    }
  }

  /// Waits for a settlement's end. Whoever sees it first makes room for the next: awaiting a task that has ended does not
  /// give the actor up, so a loop that left this to another would never let it run.
  private func finish(_ current: (period: Period, task: Task<SettlementRecord, any Error>)) async {
    _ = await current.task.result
    if running?.task == current.task { running = nil }
  }

  private func settled(_ period: Period) throws -> SettlementRecord? {
    try book.read { try $0.settlement(period) }.flatMap { $0.state == .settled ? $0 : nil }
  }

  /// Whether a period settles by itself now.
  private func isDue(_ period: Period) -> Bool {
    guard let settleAfter else { return false }
    let (time, isBelieved) = writer.summary.withLock { ($0.time, $0.clockDoubt == nil) }
    return isBelieved && period.next.start.milliseconds + settleAfter <= time.milliseconds
  }

  /// Stops between two steps.
  func cancel() { running?.task.cancel() }

  private func run(_ period: Period, _ cursor: Ledger.SettlementProgress?) async throws -> SettlementRecord {
    let pace = Pace(writer, runtime)
    let plan: SettlementPlan
    let seal: SettlementSeal
    let began = runtime.now
    let (commitsProved, proofEnd): (Int, Deadline)
    do {
      commitsProved = try proof.prove(period, in: book, through: writer.tip) { done, total in
        notify(StageProgress("proving commits", done, of: total))
        pace.restHere()
      }
      proofEnd = runtime.now
      var owners: [AccountID] = []
      plan = try book.plan(period, owners: &owners, proves: true) { progress in
        notify(progress)
        pace.restHere()
      }
      try proof.checkPots(of: plan, in: book)
      seal = try self.seal(plan, pace)
    } catch let finding as Finding {
      throw Refusal.booksInconsistent(finding)
    }
    var longest = LongestStep()
    try await check(plan, pace, &longest)
    try await writer.perform(.planSettlement(plan, seal))
    longest.note(writer.pace.last)
    try await fileAhead(seal.blocks.indices, pace, &longest) { .file(plan, .blocks(seal, $0)) }
    let firstPatron = plan.patrons.firstIndex { $0.id > cursor?.drainedThrough ?? AccountID(0) }
    try await forEachStep(
      pace, &longest, from: firstPatron ?? plan.patrons.count, count: plan.patrons.count,
      stage: "draining pots",
      rows: { plan.patrons[$0].clicks },
      piece: { .file(plan, .clicks(of: plan.patrons[$0].id, $1)) }
    ) { .drainPots(plan, $0) }
    let firstOwner = plan.owners.firstIndex { $0.id > cursor?.paidThrough ?? AccountID(0) }
    try await forEachStep(
      pace, &longest, from: firstOwner ?? plan.owners.count, count: plan.owners.count, stage: "paying owners",
      rows: { plan.owners[$0].things },
      piece: { .file(plan, .revenue(of: plan.owners[$0].id, $1)) }
    ) { .payOwners(plan, $0) }
    try await writer.perform(.finishSettlement(plan))
    longest.note(writer.pace.last)
    defer { Memory.giveBack() }
    guard let record = try book.read({ try $0.settlement(period) }) else {
      throw EngineFailure.fault("the settlement of \(period) left no row")
    }
    logger.info(
      "period settled",
      metadata: [
        "period": "\(period)", "pots": "\(plan.totals.pots)", "clicks": "\(plan.totals.clicks)",
        "revenue": "\(plan.totals.revenueMicros)", "commits_proved": "\(commitsProved)",
        "proof_ms": "\(proofEnd.since(began) / 1_000_000)",
        "longest_step_ms": "\(longest.nanoseconds / 1_000_000)",
      ])
    return record
  }

  /// Lets the ledger compare the plan with what it knows, in steps that keep nobody waiting.
  private func check(
    _ plan: SettlementPlan, _ pace: Pace, _ longest: inout LongestStep
  ) async throws {
    let rows = 65_536
    for _ in 0...(plan.patrons.count + plan.revenue.count) / rows {
      try Task.checkCancellation()
      try await writer.perform(.checkPlan(plan, rows: rows))
      longest.note(writer.pace.last)
      try await pace.rest()
    }
  }

  /// Hashes the plan: with all cores while nobody else needs one.
  private func seal(_ plan: SettlementPlan, _ pace: Pace) throws -> SettlementSeal {
    let cores = pace.isAlone ? runtime.cores : .one
    notify(StageProgress("sealing the plan", 0, of: 0))
    return plan.seal(secrets: try book.accountSecrets(), cores: cores) { pace.restHere() }
  }

  private func forEachStep(
    _ pace: Pace, _ longest: inout LongestStep, from first: Int, count: Int, stage: String,
    rows: (Int) -> Range<Int>,
    piece: (Int, Range<Int>) -> Submission.Work, command: (Range<Int>) -> Command
  ) async throws {
    var size = StepSize()
    var start = first
    while start < count {
      try Task.checkCancellation()
      let many = rows(start).count > SettlementPlan.rowsAtOnce
      if many { try await fileAhead(rows(start), pace, &longest) { piece(start, $0) } }
      var end = start + 1
      var cost = many ? 0 : rows(start).count
      while end < count, size.takes(cost: cost, people: end - start),
        rows(end).count <= SettlementPlan.rowsAtOnce
      {
        cost += rows(end).count
        end += 1
      }
      try await writer.perform(command(start..<end))
      longest.note(writer.pace.last)
      if !many { size.learn(took: writer.pace.last) }
      start = end
      notify(StageProgress(stage, end, of: count))
      if start < count { try await pace.rest() }
    }
  }

  /// Files the many rows of one patron or owner, a piece at a time.
  private func fileAhead(
    _ rows: Range<Int>, _ pace: Pace, _ longest: inout LongestStep,
    _ piece: (Range<Int>) -> Submission.Work
  ) async throws {
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: SettlementPlan.rowsAtOnce) {
      try Task.checkCancellation()
      let end = min(start + SettlementPlan.rowsAtOnce, rows.upperBound)
      try await writer.perform(piece(start..<end))
      longest.note(writer.pace.last)
      try await pace.rest()
    }
  }

  private func notify(_ progress: StageProgress) {
    for observer in observers.values { observer(progress) }
  }
}

/// How long the step took that kept others waiting for the longest.
private struct LongestStep {
  private(set) var nanoseconds: UInt64 = 0

  mutating func note(_ took: UInt64) { nanoseconds = max(nanoseconds, took) }
}
