import MeceneEngine
import MeceneLedger
import MeceneProof
import Synchronization

/// Decides every click at once, and keeps no books: what is counted of a call through it is the daemon's own work around them.
final class MemoryEngine: Engine {
  /// A function by itself would be wrapped once more whenever it is looked at.
  private struct Sink {
    let deliver: @Sendable ([Completion]) -> Void
  }

  private let sink = Mutex<Sink?>(nil)

  func start(sink: @escaping @Sendable ([Completion]) -> Void) {
    self.sink.withLock { $0 = Sink(deliver: sink) }
  }

  func submit(_ submissions: [Submission], callerCanWait: Bool) {
    let standing = PatronStanding(
      period: openPeriod, clicks: 10, share: Micros(1_000_000), pot: Micros(10_000_000))
    let sink = sink.withLock { $0 }
    sink?.deliver(
      submissions.compactMap { submission -> Completion? in
        guard case .sink(let ticket) = submission.reply else { return nil }
        return Completion(ticket: ticket, result: .success(.clicked(standing, alreadyClicked: false)))
      })
  }

  let fingerprintKey = FingerprintKey(secret: [UInt8](repeating: 0, count: 32))
  var openPeriod: Period { Period(number: 682) }
  var condition: EngineCondition { .serving }

  func cancel(_ ticket: Ticket) -> Bool { false }
  func read<Answer>(_ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void) {}
  func closedClicks(
    _ patron: AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) throws -> ClickPage { throw Self.noBooks }
  func revenue(
    _ owner: AccountReference, _ period: Period?, after: ThingID?, limit: Int
  ) throws -> RevenuePage { throw Self.noBooks }
  func receipt(
    _ account: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree
  ) throws -> (account: AccountID, proof: ReceiptProof) { throw Self.noBooks }
  func preview(_ period: Period?) throws -> SettlementRecord { throw Self.noBooks }
  func settle(
    _ period: Period?, progress: @escaping @Sendable (StageProgress) -> Void
  ) throws -> SettlementRecord { throw Self.noBooks }
  func verify(
    against kept: CommitPoint?, progress: @escaping @Sendable (StageProgress) -> Void
  ) throws -> Verdict { throw Self.noBooks }
  func shutDown() {}

  private static let noBooks = EngineFailure.fault("there are no books")
}
