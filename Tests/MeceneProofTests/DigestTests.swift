import MeceneConcurrency
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneProof

@Suite struct DigestTests {
  private let period = Period(number: 682)

  private func id(_ n: Int64) -> AccountID { AccountID(n) }

  @Test func `one patron with one click gives the design's digest`() throws {
    let plan = try SettlementPlan(
      period: period, terms: Terms(), pots: [(id(1), Micros(10_000_000))], clicks: [(id(1), ThingID(7))],
      owner: { _ in AccountID(2) })
    #expect(
      plan.seal(secrets: zeroSecrets).digest.hexadecimal
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
      plan.seal(secrets: zeroSecrets).digest.hexadecimal
        == "52c94ead793f644fa04ef38fd3143e4bb6e3ca2332f0235850e4c1fa6b15b584")
  }

  @Test(arguments: [1, 127, 128, 129, 1_000])
  func `a plan has one seal, on however many cores`(patrons: Int) throws {
    let plan = try SettlementPlan(
      period: period, terms: Terms(), pots: (1...patrons).map { (id(Int64($0)), Micros(2_000_000)) },
      clicks: (1...patrons).map { (id(Int64($0)), ThingID(Int64($0) * 2)) },
      owner: { AccountID($0.rawValue + 5_000) })
    let one = plan.seal(secrets: zeroSecrets)
    for count in [2, 3, 64] {
      let cores = Cores(count: count, perform: DispatchRuntime().cores.perform)
      #expect(plan.seal(secrets: zeroSecrets, cores: cores) == one)
    }
  }

  @Test func `another secret gives another digest of the same plan`() throws {
    let plan = try SettlementPlan(
      period: period, terms: Terms(), pots: [(id(1), Micros(2_000_000))], clicks: [],
      owner: { _ in AccountID(1) })
    #expect(plan.seal(secrets: zeroSecrets).digest == plan.seal(secrets: zeroSecrets).digest)
    #expect(
      plan.seal(secrets: zeroSecrets).digest
        != plan.seal(secrets: secrets(Array(repeating: 1, count: 32))).digest)
  }

  @Test func `a tree's root follows RFC 6962, whatever its size, and so do paths and blocks`() throws {
    // The definition, recursively, as an independent form of the streaming one.
    func root(_ leaves: ArraySlice<Hash>) -> [UInt8] {
      if leaves.isEmpty { return CommitChain.rowsHash([]) }
      if leaves.count == 1 { return leaves[leaves.startIndex].bytes }
      var k = 1
      while k * 2 < leaves.count { k *= 2 }
      return CommitChain.rowsHash([1] + root(leaves.prefix(k)) + root(leaves.dropFirst(k)))
    }
    for n in 0...70 {
      let leaves = (0..<n).compactMap { Hash(CommitChain.rowsHash([0, UInt8($0), 3])) }
      let expected = try #require(Hash(root(leaves[...])))
      #expect(MerkleTree(hashes: leaves).root == expected)
      let blocks = stride(from: 0, to: n, by: 8).map { MerkleTree(hashes: leaves[$0..<min($0 + 8, n)]).root }
      #expect(MerkleTree(hashes: blocks).root == expected)
      for index in 0..<n {
        let path = MerkleTree.path(to: index, in: leaves[...])
        let inBlocks =
          MerkleTree.path(to: index % 8, in: leaves[(index / 8 * 8)..<min(index / 8 * 8 + 8, n)])
          + MerkleTree.path(to: index / 8, in: blocks[...])
        #expect(path == inBlocks)
        func led(_ path: [Hash], at position: Int) -> Hash? {
          MerkleTree.root(of: leaves[index], at: UInt64(position), of: UInt64(n), path: path)
        }
        #expect(led(path, at: index) == expected)
        #expect(led(path + [expected], at: index) != expected)
        if !path.isEmpty { #expect(led(path.dropLast(), at: index) != expected) }
        if n > 1 { #expect(led(path, at: (index + 1) % n) != expected) }
      }
    }
  }
}
