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
  @discardableResult
  func withEngine<T>(
    _ directory: TemporaryDirectory, terms: Terms = Terms(), autoSettle: Bool = false,
    _ body: (EmbeddedEngine) async throws -> T
  ) async throws -> T {
    let engine = try await EmbeddedEngine(
      settings: settings(directory, terms: terms, autoSettle: autoSettle), logger: quietLogger,
      sink: { _ in },
      fatal: { fatalError($0) })
    do {
      let result = try await body(engine)
      await engine.shutDown()
      return result
    } catch {
      await engine.shutDown()
      throw error
    }
  }

  func perform(_ engine: EmbeddedEngine, _ work: Submission.Work) async throws -> EngineOutcome {
    let result = await withCheckedContinuation { continuation in
      engine.submit(
        [Submission(work, reply: .closure { continuation.resume(returning: $0) })], callerCanWait: false)
    }
    return try result.get()
  }

  @discardableResult
  func perform(_ engine: EmbeddedEngine, _ command: Command) async throws -> EngineOutcome {
    try await perform(engine, .command(command))
  }

  func id(_ n: Int64) -> MeceneLedger.AccountReference { .id(AccountID(n)) }
  func thing(_ n: Int64) -> MeceneLedger.ThingReference { .id(ThingID(n)) }

  /// Accounts 1…n with 10.00 each and a budget of 10.00, and a thing of each.
  func populate(_ engine: EmbeddedEngine, accounts: Int) async throws {
    let empty = try PlainText("", field: "", charactersMax: 1)
    for n in 1...accounts {
      let name = try AccountName("account\(n)")
      try await perform(
        engine,
        .openAccount(
          name: name, fingerprint: Fingerprint(of: name.text), displayName: empty, budget: Micros(10_000_000))
      )
      try await perform(engine, .deposit(id(Int64(n)), Micros(10_000_000), RequestKey("first")))
      let url = try CanonicalURL("https://example.org/\(n)")
      try await perform(
        engine,
        .addThing(
          NewThing(
            owner: id(Int64(n)), url: url, fingerprint: Fingerprint(of: url.identity), title: empty,
            description: empty, hidden: false)))
    }
  }

  @Test func `one click gives the owner all, ten clicks a tenth each`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      try await populate(engine, accounts: 12)
      try await perform(engine, .click(id(1), thing(12), nil))
      for n in 2...11 as ClosedRange<Int64> { try await perform(engine, .click(id(12), thing(n), nil)) }
      _ = try await perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
      let record = try await engine.settle(Period(number: 682)) { _ in }
      #expect(record.totals.revenueMicros == Micros(20_000_000))
      let accounts = try await engine.read { try $0.accounts(after: nil, limit: 20) }
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
      try await populate(engine, accounts: 6)
      for n in 2...6 as ClosedRange<Int64> { try await perform(engine, .click(id(1), thing(n), nil)) }
      try await perform(engine, .undoClick(id(1), thing(3), nil))
      try await perform(engine, .setBudget(id(2), Micros(3_000_000)))
      try await perform(engine, .retireThing(thing(4)))
      before = try await engine.read { try $0.accounts(after: nil, limit: 20) }
      digest = try await engine.preview(nil).digest
    }
    try await withEngine(directory) { engine in
      #expect(try await engine.read { try $0.accounts(after: nil, limit: 20) } == before)
      #expect(try await engine.preview(nil).digest == digest)
      guard case .clicks(let page) = try await perform(engine, .listClicks(id(1), nil, after: nil, limit: 10))
      else { throw Failed() }
      #expect(page.things.map(\.rawValue) == [2, 4, 5, 6])
      guard case .clicked(let standing, true) = try await perform(engine, .click(id(1), thing(5), nil)) else {
        throw Failed()
      }
      #expect(standing.clicks == 4)
      // A retired thing is refused before a repeat is seen.
      await #expect(throws: EngineFailure.self) { try await perform(engine, .click(id(1), thing(4), nil)) }
    }
    try await withEngine(directory) { engine in
      let transfer = try await perform(engine, .deposit(id(1), Micros(10_000_000), RequestKey("first")))
      guard case .transfer(let first, replayed: true) = transfer else { throw Failed() }
      #expect(first.id == 1 && first.availableAfter == Micros(10_000_000))
      _ = try await perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
      #expect(try await engine.settle(nil) { _ in }.digest == digest)
      #expect(try await engine.verify { _ in }.finding == nil)
    }
  }

  private struct Failed: Error {}

  @Test func `a period that ended while the daemon was off settles, and so do empty ones`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await populate(engine, accounts: 3)
      try await perform(engine, .click(id(1), thing(2), nil))
    }
    var later = settings(directory, autoSettle: true)
    later.simulatedClock = Timestamp(milliseconds: januaryMs)
    let engine = try await EmbeddedEngine(
      settings: later, logger: quietLogger, sink: { _ in }, fatal: { fatalError($0) })
    #expect(try await eventually { try await engine.read { try $0.status() }.settlements == 2 })
    let records = try await engine.read { try $0.settlements(before: nil, limit: 9) }
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
      try await populate(engine, accounts: 5)
      for patron in 1...4 as ClosedRange<Int64> {
        for n in 1...5 as ClosedRange<Int64> where n != patron {
          try await perform(engine, .click(id(patron), thing(n), nil))
        }
      }
      _ = try await perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
      expected = try await engine.preview(Period(number: 682)).digest
    }
    let steps: [@Sendable (SettlementPlan) -> Command] = [
      { .planSettlement($0, $0.seal(secret: Array(repeating: 0, count: 32))) },
      { .drainPots($0, 0..<2) }, { .drainPots($0, 0..<4) }, { .payOwners($0, 0..<1) },
      { .payOwners($0, 0..<3) },
    ]
    for step in steps {
      try await withEngine(directory, terms: Terms(feeBps: 250)) { engine in
        let plan = try BookFile(
          path: directory.path + "/data/mecene.sqlite",
          identity: .init(currency: "EUR", secret: [], createdAt: november, isSimulated: true)
        ).plan(Period(number: 682))
        try await perform(engine, step(plan))
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
      try await populate(engine, accounts: 3)
      try await engine.limit(pages: 40)
      var failure: EngineFailure?
      let long = try PlainText(String(repeating: "x", count: 2_000), field: "d", charactersMax: 2_000)
      for n in 0..<200 where failure == nil {
        let url = try CanonicalURL("https://example.org/full/\(n)")
        do {
          try await perform(
            engine,
            .addThing(
              NewThing(
                owner: id(1), url: url, fingerprint: Fingerprint(of: url.identity), title: long,
                description: long,
                hidden: false)))
        } catch let error as EngineFailure { failure = error }
      }
      #expect(failure == .diskFull)
      #expect(
        try await engine.read { try $0.account(.id(AccountID(1)), field: "") }.money.available
          == Micros(10_000_000)
      )
      try await engine.limit(pages: 1_000_000)
      #expect(try await eventually { engine.condition == .serving })
      try await perform(engine, .click(id(1), thing(2), nil))
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
      _ = try await EmbeddedEngine(settings: other, logger: quietLogger, sink: { _ in }, fatal: { _ in })
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
      try await populate(engine, accounts: 2)
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
    _ = try BookWriter(DatabaseLocation(path: path), tail: Locked(JournalTail(base: 0)))
  }

}

/// Books that somebody else has written to.
@Suite struct TamperingTests {
  private let books = EngineTests()

  private func tamper(_ directory: TemporaryDirectory, _ sql: String) async throws {
    try await DatabaseQueue(path: directory.path + "/data/mecene.sqlite").write { try $0.execute(sql: sql) }
  }

  /// Three accounts, two clicks in 2026-11, settled; one click in 2026-12.
  private func fill(_ engine: EmbeddedEngine) async throws {
    try await books.populate(engine, accounts: 3)
    try await books.perform(engine, .click(books.id(1), books.thing(2), nil))
    try await books.perform(engine, .click(books.id(1), books.thing(3), nil))
    _ = try await books.perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
    _ = try await engine.settle(nil) { _ in }
    try await books.perform(engine, .click(books.id(2), books.thing(3), nil))
  }

  @Test(arguments: [
    ("UPDATE transfer SET amount_micros = amount_micros + 1 WHERE id = 1", "transfer"),
    ("UPDATE account SET available_micros = available_micros + 1 WHERE id = 3", "account"),
    ("UPDATE account SET budget_micros = 5000000 WHERE id = 3", "account"),
    ("DELETE FROM transfer WHERE id = 2", "transfer"),
    ("UPDATE settlement SET digest = zeroblob(32)", "settlement"),
    ("INSERT INTO click VALUES (682, 1, 1, 0)", "click"),
    // A swapped pair of clicks, a click moved to another month, a share twice, a swapped pair of transfers.
    ("UPDATE click_log_2026_12 SET patron_id = 3, thing_id = 2", "click_log"),
    ("UPDATE click SET period = 683 WHERE thing_id = 3", "click"),
    ("INSERT INTO click VALUES (683, 1, 2, 5)", "click"),
    ("INSERT INTO revenue VALUES (9, 2, 2, 1, 5)", "revenue"),
    (
      "INSERT INTO revenue SELECT 682, 1, thing_id, clicks, micros FROM revenue WHERE owner_id = 2", "revenue"
    ),
    (
      "UPDATE transfer SET account_id = CASE id WHEN 1 THEN 2 ELSE 1 END WHERE id IN (1, 2)", "request_key"
    ),
    ("INSERT INTO click VALUES (682, 1, 99, 0)", "click"),
    ("INSERT INTO click VALUES (682, -1, 2, 0)", "click"),
    ("UPDATE click SET share_micros = share_micros + 1 WHERE thing_id = 2", "click"),
    ("UPDATE revenue SET micros = micros + 1 WHERE owner_id = 2", "revenue"),
    ("UPDATE pot SET held_micros = 1", "pot"),
    ("UPDATE pot SET set_aside_micros = 9223372036854775807 WHERE period = 682", "click"),
    ("INSERT INTO pot VALUES (682, -5, 1, 0)", "pot"),
    ("UPDATE thing SET owner_id = 1 WHERE id = 2", "thing"),
    (
      "UPDATE thing SET owner_id = 1, owner_name = (SELECT name FROM account WHERE id = 1) WHERE id = 2",
      "click"
    ),
    (
      "UPDATE thing SET owner_id = 2, owner_name = (SELECT name FROM account WHERE id = 2) WHERE id = 1",
      "commit_log"
    ),
    ("UPDATE thing SET owner_id = 0 WHERE id = 2", "thing"),
    (
      "UPDATE account_change SET display_name = 'x' WHERE id = 1; UPDATE account SET display_name = 'x' WHERE id = 1",
      "commit_log"
    ),
    ("UPDATE request_key SET key = 'other' WHERE transfer_id = 1", "key_transfer"),
    (
      "UPDATE request_key SET key = 'other' WHERE transfer_id = 1; UPDATE key_transfer SET key = 'other' WHERE transfer_id = 1",
      "commit_log"
    ),
    ("DELETE FROM key_transfer WHERE transfer_id = 1", "key_transfer"),
    ("DELETE FROM commit_log WHERE sequence = 3", "transfer"),
    ("DELETE FROM commit_log WHERE sequence = 1", "commit_log"),
    ("UPDATE commit_log SET time_ms = time_ms + 1 WHERE sequence = 4", "commit_log"),
    ("UPDATE commit_log SET link = zeroblob(32) WHERE sequence = 5", "commit_log"),
    ("UPDATE click_log_2026_12 SET patron_id = 1", "click_log"),
    ("UPDATE transfer SET for_period = 683 WHERE kind = 3 AND for_period = 682", "transfer"),
    ("UPDATE thing SET id = 77 WHERE id = 3", "thing"),
    ("UPDATE thing SET owner_name = 'other' WHERE id = 3", "thing"),
    ("UPDATE period SET fee_bps = -1", "period"),
    ("INSERT INTO click_log_2026_12 VALUES (2, -1, 2, 0)", "click_log_2026_12"),
    ("INSERT INTO click_log_2026_12 VALUES (2, 1, 99, 0)", "click_log"),
    ("INSERT INTO click_log_2026_12 VALUES (2, 3, 1, 0)", "click_log"),
    ("INSERT INTO click_log_2026_12 VALUES (2, 2, 1, 0)", "click_log_2026_12"),
    ("UPDATE click_log_2026_12 SET thing_id = 1", "commit_log"),
    ("INSERT INTO click_log_2026_12 VALUES (4611686018427387904, 2, 1, 0)", "click_log_2026_12"),
    ("INSERT INTO click_log_2026_12 VALUES (-1, 2, 1, 0)", "click_log_2026_12"),
    (
      "INSERT INTO account_change VALUES (-1, 1, 2, NULL, NULL, 1); UPDATE account SET closed = 1 WHERE id = 2",
      "account_change"
    ),
    (
      "INSERT INTO thing_change VALUES (-1, 1, 1, NULL, NULL, NULL, 1); UPDATE thing SET retired = 1 WHERE id = 1",
      "thing_change"
    ),
    (
      "INSERT INTO transfer VALUES (0, 1, 1, 1, 5, 682, NULL, NULL, NULL, 5, 0); INSERT INTO request_key VALUES (0, 1, 'later')",
      "transfer"
    ),
    ("UPDATE thing SET fingerprint = randomblob(16) WHERE id = 2", "thing"),
    ("UPDATE commit_log SET click_rows = 1 WHERE sequence = 2", "commit_log"),
    ("UPDATE commit_log SET click_rows = 1, clicks_hash = zeroblob(32) WHERE sequence = 2", "commit_log"),
    ("UPDATE commit_log SET clicks_hash = NULL WHERE click_rows > 0", "commit_log"),
    ("UPDATE settlement SET commit_sequence = 9999", "commit_log"),
    ("DELETE FROM request_key WHERE transfer_id = 1", "request_key"),
    ("UPDATE ledger SET fees_micros = 1", "ledger"),
    ("INSERT INTO account_transfer VALUES (1, 999)", "account_transfer"),
    ("DELETE FROM account_transfer WHERE transfer_id = 2", "account_transfer"),
    ("UPDATE projection SET through_transfer = through_transfer - 1", "account"),
  ])
  func `verify names the table of a row that was tampered with`(sql: String, table: String) async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory) { engine in
      try await fill(engine)
      #expect(try await engine.verify { _ in }.finding == nil)
      await engine.followJournal()
      #expect(try await engine.verify { _ in }.finding == nil)
      try await tamper(directory, sql)
      #expect(try await engine.verify { _ in }.finding?.table == table)
      // The same from the files alone, beside the daemon.
      let offline = try OfflineBooks.verify(dataPath: directory.path + "/data", progress: { _ in })
      #expect(offline.finding?.table == table)
      // Whatever the rows hold, reading them never ends the process.
      _ = try? await engine.preview(nil)
      _ = try? await engine.preview(Period(number: 682))
      _ = try? await engine.revenue(books.id(2), Period(number: 683), after: nil, limit: 9)
    }
  }

  @Test func `the status tells how many transfers are not followed yet`() async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory) { engine in
      func behind() async throws -> Int { try await engine.read { try engine.status($0) }.transfersBehind }
      try await fill(engine)
      #expect(try await behind() > 0)
      await engine.followJournal()
      #expect(try await behind() == 0)
    }
  }

  @Test(arguments: [
    ("UPDATE account SET available_micros = available_micros + 1 WHERE id = 3", "ledger money_micros"),
    ("UPDATE account SET available_micros = -1 WHERE id = 3", "account 3"),
    ("UPDATE account SET id = 9 WHERE id = 3", "account 9"),
    (
      "UPDATE account SET pots_micros = pots_micros + 1, available_micros = available_micros - 1 WHERE id = 3",
      "account 3 pots_micros"
    ),
    ("UPDATE thing SET owner_id = 0 WHERE id = 2", "thing 2"),
    ("UPDATE thing SET fingerprint = x'00' WHERE id = 2", "thing 2 fingerprint"),
    ("UPDATE period SET fee_bps = 10001", "period 2026-11"),
    ("UPDATE pot SET held_micros = 1 WHERE period = 682", "pot 2026-11"),
    ("UPDATE pot SET account_id = 99 WHERE period = 683", "pot 2026-12 99"),
    ("INSERT INTO click_log_2026_12 VALUES (2, 0, 2, 0)", "click_log 2026-12 0 2"),
    ("INSERT INTO click_log_2026_12 VALUES (2, 2, 3, 0)", "a second click"),
    ("INSERT INTO click_log_2026_12 VALUES (2, 1, 3, 1)", "an undone click without its click"),
    ("UPDATE ledger SET fees_micros = 1", "ledger money_micros"),
  ])
  func `a daemon does not start on books that contradict themselves, and names the row`(
    sql: String, row: String
  ) async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory) { try await fill($0) }
    try await tamper(directory, sql)
    let error = await #expect(throws: StoreError.self) { try await books.withEngine(directory) { _ in } }
    guard case .damaged(let sentence)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(sentence.contains(row))
  }

  @Test func `a settlement whose rows differ from what memory holds pays nothing`() async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory) { engine in
      try await books.populate(engine, accounts: 3)
      try await books.perform(engine, .click(books.id(1), books.thing(2), nil))
      _ = try await books.perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
      await engine.followJournal()
      for sql in [
        "UPDATE pot SET set_aside_micros = set_aside_micros + 1", "UPDATE pot SET set_aside_micros = 0",
        "UPDATE thing SET owner_id = 1",
      ] {
        try await tamper(directory, sql)
        let error = await #expect(throws: (any Error).self) { try await engine.settle(nil) { _ in } }
        let refusal: Refusal? =
          if case .refused(let refusal)? = error as? EngineFailure { refusal } else { error as? Refusal }
        #expect(refusal?.reason == .booksInconsistent)
      }
      try await tamper(
        directory, "UPDATE pot SET set_aside_micros = 10000000; UPDATE thing SET owner_id = id")
      #expect(try await engine.settle(nil) { _ in }.totals.revenueMicros == Micros(10_000_000))
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a daemon whose derived rows can't follow goes on, and ends when it is told to`() async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory) { engine in
      try await books.populate(engine, accounts: 3)
      try await books.perform(engine, .click(books.id(1), books.thing(2), nil))
      try await tamper(directory, "INSERT OR REPLACE INTO pot VALUES (682, 1, \(Int64.max), 10000000)")
      try await tamper(
        directory, "UPDATE projection SET through_transfer = 0, next_transfer = 0, through_account = 0")
      await engine.followJournal()
      #expect(engine.condition == .serving)
      try await books.perform(engine, .click(books.id(2), books.thing(3), nil))
    }
  }

  @Test func `a settlement by itself that failed is tried again`() async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory, autoSettle: true) { engine in
      try await books.populate(engine, accounts: 3)
      try await books.perform(engine, .click(books.id(1), books.thing(2), nil))
      try await tamper(directory, "ALTER TABLE click_log_2026_11 RENAME TO elsewhere")
      _ = try await books.perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
      try await Task.sleep(for: .milliseconds(1_200))
      #expect(try await engine.read { try $0.status() }.settlements == 0)
      try await tamper(directory, "ALTER TABLE elsewhere RENAME TO click_log_2026_11")
      #expect(try await eventually { try await engine.read { try $0.status() }.settlements == 1 })
    }
  }

  @Test func `verify is clean at every moment of a settlement`() async throws {
    try await books.withEngine(TemporaryDirectory()) { engine in
      try await books.populate(engine, accounts: 300)
      let patrons = (1...300 as ClosedRange<UInt64>).flatMap { [$0, $0, $0] }
      let things = (1...300 as ClosedRange<UInt64>).flatMap { n in (1...3).map { (n + $0) % 300 + 1 } }
      try await books.perform(engine, .clickMany(patrons: patrons, things: things, nil))
      _ = try await books.perform(engine, .setClock(Timestamp(milliseconds: decemberMs)))
      let settling = Task { try await engine.settle(nil) { _ in } }
      var verdicts = 0
      repeat {
        #expect(try await engine.verify { _ in }.finding == nil)
        verdicts += 1
      } while try await engine.read { try $0.status() }.settlements == 0
      _ = try await settling.value
      #expect(try await engine.verify { _ in }.settlements == 1)
    }
  }

  @Test(arguments: [
    "ALTER TABLE transfer RENAME COLUMN amount_micros TO x", "DROP INDEX thing_by_owner",
    "ALTER TABLE period DROP COLUMN fee_bps", "DROP TABLE revenue",
  ])
  func `books with other tables than this version's are refused`(sql: String) async throws {
    let directory = try TemporaryDirectory()
    try await books.withEngine(directory) { try await fill($0) }
    try await tamper(directory, sql)
    #expect(throws: StoreError.self) {
      try OfflineBooks.verify(dataPath: directory.path + "/data", progress: { _ in })
    }
    await #expect(throws: StoreError.self) { try await books.withEngine(directory) { _ in } }
  }

  @Test func `whoever asks for a later month waits for the earlier ones, and keeps nobody from settling`()
    async throws
  {
    try await books.withEngine(TemporaryDirectory(), autoSettle: true) { engine in
      try await books.populate(engine, accounts: 3)
      try await books.perform(engine, .click(books.id(1), books.thing(2), nil))
      let later = Timestamp(milliseconds: Period(number: 694).start.milliseconds)
      _ = try await books.perform(engine, .setClock(later))
      async let eleventh = engine.settle(Period(number: 692)) { _ in }
      async let last = engine.settle(Period(number: 693)) { _ in }
      async let first = engine.settle(Period(number: 682)) { _ in }
      let periods = try await [eleventh, last, first].map(\.period.number)
      #expect(periods == [692, 693, 682])
    }
  }

  @Test func `damage that a read meets ends the daemon with a reason`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/data/mecene.sqlite"
    try await books.withEngine(directory) { try await fill($0) }
    let page = try await DatabaseQueue(path: path).read { db in
      try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'account_transfer'")
    }
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: UInt64((try #require(page) - 1) * 4_096))
    try file.write(contentsOf: Data(repeating: 0xa5, count: 4_096))
    try file.close()
    let reason = Locked<String?>(nil)
    let engine = try await EmbeddedEngine(
      settings: settings(directory, autoSettle: false), logger: quietLogger, sink: { _ in },
      fatal: { sentence in reason.withLock { $0 = sentence } })
    await #expect(throws: StoreError.self) {
      try await engine.read { try $0.statement(.id(AccountID(1)), period: nil, after: nil, limit: 9) }
    }
    #expect(reason.withLock { $0 }?.contains("damaged") == true)
    await engine.shutDown()
  }

  @Test func `a long read whose caller has gone is not begun`() async throws {
    try await books.withEngine(TemporaryDirectory()) { engine in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await engine.preview(nil)
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }
}
