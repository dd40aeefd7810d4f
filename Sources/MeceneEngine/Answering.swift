internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneStore

/// Answers questions from a snapshot of the books, and from what only the writer and the file system know.
struct Answering: Sendable {
  let book: BookFile
  let writer: Writer
  /// Terms that the next month opens with.
  let nextTerms: Terms

  func reply(to question: Question, _ snapshot: BookSnapshot) throws -> Reply {
    switch question {
    case .account(let reference, let field): return .account(try snapshot.account(reference, field: field))
    case .accounts(let after, let limit): return .accounts(try snapshot.accounts(after: after, limit: limit))
    case .thing(let reference): return .thing(try snapshot.thing(reference))
    case .things(let owner, let after, let limit, let bytesMax):
      let id = try owner.map { try snapshot.account($0, field: "owner").id }
      return .things(try snapshot.things(owner: id, after: after, limit: limit, bytesMax: bytesMax))
    case .labels(let things, let bytesMax):
      return .labels(try snapshot.labels(of: things, bytesMax: bytesMax))
    case .statement(let reference, let period, let after, let limit):
      if let period { _ = try snapshot.terms(of: period) }
      return .statement(try snapshot.statement(reference, period: period, after: after, limit: limit))
    case .journal(let period, let after, let limit):
      if let period { _ = try snapshot.terms(of: period) }
      return .journal(try snapshot.journal(period: period, after: after, limit: limit))
    case .settlement(let period):
      _ = try snapshot.terms(of: period)
      guard let record = try snapshot.settlement(period), record.state == .settled else {
        throw Refusal.settlementNotFound(period)
      }
      return .settlement(record)
    case .settlements(let before, let limit):
      return .settlements(try snapshot.settlements(before: before, limit: limit))
    case .status: return .status(try status(snapshot))
    }
  }

  private func status(_ snapshot: BookSnapshot) throws -> LedgerStatus {
    let summary = writer.summary.withLock { $0 }
    let sizes = book.sizes()
    var status = try snapshot.status()
    status.databaseBytes = sizes.database
    status.logBytes = sizes.log
    status.freeBytes = sizes.free
    status.openClicks = summary.openClicks
    status.transfersBehind = summary.transfersBehind
    // What a commit of this moment would be stamped with.
    status.now = max(summary.time, summary.now)
    status.clockDoubt = summary.clockDoubt
    status.nextTerms = nextTerms
    status.currency = book.identity.currency
    status.isClockSimulated = book.identity.isSimulated
    return status
  }
}
