import Foundation
import GRDB
import Logging
import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger
@testable import MeceneStore

/// The engine on real files.
@Suite struct EngineTests {
  @Test func `one click gives the owner all, ten clicks a tenth each`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      try await engine.populate(accounts: 12)
      try await engine.perform(.click(.number(1), .number(12), nil))
      for n in 2...11 as ClosedRange<Int64> { try await engine.perform(.click(.number(12), .number(n), nil)) }
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      let record = try await engine.settle(Period(number: 682)) { _ in }
      #expect(record.totals.revenueMicros == Micros(20_000_000))
      let accounts = try await engine.read(.accounts(after: nil, limit: 20))
      #expect(accounts[11].money.available == Micros(10_000_000))
      for n in 1...10 { #expect(accounts[n].money.available == Micros(11_000_000)) }
      let verdict = try await engine.verify { _ in }
      #expect(verdict.finding == nil)
      #expect(verdict.clicks == 11 && verdict.settlements == 1)
    }
  }

  @Test func `everything is there after a restart, and the books are the same`() async throws {
    let directory = try TemporaryDirectory()
    var before: [AccountRecord] = []
    var digest: [UInt8] = []
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 6)
      for n in 2...6 as ClosedRange<Int64> { try await engine.perform(.click(.number(1), .number(n), nil)) }
      try await engine.perform(.undoClick(.number(1), .number(3), nil))
      try await engine.perform(.setBudget(.number(2), Micros(3_000_000)))
      try await engine.perform(.retireThing(.number(4)))
      before = try await engine.read(.accounts(after: nil, limit: 20))
      digest = try await engine.preview(nil).digest
    }
    try await withEngine(directory) { engine in
      #expect(try await engine.read(.accounts(after: nil, limit: 20)) == before)
      #expect(try await engine.preview(nil).digest == digest)
      guard
        case .clicks(let page) = try await engine.perform(
          .command(.openClicks(.number(1), nil, after: nil, limit: 10)))
      else { throw Failed() }
      #expect(page.things.map(\.rawValue) == [2, 4, 5, 6])
      guard case .clicked(let standing, true) = try await engine.perform(.click(.number(1), .number(5), nil))
      else {
        throw Failed()
      }
      #expect(standing.clicks == 4)
      // A retired thing is refused before a repeat is seen.
      await #expect(throws: EngineFailure.self) {
        try await engine.perform(.click(.number(1), .number(4), nil))
      }
    }
    try await withEngine(directory) { engine in
      let transfer = try await engine.perform(.deposit(.number(1), Micros(10_000_000), RequestKey("first")))
      guard case .transfer(let first, replayed: true) = transfer else { throw Failed() }
      #expect(first.id == TransferID(1) && first.availableAfter == Micros(10_000_000))
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      #expect(try await engine.settle(nil) { _ in }.digest == digest)
      #expect(try await engine.verify { _ in }.finding == nil)
    }
  }

  private struct Failed: Error {}

  @Test func `a period that ended while the daemon was off settles, and so do empty ones`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
    }
    var later = settings(directory, autoSettle: true)
    later.simulatedClock = Timestamp(milliseconds: januaryMs)
    let engine = try await startEngine(
      settings: later, logger: quietLogger, sink: { _ in }, fatal: { fatalError($0) })
    #expect(try await eventually { try await engine.read(.status).settlements == 2 })
    let records = try await engine.read(.settlements(before: nil, limit: 9))
    #expect(records.map(\.period.description) == ["2026-12", "2026-11"])
    #expect(records[0].totals.pots == 0 && records[1].totals.pots == 1)
    #expect(try await engine.verify { _ in }.finding == nil)
    await engine.shutDown()
  }

  @Test func `a settlement stopped between any two steps ends with the same digest and books`() async throws {
    // Each step alone on a fresh engine: as if the daemon had died after every commit.
    let directory = try TemporaryDirectory()
    var expected: [UInt8] = []
    try await withEngine(directory, terms: Terms(feeBps: 250)) { engine in
      try await engine.populate(accounts: 5)
      for patron in 1...4 as ClosedRange<Int64> {
        for n in 1...5 as ClosedRange<Int64> where n != patron {
          try await engine.perform(.click(.number(patron), .number(n), nil))
        }
      }
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      expected = try await engine.preview(Period(number: 682)).digest
    }
    let steps: [@Sendable (SettlementPlan) -> Command] = [
      { .planSettlement($0, $0.seal(secrets: zeroSecrets)) },
      { .drainPots($0, 0..<2) }, { .drainPots($0, 0..<4) }, { .payOwners($0, 0..<1) },
      { .payOwners($0, 0..<3) },
    ]
    for step in steps {
      try await withEngine(directory, terms: Terms(feeBps: 250)) { engine in
        let plan = try BookFile(
          path: directory.path + "/data/mecene.sqlite",
          identity: .init(currency: "EUR", createdAt: november, isSimulated: true)
        ).plan(Period(number: 682))
        try await engine.perform(step(plan))
      }
    }
    try await withEngine(directory, terms: Terms(feeBps: 250)) { engine in
      let record = try await engine.settle(Period(number: 682)) { _ in }
      #expect(record.digest == expected && record.state == .settled)
      #expect(record.totals.feesMicros == Micros(1_000_000))
      let verdict = try await engine.verify { _ in }
      #expect(verdict.finding == nil)
    }
  }

  @Test func `a full disk refuses writes while reads go on, and writing comes back`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 3)
      try await engine.limit(pages: 40)
      var failure: EngineFailure?
      let long = try PlainText(String(repeating: "x", count: 2_000), field: "d", charactersMax: 2_000)
      for n in 0..<200 where failure == nil {
        let url = try CanonicalURL("https://example.org/full/\(n)")
        do {
          try await engine.perform(
            .addThing(
              NewThing(
                owner: .number(1), url: url, fingerprint: engine.fingerprintKey.fingerprint(of: url.identity),
                title: long,
                description: long,
                hidden: false)))
        } catch let error as EngineFailure { failure = error }
      }
      #expect(failure == .diskFull)
      #expect(
        try await engine.read(.account(.id(AccountID(1)), field: "")).money.available
          == Micros(10_000_000)
      )
      try await engine.limit(pages: 1_000_000)
      #expect(try await eventually { engine.condition == .serving })
      try await engine.perform(.click(.number(1), .number(2), nil))
      #expect(try await engine.verify { _ in }.finding == nil)
    }
  }

  @Test func `a second daemon, another currency, another program and a newer version are refused`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/data/mecene.sqlite"
    try await withEngine(directory) { _ in
      await #expect(throws: StoreError.self) { try await withEngine(directory) { _ in } }
    }
    var other = settings(directory)
    other.currency = "USD"
    await #expect(throws: StoreError.settingChanged(name: "the currency", first: "EUR", now: "USD")) {
      _ = try await startEngine(settings: other, logger: quietLogger, sink: { _ in }, fatal: { _ in })
    }
    try await DatabaseQueue(path: path).write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')")
    }
    await #expect(throws: StoreError.newerVersion(path: path)) { try await withEngine(directory) { _ in } }
    try await DatabaseQueue(path: path).write { db in
      try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '99'; PRAGMA application_id = 1")
    }
    await #expect(throws: StoreError.notALedger(path: path)) { try await withEngine(directory) { _ in } }
  }

  @Test func `the writer's connection makes every commit durable, and its file stays ordinary`() async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/data/mecene.sqlite"
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 2)
      // The commit log's links, recomputed from the rows that an operator can read.
      let links = try DatabaseQueue(path: path).read { db in
        try Row.fetchAll(
          db, sql: "SELECT sequence, time_ms, rows_hash, link FROM commit_log ORDER BY sequence")
      }
      var previous = [UInt8](repeating: 0, count: 32)
      for row in links {
        previous = CommitChain.link(
          previous: previous, sequence: row["sequence"], time: Timestamp(milliseconds: row["time_ms"]),
          rowsHash: Array(row["rows_hash"] as Data))
        #expect(previous == Array(row["link"] as Data))
      }
      #expect(links.count == 7)
    }
    // BookWriter refuses to open otherwise; this is what it reads back.
    _ = try BookWriter(
      DatabaseLocation(path: path),
      identity: .init(currency: "EUR", createdAt: november, isSimulated: true),
      tail: Locked(JournalTail(base: TransferID(0))), runtime: DispatchRuntime())
  }
}

/// Books of a fixed secret and a fixed time, so that every byte of the chain is known beforehand.
func makeBooks(
  _ directory: TemporaryDirectory, isSimulated: Bool, runtime: any Runtime = DispatchRuntime()
) throws {
  try FileManager.default.createDirectory(
    atPath: directory.path + "/data", withIntermediateDirectories: true,
    attributes: [.posixPermissions: 0o700])
  _ = try BookFile(
    path: directory.path + "/data/mecene.sqlite",
    identity: .init(
      currency: "EUR", secret: Array(0..<32), salt: Array(0..<16), createdAt: november,
      isSimulated: isSimulated),
    runtime: runtime)
}
