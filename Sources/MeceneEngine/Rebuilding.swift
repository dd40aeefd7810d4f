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
  /// - Throws: `StoreError`, or a `Finding` when it is not the next, or not what was committed.
  package func follow(_ entry: LogEntry) throws {
    guard !isFinished else { throw StoreError.failed("the books are finished") }
    var next = reached
    try next.chain.check(entry.commit, CommitRows(entry))
    let logged = try LoggedCommit(entry, after: &next.changes, secret: books?.file.identity.secret)
    let (file, writer) = try books ?? open(logged)
    if let planned = logged.planned { next.settlement = try plan(planned, file, writer) }
    try next.settlement?.file(logged, writer)
    let effects = next.settlement?.effects(of: logged) ?? logged.effects
    let followed = try lead(effects, logged, file, writer)
    try writer.begin(logged)
    do {
      try writer.append(effects)
      try writer.append(logged.clicks)
      try writer.write(money: followed.money, fees: followed.fees)
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
    (reached, ledger) = (next, followed)
    if writer.logPages >= Self.checkpointPages { try writer.checkpoint() }
  }

  /// Brings what follows from the journal up to its end, and compares what these books restore with what followed from the commits.
  ///
  /// - Returns: The last commit.
  /// - Throws: `StoreError`, or a `Finding` when they are not the same.
  package func finish() throws -> CommitPoint {
    if let writer = books?.writer {
      while writer.transfersBehind > 0 { try writer.project(accounts: ProjectionPace.accountsAtOnce) }
      try writer.dropLeftoverLogs()
      try writer.checkpoint()
      if let ledger { try writer.load(terms: Terms()).map(ledger.check(against:)) }
    }
    books = nil
    isFinished = true
    directory.release()
    return reached.chain.last
  }

  /// The ledger after the next commit. It is taken out, to be changed in place: when the commit turns out wrong, the next one reads it
  /// from the books.
  private func lead(
    _ effects: [Effect], _ logged: LoggedCommit, _ file: BookFile, _ writer: BookWriter
  ) throws -> Ledger {
    let (clicks, time) = (logged.clicks, logged.commit.time)
    guard var next = try ledger ?? writer.load(terms: Terms()) else {
      return try Ledger(following: effects, clicks, currency: file.identity.currency, at: time)
    }
    ledger = nil
    try next.follow(effects, clicks, at: time)
    return next
  }

  private func open(_ first: LoggedCommit) throws -> (file: BookFile, writer: BookWriter) {
    guard let identity = first.identity else {
      throw Finding(
        table: "commit_log", key: "\(first.commit.sequence)", expected: "the ledger's own row", found: "none")
    }
    let file = try BookFile(path: directory.databasePath, identity: identity)
    let writer = try file.makeWriter()
    _ = try writer.load(terms: Terms())
    books = (file, writer)
    return (file, writer)
  }

  private func plan(
    _ planned: (period: Period, digest: [UInt8]), _ file: BookFile, _ writer: BookWriter
  ) throws -> SettlementUnderWay {
    let plan = try file.plan(planned.period)
    let seal = plan.seal(secrets: try file.accountSecrets())
    guard seal.digest == planned.digest else {
      throw Finding(
        table: "settlement", key: "\(planned.period)", expected: "digest \(planned.digest.hexadecimal)",
        found: "digest \(seal.digest.hexadecimal)")
    }
    try writer.file(plan, .blocks(seal, seal.blocks.indices))
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

  /// Notes whom a commit reached, and files ahead what the commit itself does not.
  mutating func file(_ logged: LoggedCommit, _ writer: BookWriter) throws(StoreError) {
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
