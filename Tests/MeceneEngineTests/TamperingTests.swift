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

/// Books that somebody else has written to.
@Suite struct TamperingTests {
  private func tamper(_ directory: TemporaryDirectory, _ sql: String) async throws {
    try await DatabaseQueue(path: directory.path + "/data/mecene.sqlite").write { try $0.execute(sql: sql) }
  }

  /// Three accounts, two clicks in 2026-11, settled; one click in 2026-12, and changes of a thing that are no texts.
  private func fill(_ engine: EmbeddedEngine) async throws {
    try await engine.populate(accounts: 3)
    try await engine.perform(.click(.number(1), .number(2), nil))
    try await engine.perform(.click(.number(1), .number(3), nil))
    _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
    _ = try await engine.settle(nil) { _ in }
    try await engine.perform(.retireThing(.number(2)))
    try await engine.perform(.reviveThing(.number(2)))
    try await engine.perform(.click(.number(2), .number(3), nil))
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
    ("UPDATE request_key SET salt = NULL WHERE transfer_id = 1", "request_key"),
    (
      """
      UPDATE request_key SET salt = CAST(salt || substr(key, 1, 1) AS BLOB), key = substr(key, 2) WHERE transfer_id = 1;
      UPDATE key_transfer SET key = substr(key, 2) WHERE transfer_id = 1
      """, "request_key"
    ),
    (
      "UPDATE account_change SET salt = substr(salt, 1, 15), display_name = char(0) || display_name WHERE id = 1; UPDATE account SET display_name = char(0) || display_name WHERE id = 1",
      "account_change"
    ),
    (
      "UPDATE thing_change SET salt = randomblob(16) WHERE title IS NULL AND description IS NULL",
      "thing_change"
    ),
    ("UPDATE account SET salt = randomblob(16) WHERE id = 1", "commit_log"),
    ("UPDATE account SET secret = randomblob(32) WHERE id = 1", "settlement"),
    ("UPDATE account SET secret = zeroblob(31) WHERE id = 1", "account"),
    ("UPDATE account SET fingerprint = randomblob(16) WHERE id = 1", "account"),
    (
      "UPDATE account SET name = 'other' WHERE id = 1; UPDATE thing SET owner_name = 'other' WHERE owner_id = 1",
      "account"
    ),
    ("UPDATE thing SET fingerprint = NULL WHERE id = 1", "thing"),
    ("UPDATE ledger SET salt = randomblob(16)", "commit_log"),
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
      "INSERT INTO account_change VALUES (-1, 1, NULL, 2, NULL, NULL, 1); UPDATE account SET closed = 1 WHERE id = 2",
      "account_change"
    ),
    (
      "INSERT INTO thing_change VALUES (-1, 1, NULL, 1, NULL, NULL, NULL, 1); UPDATE thing SET retired = 1 WHERE id = 1",
      "thing_change"
    ),
    (
      "INSERT INTO transfer VALUES (0, 1, 1, 1, 5, 682, NULL, NULL, NULL, 5, 0); INSERT INTO request_key VALUES (0, zeroblob(16), 1, 'later')",
      "request_key"
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
    (
      "UPDATE projection SET through_transfer = through_transfer - 1, next_transfer = next_transfer - 1",
      "account"
    ),
  ])
  func `verify names the table of a row that was tampered with`(sql: String, table: String) async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await fill(engine)
      #expect(try await engine.verify { _ in }.finding == nil)
      await engine.projectAll()
      #expect(try await engine.verify { _ in }.finding == nil)
      try await tamper(directory, sql)
      #expect(try await engine.verify { _ in }.finding?.table == table)
      // The same from the files alone, beside the daemon.
      let offline = try OfflineBooks.verify(.directory(directory.path + "/data"), progress: { _ in })
      #expect(offline.finding?.table == table)
      // Whatever the rows hold, reading them never ends the process.
      _ = try? await engine.preview(nil)
      _ = try? await engine.preview(Period(number: 682))
      _ = try? await engine.revenue(.number(2), Period(number: 683), after: nil, limit: 9)
    }
  }

  @Test func `the status tells how many transfers are not followed yet`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      func behind() async throws -> Int { try await engine.read(.status).transfersBehind }
      try await fill(engine)
      #expect(try await behind() > 0)
      await engine.projectAll()
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
    ("INSERT INTO click_log_2026_12 VALUES (2, 0, 2, 0)", "click_log_2026_12 2"),
    ("UPDATE click_log_2026_12 SET thing_id = 1", "commit_log"),
    ("DELETE FROM click_log_2026_12", "commit_log"),
    ("UPDATE ledger SET fees_micros = 1", "ledger money_micros"),
  ])
  func `a daemon does not start on books that contradict themselves, and names the row`(
    sql: String, row: String
  ) async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { try await fill($0) }
    try await tamper(directory, sql)
    let error = await #expect(throws: StoreError.self) { try await withEngine(directory) { _ in } }
    guard case .damaged(let sentence)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(sentence.contains(row))
  }

  @Test func `a settlement whose rows differ from what memory holds pays nothing`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      await engine.projectAll()
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
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
      try await tamper(directory, "INSERT OR REPLACE INTO pot VALUES (682, 1, \(Int64.max), 10000000)")
      try await tamper(
        directory, "UPDATE projection SET through_transfer = 0, next_transfer = 0, through_account = 0")
      await engine.projectAll()
      #expect(engine.condition == .serving)
      try await engine.perform(.click(.number(2), .number(3), nil))
    }
  }

  @Test func `a settlement by itself that failed is tried again`() async throws {
    let (disk, log) = (FaultyDisk(), LogRecorder())
    var settings = settings(try TemporaryDirectory())
    settings.vfs = disk.vfs
    try await withEngine(settings, logger: log.logger) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
      // The month ends, and then nothing can be written.
      disk.fail(.init(.write, of: .log, at: 2, persists: true, .broken))
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      #expect(try await eventually { log.count("error: settlement failed") > 0 })
      #expect(try await engine.read(.status).settlements == 0)
      disk.fail(nil)
      #expect(try await eventually { try await engine.read(.status).settlements == 1 })
    }
  }

  @Test func `verify is clean at every moment of a settlement`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      try await engine.populate(accounts: 300)
      let patrons = (1...300 as ClosedRange<UInt64>).flatMap { [$0, $0, $0] }
      let things = (1...300 as ClosedRange<UInt64>).flatMap { n in (1...3).map { (n + $0) % 300 + 1 } }
      try await engine.perform(.clickMany(patrons: patrons, things: things, nil))
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      let settling = Task { try await engine.settle(nil) { _ in } }
      var verdicts = 0
      repeat {
        #expect(try await engine.verify { _ in }.finding == nil)
        verdicts += 1
      } while try await engine.read(.status).settlements == 0
      _ = try await settling.value
      #expect(try await engine.verify { _ in }.settlements == 1)
    }
  }

  @Test func `a pot that lost its row is found, also when nothing is clicked in it`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 4)
      for n in 1...3 as ClosedRange<Int64> {
        try await engine.perform(.click(.number(n), .number(4), nil))
        try await engine.perform(.undoClick(.number(n), .number(4), nil))
      }
    }
    for account in [3, 1, 2] {
      try await tamper(directory, "DELETE FROM pot WHERE account_id = \(account)")
      let finding = try OfflineBooks.verify(.directory(directory.path + "/data"), progress: { _ in }).finding
      let first = account == 3 ? 3 : 1
      #expect(finding?.table == "pot" && finding?.key == "2026-11 \(first)", "\(String(describing: finding))")
    }
  }

  @Test(arguments: [
    "ALTER TABLE transfer RENAME COLUMN amount_micros TO x", "DROP INDEX thing_by_owner",
    "ALTER TABLE period DROP COLUMN fee_bps", "DROP TABLE revenue",
  ])
  func `books with other tables than this version's are refused`(sql: String) async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { try await fill($0) }
    try await tamper(directory, sql)
    #expect(throws: StoreError.self) {
      try OfflineBooks.verify(.directory(directory.path + "/data"), progress: { _ in })
    }
    await #expect(throws: StoreError.self) { try await withEngine(directory) { _ in } }
  }

  @Test func `whoever asks for a later month waits for the earlier ones, and keeps nobody from settling`()
    async throws
  {
    try await withEngine(TemporaryDirectory(), autoSettle: true) { engine in
      try await engine.populate(accounts: 3)
      try await engine.perform(.click(.number(1), .number(2), nil))
      let later = Timestamp(milliseconds: Period(number: 694).start.milliseconds)
      _ = try await engine.perform(.setClock(later))
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
    try await withEngine(directory) { try await fill($0) }
    let page = try await DatabaseQueue(path: path).read { db in
      try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'account_transfer'")
    }
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: UInt64((try #require(page) - 1) * 4_096))
    try file.write(contentsOf: Data(repeating: 0xa5, count: 4_096))
    try file.close()
    let reason = Locked<String?>(nil)
    let engine = try await startEngine(
      settings: settings(directory, autoSettle: false), logger: quietLogger, sink: { _ in },
      fatal: { sentence in reason.withLock { $0 = sentence } })
    await #expect(throws: StoreError.self) {
      try await engine.read(.statement(.id(AccountID(1)), period: nil, after: nil, limit: 9))
    }
    #expect(reason.withLock { $0 }?.contains("damaged") == true)
    await engine.shutDown()
  }

  @Test func `a long read whose caller has gone is not begun`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await engine.preview(nil)
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  /// A closed month with 160 clicks of ten patrons, of which the daemon knows each.
  private func closeMonth(_ engine: EmbeddedEngine) async throws {
    try await engine.populate(accounts: 20)
    for patron in 1...10 as ClosedRange<UInt64> {
      let things = (1...16 as ClosedRange<UInt64>).map { (patron + $0 - 1) % 20 + 1 }
      try await engine.perform(.clickMany(patrons: things.map { _ in patron }, things: things, nil))
    }
    _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
  }

  /// One statement each, and the table whose row a refusal has to name.
  private static let unpaid: [(sql: String, table: String)] = [
    ("UPDATE click_log_2026_11 SET thing_id = 20 WHERE thing_id = 5", "click_log_2026_11"),
    (
      "INSERT INTO click_log_2026_11 (patron_id, thing_id, undone) SELECT 12, id, 0 FROM thing WHERE id > 12",
      "click_log_2026_11"
    ),
    ("DELETE FROM click_log_2026_11 WHERE sequence > 150", "click_log_2026_11"),
    ("UPDATE click_log_2026_11 SET undone = 1 WHERE sequence = 3", "click_log_2026_11"),
    (
      "UPDATE thing SET owner_id = 3, owner_name = 'account3' WHERE id = 5", "commit_log"
    ),
    ("UPDATE period SET fee_bps = 500 WHERE number = 682", "commit_log"),
    ("UPDATE ledger SET secret = randomblob(32)", "ledger"),
    (
      "UPDATE pot SET set_aside_micros = set_aside_micros + CASE account_id WHEN 1 THEN 5 ELSE -5 END WHERE account_id < 3",
      "pot"
    ),
    ("UPDATE commit_log SET clicks_hash = zeroblob(32) WHERE click_rows = 16", "commit_log"),
    ("UPDATE transfer SET amount_micros = 5 WHERE id = 1", "commit_log"),
    ("CREATE TRIGGER t AFTER INSERT ON transfer BEGIN DELETE FROM transfer; END", "sqlite_schema"),
    ("CREATE TABLE click_log_2027_05 (sequence INTEGER PRIMARY KEY)", "sqlite_schema"),
  ]

  @Test(arguments: unpaid)
  func `changed rows of an unsettled month are not paid while the daemon runs, and the first is named`(
    sql: String, table: String
  ) async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await closeMonth(engine)
      await engine.projectAll()
      try await tamper(directory, sql)
      try await expectNothingPaid(engine, table)
      // Nor the second time.
      try await expectNothingPaid(engine, table)
    }
  }

  @Test(arguments: unpaid)
  func `changed rows of an unsettled month are not paid after a restart`(
    sql: String, table: String
  ) async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { try await closeMonth($0) }
    try await tamper(directory, sql)
    do {
      try await withEngine(directory) { engine in try await expectNothingPaid(engine, nil) }
    } catch let error as StoreError {
      guard case .damaged = error else { throw error }
    }
  }

  private func expectNothingPaid(_ engine: EmbeddedEngine, _ table: String?) async throws {
    let before = try await engine.read(.status).transfers
    let error = await #expect(throws: (any Error).self) { try await engine.settle(nil) { _ in } }
    let refusal: Refusal? =
      if case .refused(let refusal)? = error as? EngineFailure { refusal } else { error as? Refusal }
    #expect(refusal?.reason == .booksInconsistent, "\(String(describing: error))")
    if let table { #expect(refusal?.sentence.contains(table) == true, "\(refusal?.sentence ?? "")") }
    #expect(try await engine.read(.status).transfers == before)
  }

  @Test func `changed rows that memory was loaded from are not paid, whether they were put back or not`()
    async throws
  {
    for (change, back) in [
      (
        "UPDATE pot SET set_aside_micros = set_aside_micros + d, held_micros = held_micros + d FROM (SELECT 1 AS a, 5 AS d UNION ALL SELECT 2, -5) WHERE account_id = a; UPDATE account SET pots_micros = pots_micros + d FROM (SELECT 1 AS a, 5 AS d UNION ALL SELECT 2, -5) WHERE id = a",
        "UPDATE pot SET set_aside_micros = 10000000, held_micros = 10000000; UPDATE account SET pots_micros = 10000000 WHERE id < 3"
      ),
      (
        "UPDATE thing SET owner_id = 19 WHERE id = 5", "UPDATE thing SET owner_id = 5 WHERE id = 5"
      ),
      ("UPDATE period SET fee_bps = 500 WHERE number = 682", "UPDATE period SET fee_bps = 0"),
    ] {
      for isPutBack in [true, false] {
        let directory = try TemporaryDirectory()
        try await withEngine(directory) { try await closeMonth($0) }
        try await tamper(directory, change)
        do {
          try await withEngine(directory) { engine in
            if isPutBack { try await tamper(directory, back) }
            try await expectNothingPaid(engine, nil)
          }
        } catch let error as StoreError {
          // What is still there, a start may find.
          guard !isPutBack, case .damaged = error else { throw error }
        }
      }
    }
  }

  @Test func `a click log that is there before its month ends the daemon before a click of it is taken`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let reason = Locked<String?>(nil)
    let engine = try await startEngine(
      settings: settings(directory, autoSettle: false), logger: quietLogger, sink: { _ in },
      fatal: { sentence in reason.withLock { $0 = sentence } })
    try await closeMonth(engine)
    try await tamper(directory, ClickLogTable.create(Period(number: 684)))
    try await tamper(directory, "INSERT INTO click_log_2027_01 VALUES (1, 1, 2, 0)")
    await #expect(throws: EngineFailure.self) {
      try await engine.perform(.setClock(Timestamp(milliseconds: januaryMs)))
    }
    #expect(reason.withLock { $0 }?.contains("click_log_2027_01") == true)
    await engine.shutDown()
    let error = await #expect(throws: StoreError.self) { try await withEngine(directory) { _ in } }
    #expect(error?.sentence.contains("click_log_2027_01") == true)
  }

  @Test func `later settlements prove what came since, and pay`() async throws {
    let directory = try TemporaryDirectory()
    try await withEngine(directory) { engine in
      try await closeMonth(engine)
      #expect(try await engine.settle(nil) { _ in }.totals.clicks == 160)
      for month in 684...686 {
        for account in 1...3 as ClosedRange<Int64> {
          try await engine.perform(
            .deposit(.number(account), Micros(10_000_000), RequestKey("month-\(month)")))
        }
        try await engine.perform(.click(.number(1), .number(2), nil))
        _ = try await engine.perform(.setClock(Period(number: month).start))
        #expect(try await engine.settle(nil) { _ in }.totals.clicks == 1)
      }
      try await engine.perform(.click(.number(1), .number(2), nil))
      _ = try await engine.perform(.setClock(Period(number: 687).start))
      try await tamper(
        directory,
        "UPDATE commit_log SET time_ms = time_ms + 1 WHERE sequence = (SELECT max(sequence) - 1 FROM commit_log)"
      )
      try await expectNothingPaid(engine, "commit_log")
    }
  }

  @Test func `a link that was kept outside tells of a tail that was cut off`() async throws {
    let directory = try TemporaryDirectory()
    let data = directory.path + "/data"
    var kept = CommitPoint.beginning
    try await withEngine(directory) { engine in
      try await fill(engine)
      kept = try await engine.read(.status).lastCommit
      #expect(try await engine.settle(Period(number: 682)) { _ in }.commit?.number ?? 0 > 3)
      #expect(try await engine.verify(against: kept) { _ in }.finding == nil)
      #expect(try await engine.verify(against: kept) { _ in }.last == kept)
      let other = CommitPoint(number: kept.number, link: [UInt8](repeating: 7, count: 32))
      #expect(try await engine.verify(against: other) { _ in }.finding?.table == "commit_log")
      await engine.projectAll()
    }
    #expect(try OfflineBooks.verify(.directory(data), against: kept.text, progress: { _ in }).finding == nil)
    #expect(throws: OfflineBooks.MalformedCommit.self) {
      try OfflineBooks.verify(.directory(data), against: "14:zz", progress: { _ in })
    }
    // The last commit is a click alone: its row, and the account's pot and its transfer.
    try await tamper(
      directory,
      """
      DELETE FROM commit_log WHERE sequence = (SELECT max(sequence) FROM commit_log);
      DELETE FROM click_log_2026_12;
      DELETE FROM transfer WHERE id = (SELECT max(id) FROM transfer);
      DELETE FROM account_transfer WHERE transfer_id > (SELECT max(id) FROM transfer);
      DELETE FROM pot WHERE period = 683;
      UPDATE account SET available_micros = available_micros + pots_micros, pots_micros = 0 WHERE id = 2;
      UPDATE projection SET through_transfer = (SELECT max(id) FROM transfer), next_transfer = (SELECT max(id) FROM transfer);
      """)
    #expect(try OfflineBooks.verify(.directory(data), progress: { _ in }).finding == nil)
    let finding = try OfflineBooks.verify(.directory(data), against: kept.text, progress: { _ in }).finding
    #expect(finding?.table == "commit_log" && finding?.key == "\(kept.number)")
  }
}
