package import MeceneConcurrency
package import MeceneLedger
package import MeceneProof

/// The seam between the daemon and what keeps its books: commands in, outcomes out, and reads.
///
/// Nothing above it knows SQL, files or memory layout. The embedded engine is the default; a distributed database
/// can stand behind the same calls.
package protocol Engine: Sendable {
  /// Begins to take commands. Nothing is submitted before.
  ///
  /// - Parameter sink: Gets the outcomes of submissions, a commit's at a time.
  func start(sink: @escaping @Sendable ([Completion]) -> Void) async throws

  /// Queues commands. Each outcome arrives exactly once through the sink, after it is durable.
  ///
  /// - Parameter callerCanWait: Whether the caller has nothing else to do meanwhile, so that the work may be done on its
  ///   thread.
  func submit(_ submissions: [Submission], callerCanWait: Bool)

  /// Cancels a submission that has not been decided.
  ///
  /// - Returns: True when it will not come back.
  func cancel(_ ticket: Ticket) -> Bool

  /// Answers questions of one snapshot of what is committed, never behind the writer.
  ///
  /// - Parameter answered: Gets the answers, some at a time, in the order of the reads.
  func read<Answer>(_ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void)

  /// A patron's clicks of a period that is not open.
  ///
  /// - Throws: `Refusal` or `EngineFailure`, as do all of the following.
  func closedClicks(_ patron: AccountReference, _ period: Period, after: ThingID?, limit: Int) async throws
    -> ClickPage

  /// What an owner earned, or would earn now. No period = the newest settled one.
  func revenue(_ owner: AccountReference, _ period: Period?, after: ThingID?, limit: Int) async throws
    -> RevenuePage

  /// An account's part of a settled period, with its proof.
  func receipt(_ account: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree) async throws
    -> (account: AccountID, proof: ReceiptProof)

  /// What a settlement would do now, or did. No period = the open one.
  func preview(_ period: Period?) async throws -> SettlementRecord

  /// Settles a closed period, or joins its settlement. No period = the oldest that is closed and not settled.
  func settle(_ period: Period?, progress: @escaping @Sendable (StageProgress) -> Void) async throws
    -> SettlementRecord

  /// Proves the books.
  func verify(
    against kept: CommitPoint?, progress: @escaping @Sendable (StageProgress) -> Void
  ) async throws -> Verdict

  /// Makes the fingerprints of names and URLs that commands and reads carry.
  var fingerprintKey: FingerprintKey { get }

  /// The period that was open at the last commit.
  var openPeriod: Period { get }

  /// Whether writes are taken.
  var condition: EngineCondition { get }

  /// Finishes what was submitted, and closes the books.
  func shutDown() async
}

extension Engine {
  /// Proves the books alone, without a commit that was kept outside.
  package func verify(
    progress: @escaping @Sendable (StageProgress) -> Void
  ) async throws -> Verdict { try await verify(against: nil, progress: progress) }
}

/// What the server finds a call again by when its outcome comes back. The engine looks at the caller alone, to serve callers in
/// turn.
package struct Ticket: Sendable, Hashable {
  package let caller: UInt64
  package let call: UInt64
  /// Tells two calls of a caller apart that used the same number, one after the other.
  package let serial: UInt64

  package init(caller: UInt64, call: UInt64, serial: UInt64) {
    self.caller = caller
    self.call = call
    self.serial = serial
  }
}

/// One command with where its outcome goes.
package struct Submission: Sendable {
  package enum Work: Sendable {
    case command(Command)
    /// A part of a call with many clicks: those at these positions. The writer makes them.
    indirect case part(Command, at: Range<Int>, of: DividedClicks)
    /// Files a piece of a settlement ahead of its money.
    indirect case file(SettlementPlan, SettlementPlan.Piece)
    /// Moves a simulated clock.
    case setClock(Timestamp)
    /// An operator says that the system's clock is right; with what the operator's own clock shows.
    case confirmClock(Timestamp)
  }

  package enum Reply: Sendable {
    /// Through the engine's sink, with all others of the commit.
    case sink(Ticket)
    case closure(@Sendable (Result<Outcome, EngineFailure>) -> Void)
  }

  package let work: Work
  package let reply: Reply
  /// Not executed after this; nil = no limit.
  package let deadline: Deadline?

  package init(_ work: Work, reply: Reply, deadline: Deadline? = nil) {
    self.work = work
    self.reply = reply
    self.deadline = deadline
  }
}

/// What became of a submission.
package struct Completion: Sendable {
  package let ticket: Ticket
  package let result: Result<Outcome, EngineFailure>

  package init(ticket: Ticket, result: Result<Outcome, EngineFailure>) {
    self.ticket = ticket
    self.result = result
  }
}

/// Why something was not done.
package enum EngineFailure: Error, Sendable, Hashable {
  /// The rules refuse it.
  indirect case refused(Refusal)
  /// Its time ran out before it was executed.
  case expired
  /// The commit failed; whether the change is on disk is not known.
  case commitFailed
  /// The disk is full; it was not executed.
  case diskFull
  /// The disk keeps failing; it was not executed.
  case diskFailing
  /// The clock is not believed; it was not executed.
  indirect case clockUnconfirmed(ClockGuard.Doubt)
  /// The engine is shutting down; it was not executed.
  case shutDown
  /// A fault.
  case fault(String)
}

/// Whether the engine takes writes.
package enum EngineCondition: Sendable, Hashable {
  case serving
  case recovering
  case diskFull
  /// Commits keep failing. Writes are refused until the disk takes some again.
  case diskFailing
  /// The clock is not believed. Writes are refused until it is right, or confirmed.
  case clockUnconfirmed
  case stopped
}

/// How far a long job is.
package struct StageProgress: Sendable, Hashable {
  package let stage: String
  package let done: Int
  /// 0 = not known.
  package let total: Int

  package init(_ stage: String, _ done: Int, of total: Int) {
    self.stage = stage
    self.done = done
    self.total = total
  }
}

/// What a verification found.
package struct Verdict: Sendable, Hashable {
  package var transfers = 0
  package var clicks = 0
  package var settlements = 0
  /// The last commit, whose link stands for all before it.
  package var last = CommitPoint.beginning
  /// The last commit as text, such as 14:0a1b….
  package var lastCommit: String { last.text }
  /// nil = the books are clean.
  package var finding: Finding?
}
