internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// Reads that take longer than a glance at the books, in three queues that don't wait for each other: plans of months that are
/// not settled, what is filed of settled ones, and proofs.
///
/// A plan answers a preview, and every owner's revenue and every patron's clicks too, so all who wait for the same month share
/// one.
final class LongReads: Sendable {
  private let planner: Scanner
  private let filer: Scanner
  private let prover: Scanner
  private let plans: Joined<Period, SettlementPlan>
  private let previews: Joined<Period?, SettlementRecord>
  private let proofs: Joined<CommitPoint?, Verdict>

  init(book: BookFile, runtime: any Runtime) {
    planner = Scanner(book: book, runtime: runtime)
    filer = Scanner(book: book, runtime: runtime)
    prover = Scanner(book: book, runtime: runtime)
    plans = Joined(runtime)
    previews = Joined(runtime)
    proofs = Joined(runtime)
  }

  func verify(
    against kept: CommitPoint?, progress: @escaping @Sendable (StageProgress) -> Void
  ) async throws -> Verdict {
    let (prover, proofs) = (prover, proofs)
    return try await proofs.ask(kept, progress: progress) { run in
      try await prover.read { book in
        proofs.begin(kept, run)
        defer { Memory.giveBack() }
        return try book.verify(against: kept) { run.notify($0) }
      }
    }
  }

  func preview(_ asked: Period?) async throws -> SettlementRecord {
    let (planner, previews) = (planner, previews)
    return try await previews.ask(asked) { run in
      try await planner.read { book in
        previews.begin(asked, run)
        defer { Memory.giveBack() }
        do {
          return try book.preview(asked)
        } catch {
          // A settlement that ends meanwhile takes the log away that was read, and leaves a record.
          return try book.preview(asked)
        }
      }
    }
  }

  func receipt(
    _ account: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree
  ) async throws -> (account: AccountID, proof: ReceiptProof) {
    try await filer.read { try $0.receipt(account, period, tree) }
  }

  /// A patron's clicks of a period that is not open.
  func closedClicks(
    _ reference: AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) async throws -> ClickPage {
    let (patron, filed) = try await filer.read { book in
      try book.filedClicks(reference, period, after: after, limit: limit)
    }
    if let filed { return filed }
    let plan = try await plan(period)
    // It may have settled meanwhile.
    guard let plan else { return try await closedClicks(reference, period, after: after, limit: limit) }
    return plan.clicks(of: patron, after: after, limit: limit)
  }

  /// What an owner earned in a period, or would earn now.
  func revenue(
    _ reference: AccountReference, _ asked: Period?, after: ThingID?, limit: Int
  ) async throws -> RevenuePage {
    let (owner, period, filed) = try await filer.read { book in
      try book.filedRevenue(reference, asked, after: after, limit: limit)
    }
    if let filed { return filed }
    let plan = try await plan(period)
    guard let plan else { return try await revenue(reference, period, after: after, limit: limit) }
    return plan.revenue(of: owner, after: after, limit: limit)
  }

  /// The plan of a period; nil when it was settled meanwhile.
  private func plan(_ period: Period) async throws -> SettlementPlan? {
    let (planner, plans) = (planner, plans)
    do {
      return try await plans.ask(period) { run in
        try await planner.read { book in
          plans.begin(period, run)
          defer { Memory.giveBack() }
          return try book.plan(period)
        }
      }
    } catch {
      let isSettled = try await filer.read { book in try book.read { try $0.settlement(period) } }
      guard isSettled?.state == .settled else { throw error }
      return nil
    }
  }
}

extension BookFile {
  /// What a settlement of the period would do now, or did.
  fileprivate func preview(_ asked: Period?) throws -> SettlementRecord {
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
      digest: plan.seal(secrets: try accountSecrets()).digest, settledAt: nil)
  }

  /// A page of a patron's filed clicks; nil while the period is not settled.
  fileprivate func filedClicks(
    _ reference: AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) throws -> (patron: AccountID, page: ClickPage?) {
    try read { snapshot in
      let patron = try snapshot.account(reference, field: "patron").id
      let terms = try snapshot.terms(of: period)
      guard try snapshot.settlement(period)?.state == .settled else { return (patron, nil) }
      let pot = try snapshot.pot(patron, period)
      guard pot >= .zero else {
        throw Finding(table: "pot", key: "\(period) \(patron)", expected: "0 or more", found: "\(pot)")
      }
      let filed = try snapshot.filedClicks(patron, period, after: after, limit: limit)
      let split = Split(pot: pot, feeBps: terms.feeBps, clicks: filed.total, patron: patron, period: period)
      return (
        patron,
        ClickPage(
          period: period, patron: patron, clicks: filed.clicks, hasMore: filed.hasMore, total: filed.total,
          pot: pot, fee: split.fee, settled: true)
      )
    }
  }

  /// A page of an owner's filed revenue; nil while the period is not settled.
  fileprivate func filedRevenue(
    _ reference: AccountReference, _ asked: Period?, after: ThingID?, limit: Int
  ) throws -> (owner: AccountID, period: Period, page: RevenuePage?) {
    try read { snapshot in
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
  }
}
