import Testing

@testable import MeceneEngine
@testable import MeceneLedger

@Suite struct DigestTests {
  private let zeroSecret = [UInt8](repeating: 0, count: 32)
  private let period = Period(number: 682)

  private func id(_ n: Int64) -> AccountID { AccountID(n) }

  @Test func `one patron with one click gives the design's digest`() throws {
    let plan = try SettlementPlan(
      period: period, terms: Terms(), pots: [(id(1), Micros(10_000_000))], clicks: [(id(1), ThingID(7))],
      owner: { _ in AccountID(2) })
    #expect(
      plan.digest(secret: zeroSecret).hexadecimal
        == "536c588d8359f9f689aed1fc2b3756628134d5277d6735235616058f5ee2b739")
  }

  @Test func `fees, a pot without clicks and several owners give the design's digest`() throws {
    let owners: [Int64: Int64] = [7: 2, 8: 2, 9: 3]
    let plan = try SettlementPlan(
      period: period, terms: Terms(feeBps: 250),
      pots: [(id(1), Micros(10_000_000)), (id(3), Micros(2_000_001)), (id(4), Micros(5_000_000))],
      clicks: [
        (id(1), ThingID(7)), (id(1), ThingID(8)), (id(1), ThingID(9)), (id(3), ThingID(7)),
        (id(3), ThingID(8)),
      ], owner: { AccountID(owners[$0.rawValue] ?? 0) })
    #expect(plan.shares.map(\.rawValue) == [3_250_000, 3_250_000, 3_250_000, 975_001, 975_000])
    #expect(plan.totals.returnedMicros == Micros(5_000_000))
    #expect(
      plan.digest(secret: zeroSecret).hexadecimal
        == "52c94ead793f644fa04ef38fd3143e4bb6e3ca2332f0235850e4c1fa6b15b584")
  }

  @Test func `another secret gives another digest of the same plan`() throws {
    let plan = try SettlementPlan(
      period: period, terms: Terms(), pots: [(id(1), Micros(2_000_000))], clicks: [],
      owner: { _ in AccountID(1) })
    #expect(plan.digest(secret: zeroSecret) == plan.digest(secret: zeroSecret))
    #expect(plan.digest(secret: zeroSecret) != plan.digest(secret: Array(repeating: 1, count: 32)))
  }

  @Test func `a tree's root follows RFC 6962, whatever its size`() {
    // The definition, recursively, as an independent form of the streaming one.
    func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
      if leaves.isEmpty { return hash([]) }
      if leaves.count == 1 { return hash([0] + leaves[leaves.startIndex]) }
      var k = 1
      while k * 2 < leaves.count { k *= 2 }
      return hash([1] + root(leaves.prefix(k)) + root(leaves.dropFirst(k)))
    }
    func hash(_ bytes: [UInt8]) -> [UInt8] { CommitChain.rowsHash(bytes) }
    for n in 0...40 {
      let leaves = (0..<n).map { [UInt8($0), 3] }
      var tree = MerkleTree()
      for leaf in leaves { tree.append(leaf: leaf) }
      #expect(tree.root == root(leaves[...]))
    }
  }
}
