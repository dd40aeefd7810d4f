internal import Foundation
package import MeceneLedger
internal import MeceneProof
package import MeceneStore

/// Makes books anew from the entries of a log, from the first on: the same links, balances and digests. What stands in no entry
/// follows from the books so far: balances of the accounts, and who clicked what in a settled month.
package final class Rebuilding {
  private let directory: DataDirectory
  private var books: (file: BookFile, writer: BookWriter)?
  private var reached = Reached()
  /// What follows from the commits so far; nil before the first, and when it has to be read from the books.
  private var ledger: Ledger?
  private var isFinished = false
  /// Pages in the write-ahead log after which they are moved to the file: 16 MiB.
  private static let checkpointPages = 4_096

  /// What the entries so far came to.
  fileprivate struct Reached {
    var chain = ChainProof()
    var changes = ChangeNumbers()
    var settlement: SettlementUnderWay?
  }

  /// - Parameter dataPath: A directory without books, which is made if need be.
  /// - Throws: `StoreError`.
  package init(dataPath: String) throws {
    directory = try DataDirectory(path: dataPath)
    try directory.checkForRemains()
    guard !FileManager.default.fileExists(atPath: directory.databasePath) else {
      throw StoreError.directory("there are books in \(dataPath) already")
    }
  }

  /// Adds the next commit.
  ///
  /// - Throws: `StoreError`, or a `Finding` when it is not the next, or not what was committed. Then nothing was added, except that a
  ///   directory whose first commit was refused is of no use.
  package func follow(_ entry: LogEntry) throws {
    guard !isFinished else { throw StoreError.failed("the books are finished") }
    do { try add(entry) } catch {
      // It may have taken a part of the commit.
      ledger = nil
      throw error
    }
  }

  private func add(_ entry: LogEntry) throws {
    var next = reached
    try next.chain.check(entry.commit, CommitRows(entry))
    let logged = try LoggedCommit(entry, after: &next.changes, secret: books?.file.identity.secret)
    if ledger == nil { ledger = try books?.writer.load(terms: Terms()) }
    if let planned = logged.planned { next.settlement = try plan(planned) }
    next.settlement?.note(logged)
    let effects = next.settlement?.effects(of: logged) ?? logged.effects
    try lead(effects, logged)
    let (file, writer) = try books ?? open(logged)
    if logged.planned != nil { try next.settlement?.fileBlocks(writer) }
    try next.settlement?.fileAhead(writer)
    try writer.begin(logged)
    do {
      try writer.append(effects)
      try writer.append(logged.clicks)
      try writer.write(money: ledger?.money ?? .zero, fees: ledger?.fees ?? .zero)
      let made = writer.seal(after: reached.chain.last.link)
      guard made == entry else {
        throw Finding(
          table: "commit_log", key: "\(entry.commit.sequence)",
          expected: "link \(entry.commit.link.hexadecimal)", found: "link \(made.commit.link.hexadecimal)")
      }
      try writer.commit(made)
    } catch {
      writer.rollback()
      throw error
    }
    if logged.finished != nil { next.settlement = nil }
    (books, reached) = ((file, writer), next)
    if writer.logPages >= Self.checkpointPages { try writer.checkpoint() }
  }

  /// Brings what follows from the journal up to its end, and compares what these books restore with what followed from the commits,
  /// unless the last one was refused. The books are finished in any case.
  ///
  /// - Returns: The last commit.
  /// - Throws: `StoreError`, or a `Finding` when they are not the same.
  package func finish() throws -> CommitPoint {
    defer {
      (books, ledger, isFinished) = (nil, nil, true)
      directory.release()
    }
    if let writer = books?.writer {
      while writer.transfersBehind > 0 { try writer.project(accounts: ProjectionPace.accountsAtOnce) }
      try writer.dropLeftoverLogs()
      try writer.checkpoint()
      if let restored = try writer.load(terms: Terms()) { try ledger?.check(against: restored) }
    }
    return reached.chain.last
  }

  /// Lets the ledger follow, in place: a copy for each commit would be as large as the books.
  private func lead(_ effects: [Effect], _ logged: LoggedCommit) throws(Finding) {
    let (clicks, time) = (logged.clicks, logged.commit.time)
    if ledger == nil {
      let currency = try identity(of: logged).currency
      ledger = try Ledger(following: effects, clicks, currency: currency, at: time)
    } else {
      try ledger?.follow(effects, clicks, at: time)
    }
  }

  private func identity(of first: LoggedCommit) throws(Finding) -> BookFile.Identity {
    guard let identity = first.identity else {
      throw Finding(
        table: "commit_log", key: "\(first.commit.sequence)", expected: "the ledger's own row", found: "none")
    }
    return identity
  }

  private func open(_ first: LoggedCommit) throws -> (file: BookFile, writer: BookWriter) {
    let file = try BookFile(path: directory.databasePath, identity: try identity(of: first))
    let writer = try file.makeWriter()
    _ = try writer.load(terms: Terms())
    return (file, writer)
  }

  private func plan(_ planned: (period: Period, digest: [UInt8])) throws -> SettlementUnderWay {
    guard let file = books?.file, ledger?.oldestUnsettled == planned.period else {
      throw Finding(
        table: "settlement", key: "\(planned.period)", expected: "the oldest month that is not settled",
        found: "another")
    }
    let plan = try file.plan(planned.period)
    let seal = plan.seal(secrets: try file.accountSecrets())
    guard seal.digest == planned.digest else {
      throw Finding(
        table: "settlement", key: "\(planned.period)", expected: "digest \(planned.digest.hexadecimal)",
        found: "digest \(seal.digest.hexadecimal)")
    }
    return SettlementUnderWay(plan: plan, seal: seal)
  }
}

/// How far a settlement is, as the movements of commits tell.
private struct SettlementUnderWay {
  let plan: SettlementPlan
  let seal: SettlementSeal
  /// The patrons and owners that the commit under way reached.
  private(set) var drained = 0..<0
  private(set) var paid = 0..<0

  init(plan: SettlementPlan, seal: SettlementSeal) {
    self.plan = plan
    self.seal = seal
  }

  /// Notes whom a commit reached.
  mutating func note(_ logged: LoggedCommit) {
    var (patron, owner): (AccountID?, AccountID?)
    for case .transfer(let transfer) in logged.effects where transfer.forPeriod == plan.period {
      if transfer.kind.line.from == .pot { patron = transfer.account }
      if transfer.kind.line.from == .clearing { owner = transfer.account }
    }
    let isLast = logged.finished != nil
    drained = Self.next(
      after: drained, of: plan.patrons.count, isLast: isLast
    ) { position in
      patron.map { plan.patrons[position].id <= $0 } ?? false
    }
    paid = Self.next(after: paid, of: plan.owners.count, isLast: isLast) { position in
      owner.map { plan.owners[position].id <= $0 } ?? false
    }
  }

  func fileBlocks(_ writer: BookWriter) throws(StoreError) {
    try writer.file(plan, .blocks(seal, seal.blocks.indices))
  }

  /// Files what the commit itself does not.
  func fileAhead(_ writer: BookWriter) throws(StoreError) {
    for patron in plan.patrons[drained] where patron.clicks.count > SettlementPlan.rowsAtOnce {
      try writer.file(plan, .clicks(of: patron.id, patron.clicks))
    }
    for owner in plan.owners[paid] where owner.things.count > SettlementPlan.rowsAtOnce {
      try writer.file(plan, .revenue(of: owner.id, owner.things))
    }
  }

  func effects(of logged: LoggedCommit) -> [Effect] {
    var effects = logged.effects
    if logged.planned != nil { effects.append(.settlementPlanned(plan, seal)) }
    effects += [.potsDrained(plan, drained), .ownersPaid(plan, paid)]
    if let finished = logged.finished { effects.append(.settlementFinished(finished)) }
    return effects
  }

  private static func next(
    after range: Range<Int>, of count: Int, isLast: Bool, _ isReached: (Int) -> Bool
  ) -> Range<Int> {
    var end = range.upperBound
    while end < count, isLast || isReached(end) { end += 1 }
    return range.upperBound..<end
  }
}
