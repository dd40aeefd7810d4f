internal import MeceneConcurrency
internal import MeceneLedger

/// What waits for the writer, and how much of it makes one commit.
///
/// Whatever comes together and is not too much is the next commit, as it is. Of more than that a commit takes some of each
/// connection in turn, and of a call with many clicks a part: so a lone click waits for about two commits, however much others
/// have sent before it.
struct Backlog {
  /// Clicks, or what takes as long, of one commit: about 10 ms.
  private static let costMax = 8_192
  /// Clicks of one call that are decided together.
  static let clicksAtOnce = 4_096

  /// By connection; 0 is the daemon itself.
  private var writes = RoundRobin<UInt64, Submission>()
  private var inquiries = RoundRobin<UInt64, Submission>()

  var isEmpty: Bool { writes.isEmpty && inquiries.isEmpty }
  var hasWrites: Bool { !writes.isEmpty }

  /// The next commit, when this has come.
  mutating func next(after fresh: [Submission]) -> ArraySlice<Submission> {
    var cost = fresh.reduce(0) { $0 + $1.cost }
    if writes.isEmpty, cost <= Self.costMax, !fresh.contains(where: { $0.isRead }) { return fresh[...] }
    for submission in fresh { add(submission) }
    var next: [Submission] = []
    cost = 0
    while cost < Self.costMax, let submission = writes.popFirst() {
      cost += submission.cost
      next.append(submission)
    }
    return next[...]
  }

  /// What is asked of the ledger next.
  mutating func nextInquiry() -> Submission? { inquiries.popFirst() }

  mutating func add(_ submission: Submission) {
    let caller = if case .sink(let ticket) = submission.reply { ticket.caller } else { UInt64(0) }
    if submission.isRead { return inquiries.append(submission, of: caller) }
    guard case .command(let command) = submission.work, let parts = command.parts(of: Self.clicksAtOnce)
    else { return writes.append(submission, of: caller) }
    let whole = DividedClicks(count: command.clickCount)
    for positions in parts {
      writes.append(
        Submission(
          .part(command, at: positions, of: whole), reply: submission.reply, deadline: submission.deadline),
        of: caller)
    }
  }
}

/// A call with many clicks that is decided in parts, and what became of those before. Only the writer touches it.
package final class DividedClicks: @unchecked Sendable {  // The writer alone uses it, on its queue.
  private let count: Int
  private var outcome: ClickManyOutcome?
  private var failure: EngineFailure?
  private var isCommitted = false

  init(count: Int) { self.count = count }

  /// Whether its other parts are in vain.
  var hasFailed: Bool { failure != nil }
  /// Whether a part was decided.
  var hasBegun: Bool { outcome != nil }
  /// The period of the parts before.
  var period: Period? { outcome?.period }

  /// Takes note of a part, and answers with the whole call's result behind the last.
  func add(
    _ result: Result<Outcome, EngineFailure>, at positions: Range<Int>
  ) -> Result<Outcome, EngineFailure>? {
    switch result {
    case .success(.clickedMany(let part)):
      if outcome == nil { outcome = part } else { outcome?.add(part) }
    case .failure(.refused(let refusal)) where hasBegun && refusal.reason == .periodClosed:
      outcome?.addLate(positions)
    case .failure(let found): fail(found)
    case .success: break
    }
    guard positions.upperBound == count else { return nil }
    if let failure { return .failure(failure) }
    return outcome.map { .success(.clickedMany($0)) }
  }

  /// What was decided is on the disk now.
  func commit() { isCommitted = hasBegun }

  /// Parts that were committed stay, so the call as a whole was not left undone.
  func fail(_ found: EngineFailure) { failure = failure ?? (isCommitted ? .commitFailed : found) }
}

// Each submission is asked these things several times on its way. A command is copied to be asked, which took 5 % of a commit of
// 64 clicks: so a click, the command there are most of, is answered for here.
extension Submission {
  /// How long it takes to do it, in clicks.
  var cost: Int { if case .command(.click) = work { 1 } else { work.cost } }

  /// Whether it changes nothing.
  var isRead: Bool { if case .command(.click) = work { false } else { work.isRead } }

  /// The pair of a lone click.
  var click: (patron: AccountReference, thing: ThingReference)? {
    if case .command(.click(let patron, let thing, _)) = work { (patron, thing) } else { nil }
  }
}

extension Submission.Work {
  @inline(never)
  fileprivate var cost: Int {
    switch self {
    case .command(let command): command.cost
    case .part(_, at: let positions, of: _): positions.count
    case .file: 4_096
    case .setClock, .confirmClock: 16
    }
  }

  @inline(never)
  fileprivate var isRead: Bool { if case .command(let command) = self { command.isRead } else { false } }
}
