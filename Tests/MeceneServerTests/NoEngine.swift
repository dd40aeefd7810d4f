import MeceneEngine
import MeceneLedger
import MeceneProof

/// Stands where only the list of routes is looked at.
struct NoEngine: Engine {
  struct None: Error {}

  func submit(_ submissions: [Submission], callerCanWait: Bool) {}
  func withdraw(_ tag: CallTag) -> Bool { false }
  func read<Answer>(_ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void) {}
  func closedClicks(_ patron: AccountReference, _ period: Period, after: ThingID?, limit: Int) async throws
    -> ClickPage
  { throw None() }
  func revenue(_ owner: AccountReference, _ period: Period?, after: ThingID?, limit: Int) async throws
    -> RevenuePage
  { throw None() }
  func receipt(_ account: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree) async throws
    -> (account: AccountID, proof: ReceiptProof)
  { throw None() }
  func preview(_ period: Period?) async throws -> SettlementRecord { throw None() }
  func settle(_ period: Period?, progress: @escaping @Sendable (StageProgress) -> Void) async throws
    -> SettlementRecord
  { throw None() }
  func verify(progress: @escaping @Sendable (StageProgress) -> Void) async throws -> Verdict { throw None() }
  func status(_ reading: any LedgerReading) throws -> LedgerStatus { throw None() }
  var openPeriod: Period { Period(number: 0) }
  var condition: EngineCondition { .serving }
  func shutDown() async {}
}
