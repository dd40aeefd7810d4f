import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import MeceneProof

/// Keeps what is submitted to itself until it is released, and, when it is told to, what is asked; all else goes to the engine
/// behind it.
final class HeldEngine: Engine {
  private let engine: EmbeddedEngine
  /// Nil when nothing is held any more.
  private let held: Locked<[Submission]?> = Locked([])

  private let heldReads: Locked<[@Sendable () -> Void]?>
  private let heldTasks: Locked<[CheckedContinuation<Void, Never>]?>

  /// - Parameter holdsReads: Whether short reads and previews are kept too.
  init(_ engine: EmbeddedEngine, holdsReads: Bool = false) {
    self.engine = engine
    heldReads = Locked(holdsReads ? [] : nil)
    heldTasks = Locked(holdsReads ? [] : nil)
  }

  var submissionsHeld: Int { held.withLock { $0?.count ?? 0 } }
  var readsHeld: Int { heldReads.withLock { $0?.count ?? 0 } }
  var previewsHeld: Int { heldTasks.withLock { $0?.count ?? 0 } }

  /// Lets the first of the reads go on that are held, and the first preview.
  func releaseOne() {
    heldReads.withLock { $0?.isEmpty == false ? $0?.removeFirst() : nil }?()
    heldTasks.withLock { $0?.isEmpty == false ? $0?.removeFirst() : nil }?.resume()
  }

  func start(sink: @escaping @Sendable ([Completion]) -> Void) async throws {
    try await engine.start(sink: sink)
  }

  func release() {
    let submissions = held.withLock { held in
      defer { held = nil }
      return held ?? []
    }
    engine.submit(submissions, callerCanWait: false)
    let reads = heldReads.withLock { reads in
      defer { reads = nil }
      return reads ?? []
    }
    for read in reads { read() }
    let tasks = heldTasks.withLock { tasks in
      defer { tasks = nil }
      return tasks ?? []
    }
    for task in tasks { task.resume() }
  }

  func submit(_ submissions: [Submission], callerCanWait: Bool) {
    let isHeld = held.withLock { held in
      held?.append(contentsOf: submissions)
      return held != nil
    }
    if !isHeld { engine.submit(submissions, callerCanWait: callerCanWait) }
  }

  func cancel(_ ticket: Ticket) -> Bool { engine.cancel(ticket) }

  func read<Answer>(_ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void) {
    let engine = engine
    let isHeld = heldReads.withLock { held in
      for read in reads { held?.append { engine.read([read], answered: answered) } }
      return held != nil
    }
    if !isHeld { engine.read(reads, answered: answered) }
  }

  func closedClicks(
    _ patron: MeceneLedger.AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) async throws -> ClickPage {
    try await engine.closedClicks(patron, period, after: after, limit: limit)
  }

  func revenue(
    _ owner: MeceneLedger.AccountReference, _ period: Period?, after: ThingID?, limit: Int
  ) async throws -> RevenuePage {
    try await engine.revenue(owner, period, after: after, limit: limit)
  }

  func receipt(
    _ account: MeceneLedger.AccountReference, _ period: Period, _ tree: SettlementSeal.Tree
  ) async throws -> (account: AccountID, proof: ReceiptProof) {
    try await engine.receipt(account, period, tree)
  }

  func preview(_ period: Period?) async throws -> SettlementRecord {
    if heldTasks.withLock({ $0 != nil }) {
      await withCheckedContinuation { continuation in heldTasks.withLock { $0?.append(continuation) } }
    }
    return try await engine.preview(period)
  }

  func settle(
    _ period: Period?, progress: @escaping @Sendable (MeceneEngine.StageProgress) -> Void
  ) async throws -> SettlementRecord {
    try await engine.settle(period, progress: progress)
  }

  func verify(
    against kept: CommitPoint?, progress: @escaping @Sendable (MeceneEngine.StageProgress) -> Void
  ) async throws
    -> MeceneEngine.Verdict
  {
    try await engine.verify(against: kept, progress: progress)
  }

  var fingerprintKey: FingerprintKey { engine.fingerprintKey }
  var openPeriod: Period { engine.openPeriod }

  var condition: EngineCondition { engine.condition }

  func shutDown() async { await engine.shutDown() }
}
