package import MeceneLedger

/// A question about the books, with the type of its answer. Questions that are asked together are answered of one commit, except
/// for what `status` says of the writer.
package struct Query<Answer: Sendable>: Sendable {
  package let question: Question
  /// Takes the answer out of what an engine replied. Throws `EngineFailure.fault` for the reply to another question.
  package let answer: @Sendable (Reply) throws(EngineFailure) -> Answer

  fileprivate init(_ question: Question, _ take: @escaping @Sendable (Reply) -> Answer?) {
    self.question = question
    answer = { reply throws(EngineFailure) in
      guard let answer = take(reply) else { throw .fault("a reply to another question") }
      return answer
    }
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
  case settlement(SettlementRecord)
  case settlements([SettlementRecord])
  case status(LedgerStatus)
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
