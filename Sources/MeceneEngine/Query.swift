package import MeceneConcurrency
package import MeceneLedger

/// A question about the books, with the type of its answer. Questions that are asked together are answered of one commit.
package struct Query<Answer: Sendable>: Sendable {
  package let question: Question
  private let take: @Sendable (Reply) -> Answer?

  fileprivate init(_ question: Question, _ take: @escaping @Sendable (Reply) -> Answer?) {
    self.question = question
    self.take = take
  }

  /// Takes the answer out of what an engine replied.
  ///
  /// - Throws: `EngineFailure.fault` for the reply to another question.
  package func answer(_ reply: Reply) throws(EngineFailure) -> Answer {
    guard let answer = take(reply) else { throw .fault("a reply to another question") }
    return answer
  }
}

/// Everything that can be asked of the books. An engine answers each with the reply of its name, or throws a `Refusal` for what
/// does not exist.
package enum Question: Sendable {
  /// - Parameter field: The request field that names the account.
  case account(AccountReference, field: String)
  /// Accounts after an id, by id.
  case accounts(after: AccountID?, limit: Int)
  case thing(ThingReference)
  /// Things after an id, by id: an owner's, or everybody's that are not hidden. Fewer when their texts have more bytes than
  /// `bytesMax`, but one at least.
  case things(owner: AccountReference?, after: ThingID?, limit: Int, bytesMax: Int)
  /// What things are called, in one look-up: of ids that rise, the first until their texts have more bytes than `bytesMax`.
  case labels(of: [ThingID], bytesMax: Int)
  /// A page of an account's movements, of one period or of all.
  case statement(AccountReference, period: Period?, after: TransferID?, limit: Int)
  /// Movements of everybody, of one period or of all, by number.
  case journal(period: Period?, after: TransferID?, limit: Int)
  case openPeriod
  /// The terms of a period that the ledger has lived through.
  case terms(of: Period)
  /// A settlement that has ended.
  case settlement(Period)
  /// Settlements that have ended, of periods before one, the newest first.
  case settlements(before: Period?, limit: Int)
  /// Counts and sums, with what only the engine knows: sizes, and the open period's clicks.
  case status
}

/// What a question is answered by.
package enum Reply: Sendable {
  case account(AccountRecord)
  case accounts([AccountRecord])
  case thing(ThingRecord)
  case things(ThingPage)
  case labels([ThingLabel])
  case statement(StatementPage)
  case journal([BookedTransfer])
  case openPeriod(Period, Terms)
  case terms(Terms)
  case settlement(SettlementRecord)
  case settlements([SettlementRecord])
  case status(LedgerStatus)
}

/// A page of things.
package struct ThingPage: Sendable, Hashable {
  package let things: [ThingRecord]
  package let hasMore: Bool

  package init(things: [ThingRecord], hasMore: Bool) {
    self.things = things
    self.hasMore = hasMore
  }
}

extension Query where Answer == AccountRecord {
  package static func account(_ reference: AccountReference, field: String = "account") -> Query {
    Query(.account(reference, field: field)) { if case .account(let found) = $0 { found } else { nil } }
  }
}

extension Query where Answer == [AccountRecord] {
  package static func accounts(after: AccountID?, limit: Int) -> Query {
    Query(.accounts(after: after, limit: limit)) { if case .accounts(let found) = $0 { found } else { nil } }
  }
}

extension Query where Answer == ThingRecord {
  package static func thing(_ reference: ThingReference) -> Query {
    Query(.thing(reference)) { if case .thing(let found) = $0 { found } else { nil } }
  }
}

extension Query where Answer == ThingPage {
  package static func things(
    owner: AccountReference?, after: ThingID?, limit: Int, bytesMax: Int
  ) -> Query {
    Query(.things(owner: owner, after: after, limit: limit, bytesMax: bytesMax)) {
      if case .things(let found) = $0 { found } else { nil }
    }
  }
}

extension Query where Answer == [ThingLabel] {
  package static func labels(of things: [ThingID], bytesMax: Int) -> Query {
    Query(.labels(of: things, bytesMax: bytesMax)) { if case .labels(let found) = $0 { found } else { nil } }
  }
}

extension Query where Answer == StatementPage {
  package static func statement(
    _ reference: AccountReference, period: Period?, after: TransferID?, limit: Int
  ) -> Query {
    Query(.statement(reference, period: period, after: after, limit: limit)) {
      if case .statement(let found) = $0 { found } else { nil }
    }
  }
}

extension Query where Answer == [BookedTransfer] {
  package static func journal(period: Period?, after: TransferID?, limit: Int) -> Query {
    Query(.journal(period: period, after: after, limit: limit)) {
      if case .journal(let found) = $0 { found } else { nil }
    }
  }
}

extension Query where Answer == (period: Period, terms: Terms) {
  package static var openPeriod: Query {
    Query(.openPeriod) { if case .openPeriod(let period, let terms) = $0 { (period, terms) } else { nil } }
  }
}

extension Query where Answer == Terms {
  package static func terms(of period: Period) -> Query {
    Query(.terms(of: period)) { if case .terms(let found) = $0 { found } else { nil } }
  }
}

extension Query where Answer == SettlementRecord {
  package static func settlement(_ period: Period) -> Query {
    Query(.settlement(period)) { if case .settlement(let found) = $0 { found } else { nil } }
  }
}

extension Query where Answer == [SettlementRecord] {
  package static func settlements(before: Period?, limit: Int) -> Query {
    Query(.settlements(before: before, limit: limit)) {
      if case .settlements(let found) = $0 { found } else { nil }
    }
  }
}

extension Query where Answer == LedgerStatus {
  package static var status: Query {
    Query(.status) { if case .status(let found) = $0 { found } else { nil } }
  }
}

/// A question on its way, and what its reply becomes.
package struct Read<Answer: Sendable>: Sendable {
  package let question: Question
  /// Not answered after this; nil = no limit.
  package let deadline: Deadline?
  /// Gets the reply, or why there is none.
  package let run: @Sendable (Result<Reply, any Error>) -> Answer

  package init(
    _ question: Question, deadline: Deadline?, run: @escaping @Sendable (Result<Reply, any Error>) -> Answer
  ) {
    self.question = question
    self.deadline = deadline
    self.run = run
  }
}

extension Engine {
  package func read<Answer>(_ query: Query<Answer>) async throws -> Answer {
    try await query.answer(replies(to: [query.question])[0])
  }

  /// Asks two questions of one commit.
  package func read<First, Second>(
    _ first: Query<First>, _ second: Query<Second>
  ) async throws -> (First, Second) {
    let replies = try await replies(to: [first.question, second.question])
    return (try first.answer(replies[0]), try second.answer(replies[1]))
  }

  /// As many replies as questions, of which there is one at least.
  private func replies(to questions: [Question]) async throws -> [Reply] {
    let results = Locked<[Result<Reply, any Error>]>([])
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      read(questions.map { Read($0, deadline: nil) { $0 } }) { (more: [Result<Reply, any Error>]) in
        let isLast = results.withLock { results in
          results += more
          return results.count == questions.count
        }
        if isLast { continuation.resume() }
      }
    }
    return try results.withLock { $0 }.map { try $0.get() }
  }
}
