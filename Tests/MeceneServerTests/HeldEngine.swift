import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import MeceneProof

/// Keeps what is submitted, or also what is asked, to itself until it is released; all else goes to the engine behind it.
final class HeldEngine: Engine {
  private let engine: EmbeddedEngine
  /// Nil when nothing is held any more.
  private let held: Locked<[Submission]?>

  /// Questions that were handed over together, and how many they are.
  private let heldReads: Locked<[(count: Int, ask: @Sendable () -> Void)]?>
  private let heldPreviews: Locked<[CheckedContinuation<Void, Never>]?>

  /// - Parameters:
  ///   - holdsCommands: Whether what is submitted is kept.
  ///   - holdsReads: Whether short reads and previews are.
  init(_ engine: EmbeddedEngine, holdsCommands: Bool = true, holdsReads: Bool = false) {
    self.engine = engine
    held = Locked(holdsCommands ? [] : nil)
    heldReads = Locked(holdsReads ? [] : nil)
    heldPreviews = Locked(holdsReads ? [] : nil)
  }

  var submissionsHeld: Int { held.withLock { $0?.count ?? 0 } }
  var readsHeld: Int { heldReads.withLock { $0?.reduce(0) { $0 + $1.count } ?? 0 } }
  var previewsHeld: Int { heldPreviews.withLock { $0?.count ?? 0 } }

  /// Lets the first reads go on that are held.
  func releaseRead() { heldReads.withLock { $0?.isEmpty == false ? $0?.removeFirst() : nil }?.ask() }

  /// Lets the first preview go on that is held.
  func releasePreview() {
    heldPreviews.withLock { $0?.isEmpty == false ? $0?.removeFirst() : nil }?.resume()
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
    for read in reads { read.ask() }
    let previews = heldPreviews.withLock { previews in
      defer { previews = nil }
      return previews ?? []
    }
    for preview in previews { preview.resume() }
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
      held?.append((reads.count, { engine.read(reads, answered: answered) }))
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
    await withCheckedContinuation { continuation in
      let isHeld = heldPreviews.withLock { held in
        held?.append(continuation)
        return held != nil
      }
      if !isHeld { continuation.resume() }
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
