import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneStore

@Suite struct JournalTailTests {
  @Test(arguments: [10, 1 << 31])
  func `a tail knows each account's transfers, whatever is added, taken back and dropped`(placesMax: Int) {
    var random = SeededGenerator(seed: UInt64(placesMax))
    var tail = JournalTail(base: TransferID(5), placesMax: placesMax)
    // The naive model: every transfer with its account.
    var model: [(transfer: Int64, account: Int64)] = []
    var (base, last): (Int64, Int64) = (5, 5)
    for _ in 0..<3_000 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0:
        let keep = Int64.random(in: base...last, using: &random)
        tail.removeAll(after: TransferID(keep))
        model.removeAll { $0.transfer > keep }
        last = keep
      case 1:
        let through = Int64.random(in: base...last, using: &random)
        tail.removeAll(through: TransferID(through))
        model.removeAll { $0.transfer <= through }
        base = through
      case 2:
        // Known already, or not the next.
        tail.append(TransferID(last), account: AccountID(3))
        tail.append(TransferID(last + 2), account: AccountID(3))
      default:
        last += 1
        let account = [0, 1, 2, 4_095, 4_096, 70_000, 1 << 40].randomElement(using: &random) ?? 0
        tail.append(TransferID(last), account: account > 0 ? AccountID(Int64(account)) : nil)
        model.append((last, Int64(account)))
      }
      #expect(tail.base == TransferID(base) && tail.last == TransferID(last))
      let (after, through) = (
        Int64.random(in: base...last, using: &random), Int64.random(in: base...last, using: &random)
      )
      let inside = model.filter { $0.account > 0 && $0.transfer > after && $0.transfer <= through }
      let byAccount = Dictionary(grouping: inside, by: \.account).mapValues { $0.map(\.transfer) }
      for account in [1, 2, 3, 4_095, 4_096, 70_000, 1 << 40] as [Int64] {
        #expect(
          tail.transfers(of: AccountID(account), after: TransferID(after), through: TransferID(through))
            .map(\.rawValue) == byAccount[account] ?? [])
      }
      let next = tail.accounts(
        behind: AccountID(1), limit: 3, after: TransferID(after), through: TransferID(through))
      let expected = byAccount.keys.filter { $0 > 1 }.sorted().prefix(3)
      #expect(next.map(\.account.rawValue) == Array(expected))
      #expect(next.map { $0.transfers.map(\.rawValue) } == expected.map { byAccount[$0] ?? [] })
    }
  }
}
