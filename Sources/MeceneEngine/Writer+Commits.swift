internal import Logging
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

// One commit: what is decided, the rows that it leaves, and what goes back once they are durable.
extension Writer {
  func process(_ submissions: ArraySlice<Submission>) {
    if submissions.isEmpty { return }
    let began = runtime.now
    var answers = Answers(room: submissions.count)
    var parts: [DividedClicks] = []
    let periodBefore = ledger.openPeriod
    do {
      var commit = Commit()
      if state == .serving {
        if let time = readClock() {
          ledger.advance(to: time)
          try append(&commit)
        }
      }
      for position in submissions.indices {
        if (position - submissions.startIndex) % Ledger.prefetchMax == 0 {
          ledger.prefetch(position..<min(position + Ledger.prefetchMax, submissions.endIndex)) {
            submissions[$0].click
          }
        }
        let submission = submissions[position]
        let isLate = submission.deadline.map { $0 < began } ?? false
        if case .part(let command, at: let positions, of: let whole) = submission.work {
          let result = try decide(command, at: positions, of: whole, isLate: isLate, &commit)
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
        guard case .part(_, at: let positions, of: let whole) = submission.work else {
          answers.add(.failure(failure), to: submission.reply)
          continue
        }
        if let result = whole.add(.failure(failure), at: positions) {
          answers.add(result, to: submission.reply)
        }
      }
    }
    pace.note(runtime.now.since(began))
    callsSoFar += Int64(answers.calls)
    publish()
    answers.deliver(sink)
    if ledger.openPeriod != periodBefore { noteClosedPeriod() }
  }

  private func noteClosedPeriod() {
    executor.async { self.assumeIsolated { $0.turnNext() } }
    if let clicks = ledger.takeClosedClicks() {
      runtime.inBackground("mecene.memory") { withExtendedLifetime(clicks) {} }
    }
    configuration.periodClosed()
  }

  /// What goes back once the commit is durable.
  struct Answers {
    private var completions: [Completion] = []
    private var replies: [() -> Void] = []

    /// How many calls of clients they are of.
    var calls: Int { completions.count }

    init(room: Int) { completions.reserveCapacity(room) }

    mutating func add(_ result: Result<Outcome, EngineFailure>, to reply: Submission.Reply) {
      switch reply {
      case .sink(let ticket): completions.append(Completion(ticket: ticket, result: result))
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
    _ command: Command, at positions: Range<Int>, of whole: DividedClicks, isLate: Bool,
    _ commit: inout Commit
  ) throws(StoreError) -> Result<Outcome, EngineFailure>? {
    let result: Result<Outcome, EngineFailure> =
      if whole.hasFailed || isLate && !whole.hasBegun { .failure(.expired) } else {
        try decide(.command(command.part(positions, in: whole.period)), &commit)
      }
    return whole.add(result, at: positions)
  }

  private func decide(
    _ work: Submission.Work, _ commit: inout Commit
  ) throws(StoreError) -> Result<Outcome, EngineFailure> {
    if let failure = state.failure { return .failure(failure) }
    if let doubt = clock.doubt, work.needsTime { return .failure(.clockUnconfirmed(doubt)) }
    switch work {
    case .file, .part: return .failure(.fault("what is no part of a commit"))
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
  func file(_ plan: SettlementPlan, _ piece: SettlementPlan.Piece, _ reply: Submission.Reply) {
    var answers = Answers(room: 0)
    let began = runtime.now
    do {
      if state == .serving { try book.file(plan, piece) }
      answers.add(state == .serving ? .success(.done) : .failure(.diskFull), to: reply)
    } catch {
      answers.add(.failure(error == .diskFull ? .diskFull : .commitFailed), to: reply)
    }
    pace.note(runtime.now.since(began))
    answers.deliver(sink)
  }

  private func lookUpKey(_ command: Command) throws(StoreError) -> Transfer? {
    guard let (source, key) = command.key else { return nil }
    guard case .account(let reference) = source else { return try book.keyedTransfer(nil, key) }
    return try ledger.account(reference).flatMap { id throws(StoreError) in try book.keyedTransfer(id, key) }
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
    guard commit.time != nil else { return }
    try book.write(money: ledger.money, fees: ledger.fees)
    let entry = book.seal(after: link)
    #if DEBUG
      Faults.beforeCommit(sequence + 1)
    #endif
    switch log.append(entry) {
    case .durable: break
    case .failed(let error): throw error
    // Nobody is told that it was not executed.
    case .unknown(let error): throw error == .diskFull ? .diskFullWhenSynced : error
    case .fenced(let by): throw .fenced(by)
    }
    sequence = entry.commit.sequence
    link = entry.commit.link
    if failures.count > 0 {
      if failures.count >= Self.failuresMax { configuration.logger.notice("the disk takes writes again") }
      failures = (0, "")
    }
    #if DEBUG
      Faults.afterCommit(sequence)
    #endif
  }

  /// Adds the texts that only the books know, as they are at this point of the commit.
  private func complete(_ outcome: consuming Outcome) throws(StoreError) -> Outcome {
    switch outcome {
    case .account(let id, _):
      guard let money = ledger.money(of: id),
        let record = try book.account(id, money: money, terms: ledger.openTerms)
      else {
        throw .damaged("account \(id) has no row")
      }
      return .account(id, record)
    case .thing(let id, _, let alreadyAdded):
      guard let record = try book.thing(id) else { throw .damaged("thing \(id) has no row") }
      return .thing(id, record, alreadyAdded: alreadyAdded)
    case .transfer, .clicked, .undone, .clickedMany, .clicks, .clock, .done: return outcome
    }
  }
}

extension Submission.Work {
  /// Whether it can't be done at a time that is not known.
  fileprivate var needsTime: Bool { if case .confirmClock = self { false } else { true } }
}
