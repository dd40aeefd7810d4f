import Foundation
import GRDB
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// The chain, computed a second time by a program that knows docs/data-model.md alone.
@Suite struct ChainOracleTests {
  /// A life that leaves a row of every kind, each column with something in it and with nothing.
  private func live(_ engine: EmbeddedEngine) async throws {
    func text(_ text: String) throws -> PlainText { try PlainText(text, field: "", charactersMax: 80) }
    func perform(_ command: Command) async throws { try await engine.perform(command) }
    try await engine.populate(accounts: 4)
    try await perform(.updateAccount(.number(1), displayName: text("Ann\u{e1} \u{1f3a8}")))
    try await perform(.setBudget(.number(1), Micros(12_000_000)))
    try await perform(.deposit(.number(1), Micros(7_000_000), RequestKey("second")))
    try await perform(.withdraw(.account(.number(1)), Micros(1), RequestKey("third")))
    try await perform(
      .updateThing(.number(2), title: text("L'été"), description: text("a song"), hidden: true))
    try await perform(.retireThing(.number(3)))
    try await perform(.reviveThing(.number(3)))
    try await perform(.click(.number(1), .number(2), nil))
    // The pot grows: with the budget, and with what comes in.
    try await perform(.setBudget(.number(1), Micros(14_000_000)))
    try await perform(.setBudget(.number(1), Micros(30_000_000)))
    try await perform(.deposit(.number(1), Micros(2_000_000), RequestKey("fourth")))
    try await perform(.click(.number(1), .number(3), nil))
    try await perform(.undoClick(.number(1), .number(3), nil))
    try await perform(.click(.number(2), .number(1), nil))
    try await perform(.closeAccount(.number(4)))
    _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
    _ = try await engine.settle(nil) { _ in }
    try await perform(.withdraw(.fees, Micros(5), RequestKey("fees")))
    try await perform(.click(.number(3), .number(1), nil))
  }

  private func oracle(_ directory: TemporaryDirectory, _ argument: String...) throws -> Programs.Output {
    try Programs.run(
      path: "/usr/bin/env",
      ["python3", "Tests/Oracle/chain.py", directory.path + "/data/mecene.sqlite"] + argument)
  }

  @Test func `the chain of a whole life is what another program computes, to the bit`() async throws {
    let directory = try TemporaryDirectory()
    try makeBooks(directory, isSimulated: true)
    let last = try await withEngine(directory, terms: Terms(feeBps: 1_000)) { engine in
      try await live(engine)
      return try await engine.read(.status).lastCommit
    }
    let found = try oracle(directory)
    #expect(found.out == "\(last.number) commits: \(last.link.hexadecimal)\n", "\(found.err)")
    // What Tests/Oracle/chain.py found when this was written: a change of the format can't pass as none.
    #expect(
      found.out == "35 commits: acd5a589261682ddea16e658cb5c89018e33b0a4c45ffc4a7f3cce7e1af55a75\n")
  }

  @Test func `texts, salts and secrets can be erased, and every link still holds`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory, terms: Terms(feeBps: 1_000)) { try await live($0) }
    let whole = try oracle(directory)
    let kept = directory.path + "/erased.json"
    try Data(try oracle(directory, "--commitments").out.utf8).write(to: URL(fileURLWithPath: kept))
    // The clicks' rows hold no text, and stay.
    let texts = [
      "account": "name", "account_change": "display_name", "thing": "url", "thing_change": "title",
      "request_key": "key",
    ]
    try await DatabaseQueue(path: directory.path + "/data/mecene.sqlite").write { db in
      for (table, text) in texts {
        try db.execute(sql: "UPDATE \(table) SET \(text) = 'erased', salt = zeroblob(16)")
        #expect(db.changesCount > 1)
      }
      try db.execute(sql: "UPDATE thing_change SET description = NULL, salt = NULL")
      try db.execute(sql: "UPDATE account SET name = NULL, secret = NULL, salt = NULL WHERE id > 1")
    }
    #expect(try oracle(directory).code == 1)
    let erased = try oracle(directory, kept)
    #expect(erased.out == whole.out && erased.code == 0, "\(erased.err)")
  }

  @Test func `salts and secrets are random, each its own, and books that have them verify`() async throws {
    let directory = try TemporaryDirectory()
    var settings = settings(directory)
    settings.simulatedClock = nil
    settings.clock = FixedClock(time: november)
    let engine = try await startEngine(
      settings: settings, logger: quietLogger, sink: { _ in }, fatal: { fatalError($0) })
    try await engine.populate(accounts: 5)
    #expect(try await engine.verify { _ in }.finding == nil)
    await engine.shutDown()
    let whole = try oracle(directory)
    #expect(whole.code == 0, "\(whole.err)")
    let found = try await DatabaseQueue(path: directory.path + "/data/mecene.sqlite").read { db in
      try ["account", "account_change", "thing", "thing_change", "request_key", "ledger"].flatMap {
        try db.all("SELECT salt FROM \($0)") { $0.blob(0) }
      } + db.all("SELECT secret FROM account UNION ALL SELECT secret FROM ledger") { $0.blob(0) }
    }
    #expect(found.count == 5 * 6 + 2 && Set(found).count == found.count)
    #expect(Set(found.map(\.count)) == [16, 32])
  }

  private struct FixedClock: LedgerClock {
    let time: Timestamp
    func now() -> Timestamp { time }
    var reading: ClockGuard.Reading? { nil }
  }

  @Test(arguments: [
    "UPDATE transfer SET amount_micros = amount_micros + 1 WHERE id = 1",
    "UPDATE thing_change SET description = NULL WHERE description = 'a song'",
    "UPDATE click_log_2026_12 SET thing_id = 2",
    "UPDATE commit_log SET time_ms = time_ms + 1 WHERE sequence = 3",
    "UPDATE ledger SET secret = randomblob(32)", "UPDATE settlement SET settled_sequence = NULL",
    "UPDATE request_key SET key = 'another' WHERE key = 'fees'",
  ])
  func `the other program finds what was changed`(change: String) async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory, terms: Terms(feeBps: 1_000)) { try await live($0) }
    #expect(try oracle(directory).code == 0)
    try await DatabaseQueue(path: directory.path + "/data/mecene.sqlite").write {
      try $0.execute(sql: change)
    }
    let found = try oracle(directory)
    #expect(found.code == 1 && found.err.hasPrefix("commit "), "\(found.out)\(found.err)")
  }
}
