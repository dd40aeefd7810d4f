internal import Dispatch
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

extension BookSnapshot: LedgerReading {}

/// Short reads, on a queue of their own: takes all that waits and answers it from one snapshot.
actor Reader {
  /// Answers that go back together: a hop for each cost a tenth of the time of a read.
  private static let answersAtOnce = 128

  private typealias Batch = @Sendable (Result<any LedgerReading, EngineFailure>) -> Void

  nonisolated let executor = QueueExecutor(label: "mecene.reader")
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private nonisolated let mailbox = Mailbox<Batch>()
  private let book: BookReader

  init(book: sending BookReader) { self.book = book }

  nonisolated func submit<Answer>(
    _ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void
  ) {
    let isIdle = mailbox.post { snapshot in
      let now = Deadline.now
      var answers: [Answer] = []
      for read in reads {
        let isLate = read.deadline.map { $0 < now } ?? false
        answers.append(read.run(isLate ? .failure(.expired) : snapshot))
        guard answers.count == Self.answersAtOnce else { continue }
        answered(answers)
        answers.removeAll()
      }
      if !answers.isEmpty { answered(answers) }
    }
    if isIdle { executor.queue.async { self.assumeIsolated { $0.drain() } } }
  }

  private func drain() {
    while let batches = mailbox.take() {
      var answered = 0
      do {
        try book.read { snapshot in
          while answered < batches.count {
            answered += 1
            batches[answered - 1](.success(snapshot))
          }
        }
      } catch {
        for batch in batches[answered...] { batch(.failure(.fault("\(error)"))) }
      }
    }
  }
}

extension [AccountID] {
  /// The owner of a thing, when this is the list of owners by thing.
  func owner(_ thing: ThingID) -> AccountID? {
    thing.rawValue >= 1 && thing.rawValue <= count ? self[Int(thing.rawValue) - 1] : nil
  }
}

/// Long reads that keep nobody waiting but each other: previews, and clicks and revenue of closed periods.
actor Scanner {
  nonisolated let executor = QueueExecutor(label: "mecene.scanner", qos: .utility)
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let book: BookFile

  init(book: BookFile) { self.book = book }

  /// Runs a long read, unless whoever asked for it has gone while it waited.
  func read<T: Sendable>(_ body: @Sendable (BookFile) throws -> T) throws -> T {
    try Task.checkCancellation()
    do {
      return try body(book)
    } catch let finding as Finding {
      throw Refusal.booksInconsistent(finding)
    }
  }
}

extension BookFile {
  /// Looks a second time when a first look failed: a settlement that ends meanwhile drops the log that the first
  /// one read, and leaves filed rows for the second.
  func lookingTwice<T>(_ body: (BookFile) throws -> T) throws -> T {
    do {
      return try body(self)
    } catch is StoreError {
      return try body(self)
    }
  }

  /// Makes the plan of an unsettled period from its rows.
  ///
  /// - Throws: A `Finding` when the rows contradict each other.
  func plan(_ period: Period, progress: (StageProgress) -> Void = { _ in }) throws -> SettlementPlan {
    var owners: [AccountID] = []
    return try plan(period, owners: &owners, progress: progress)
  }

  /// The same, with a list of owners that is kept for the next plan.
  ///
  /// - Parameter proves: Whether the clicks are held against the hashes of their commits.
  func plan(
    _ period: Period, owners: inout [AccountID], proves: Bool = false, progress: (StageProgress) -> Void
  ) throws -> SettlementPlan {
    let hash: (([UInt8]) -> [UInt8])? = proves ? { CommitChain.rowsHash($0) } : nil
    let data = try periodData(period, hash: hash) { done, total in
      progress(StageProgress("reading clicks", done, of: total))
    }
    progress(StageProgress("planning", 0, of: 0))
    // Whatever was clicked then is there now.
    try extend(&owners)
    do throws(Finding) {
      return try SettlementPlan(
        period: period, terms: data.terms, pots: data.pots, clicks: data.clicks, owner: owners.owner)
    } catch {
      // These clicks are not filed yet.
      let table = error.table == "click" ? "click_log" : error.table
      throw Finding(table: table, key: error.key, expected: error.expected, found: error.found)
    }
  }

  /// What a settlement of the period would do now, or did.
  func preview(_ asked: Period?) throws -> SettlementRecord {
    let (period, open, settled) = try read { snapshot in
      let open = try snapshot.openPeriod().period
      let period = asked ?? open
      _ = try snapshot.terms(of: period)
      return (period, open, try snapshot.settlement(period))
    }
    if let settled, settled.state == .settled { return settled }
    let plan = try plan(period)
    let state: PeriodState = period == open ? .open : (settled?.state ?? .closed)
    return SettlementRecord(
      period: period, state: state, feeBps: plan.terms.feeBps, totals: plan.totals,
      digest: plan.seal(secret: identity.secret).digest, settledAt: nil)
  }

  /// A patron's clicks of a period that is not open.
  func closedClicks(
    _ reference: AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) throws -> ClickPage {
    let (patron, terms, pot, isSettled, filed) = try read { snapshot in
      let patron = try snapshot.account(reference, field: "patron").id
      let isSettled = try snapshot.settlement(period)?.state == .settled
      return (
        patron, try snapshot.terms(of: period), try snapshot.pot(patron, period), isSettled,
        isSettled ? try snapshot.filedClicks(patron, period) : []
      )
    }
    let things = isSettled ? filed : try loggedClicks(patron, period)
    guard pot >= .zero else {
      throw Finding(table: "pot", key: "\(period) \(patron)", expected: "0 or more", found: "\(pot)")
    }
    let split = Split(pot: pot, feeBps: terms.feeBps, clicks: things.count, patron: patron, period: period)
    return ClickPage(
      period: period, patron: patron, allThings: things, split: split, pot: pot, after: after, limit: limit,
      settled: isSettled)
  }

  /// What an owner earned in a period, or would earn now.
  func revenue(
    _ reference: AccountReference, _ asked: Period?, after: ThingID?, limit: Int
  ) throws -> RevenuePage {
    let (owner, period, filed) = try read { snapshot in
      let owner = try snapshot.account(reference, field: "owner").id
      let newest = try snapshot.settlements(before: nil, limit: 1).first?.period
      guard let period = asked ?? newest else {
        let open = try snapshot.openPeriod().period
        throw Refusal(
          .settlementNotFound, field: "period", "no month is settled yet; name one, such as the open \(open)",
          ["open_period": "\(open)"])
      }
      _ = try snapshot.terms(of: period)
      let isSettled = try snapshot.settlement(period)?.state == .settled
      return (
        owner, period,
        isSettled ? try snapshot.filedRevenue(owner, period, after: after, limit: limit) : nil
      )
    }
    if let filed { return filed }
    let plan = try plan(period)
    let part = plan.owners.first { $0.id == owner }
    let all = part.map { Array(plan.revenue[$0.things]) } ?? []
    let rest = all.drop { thing in after.map { thing.thing <= $0 } ?? false }
    return RevenuePage(
      period: period, things: Array(rest.prefix(limit)), hasMore: rest.count > limit,
      clicksTotal: part?.clicks ?? 0, microsTotal: part?.micros ?? .zero, settled: false)
  }
}
