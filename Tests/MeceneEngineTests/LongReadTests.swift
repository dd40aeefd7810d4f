import MeceneConcurrency
import MeceneProof
import MeceneStore
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger

/// Questions that take long, and settlements that keep nobody waiting.
@Suite struct LongReadTests {
  /// Lets one run go on at a time.
  private final class Gate: Sendable {
    private let state = Locked((open: false, runs: 0, cancelled: 0))
    var runs: Int { state.withLock { $0.runs } }
    var cancelled: Int { state.withLock { $0.cancelled } }
    func open() { state.withLock { $0.open = true } }
    func pass() async throws -> Int {
      state.withLock { $0.runs += 1 }
      do {
        while !state.withLock({ $0.open }) { try await Task.sleep(for: .milliseconds(2)) }
      } catch {
        state.withLock { $0.cancelled += 1 }
        throw error
      }
      return runs
    }
  }

  @Test func `equal questions that wait are answered once`() async throws {
    let (joined, gate) = (Joined<Int, Int>(DispatchRuntime()), Gate())
    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<50 { group.addTask { try await joined.ask(1) { _ in try await gate.pass() } } }
      group.addTask { try await joined.ask(2) { _ in try await gate.pass() } }
      #expect(try await eventually { joined.callers(of: 1) == 50 && gate.runs == 2 })
      gate.open()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count == 51 && gate.runs == 2)
  }

  @Test func `a question that has begun is not joined`() async throws {
    let (joined, gate) = (Joined<Int, Int>(DispatchRuntime()), Gate())
    let first = Task {
      try await joined.ask(1) { run in
        joined.begin(1, run)
        return try await gate.pass()
      }
    }
    #expect(try await eventually { gate.runs == 1 })
    let second = Task { try await joined.ask(1) { _ in try await gate.pass() } }
    #expect(try await eventually { gate.runs == 2 })
    gate.open()
    _ = try await (first.value, second.value)
  }

  @Test func `what nobody waits for any more is given up, and nothing else`() async throws {
    let (joined, gate) = (Joined<Int, Int>(DispatchRuntime()), Gate())
    let callers = (0..<3).map { _ in Task { try await joined.ask(1) { _ in try await gate.pass() } } }
    #expect(try await eventually { joined.callers(of: 1) == 3 && gate.runs == 1 })
    callers[0].cancel()
    callers[1].cancel()
    #expect(try await eventually { joined.callers(of: 1) == 1 })
    let others = (0..<2).map { _ in Task { try await joined.ask(2) { _ in try await gate.pass() } } }
    #expect(try await eventually { joined.callers(of: 2) == 2 && gate.runs == 2 })
    for other in others { other.cancel() }
    #expect(try await eventually { gate.cancelled == 1 })
    gate.open()
    // Whoever was left has its answer.
    #expect(try await callers[2].value == 2 && gate.cancelled == 1)
    #expect(try await joined.ask(2) { _ in try await gate.pass() } == 3)
  }

  @Test func `a settled patron's clicks and an open month's revenue come page by page`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      try await engine.populate(accounts: 120)
      for n in 2...120 as ClosedRange<Int64> {
        try await engine.perform(.click(.id(AccountID(1)), .id(ThingID(n)), nil))
      }
      let month = Period(number: 682)
      let open = try await engine.revenue(.id(AccountID(7)), month, after: nil, limit: 10)
      #expect(open.things.map(\.thing.rawValue) == [7] && open.clicksTotal == 1 && !open.settled)
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      for isSettled in [false, true] {
        if isSettled { _ = try await engine.settle(month) { _ in } }
        var (found, after): ([Int64], ThingID?) = ([], nil)
        repeat {
          let page = try await engine.closedClicks(.id(AccountID(1)), month, after: after, limit: 25)
          #expect(page.clicksTotal == 119 && page.settled == isSettled)
          found += page.things.map(\.rawValue)
          after = page.hasMore ? page.things.last : nil
        } while after != nil
        #expect(found == Array(2...120))
      }
      let none = try await engine.closedClicks(.id(AccountID(5)), month, after: nil, limit: 25)
      #expect(none.things.isEmpty && none.pot == .zero)
    }
  }

  @Test func `many clicks are filed in pieces, and a settlement that stops between them goes on`()
    async throws
  {
    let directory = try TemporaryDirectory()
    var settings = settings(directory, autoSettle: false)
    settings.makeLog = { KeptLog(LocalLog($0, $1), file: directory.path + "/kept-log") }
    let things: Int64 = 5_000
    let month = Period(number: 682)
    var digest: [UInt8] = []
    try await withEngine(settings) { engine in
      // One owner of all things, and one patron who likes them all.
      try await engine.populate(accounts: 3)
      for n in 4...things as ClosedRange<Int64> {
        try await engine.addThing("https://example.org/\(n)", owner: 2)
      }
      let likes = (4...UInt64(things)).map { $0 }
      try await engine.perform(.clickMany(patrons: likes.map { _ in 1 }, things: likes, nil))
      try await engine.perform(.click(.id(AccountID(3)), .id(ThingID(1)), nil))
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      digest = try await engine.preview(month).digest
    }
    // A piece of the patron's clicks, and of the owner's revenue, as if the daemon had died behind each.
    for step in 0..<4 {
      try await withEngine(settings) { engine in
        let plan = try engine.plan(month)
        let seal = plan.seal(secrets: zeroSecrets)
        switch step {
        case 0:
          try await engine.perform(.planSettlement(plan, seal))
          // No block yet, then the first, then all, and all again.
          for blocks in [0..<0, 0..<1, 1..<seal.blocks.count, 0..<seal.blocks.count] {
            _ = try await engine.perform(.file(plan, .blocks(seal, blocks)))
            let finding = try await engine.verify { _ in }.finding
            #expect(finding == nil, "with the blocks \(blocks)")
          }
        case 1:
          _ = try await engine.perform(.file(plan, .clicks(of: AccountID(1), 0..<3_000)))
        case 2:
          _ = try await engine.perform(.file(plan, .clicks(of: AccountID(1), 3_000..<4_997)))
          try await engine.perform(.drainPots(plan, 0..<plan.patrons.count))
        default:
          try await engine.perform(.payOwners(plan, 0..<1))
          _ = try await engine.perform(
            .file(plan, .revenue(of: AccountID(2), plan.owners[1].things.prefix(1_000))))
        }
        let finding = try await engine.verify { _ in }.finding
        #expect(finding == nil, "after step \(step)")
      }
    }
    try await withEngine(settings) { engine in
      let record = try await engine.settle(month) { _ in }
      #expect(record.digest == digest && record.totals.clicks == 4_998)
      let verdict = try await engine.verify { _ in }
      #expect(verdict.finding == nil && verdict.clicks == 4_998)
      let page = try await engine.closedClicks(.id(AccountID(1)), month, after: nil, limit: 10)
      #expect(page.clicksTotal == 4_997)
    }
    try expectRebuilt(directory)
  }

  @Test func `the log of a settled month goes some rows at a time`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      try await engine.populate(accounts: 250)
      let pairs = (1...250 as ClosedRange<UInt64>).flatMap { patron in
        (1...250 as ClosedRange<UInt64>).filter { $0 != patron }.map { (patron, $0) }
      }
      try await engine.perform(.clickMany(patrons: pairs.map(\.0), things: pairs.map(\.1), nil))
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      #expect(try await engine.settle(nil) { _ in }.totals.clicks == pairs.count)
      // Clean at each moment.
      for _ in 0..<5 { #expect(try await engine.verify { _ in }.finding == nil) }
      let isGone = try await eventually { try engine.hasNoLog(Period(number: 682)) }
      #expect(isGone)
    }
  }

  @Test func `a receipt of more clicks than a message holds is refused by its number`() async throws {
    let directory = try TemporaryDirectory()
    let november = Period(number: 682)
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 5)
      for n in 2...5 as ClosedRange<Int64> {
        try await engine.perform(.click(.number(1), .number(n), nil))
      }
      _ = try await engine.perform(.setClock(Timestamp(milliseconds: decemberMs)))
      _ = try await engine.settle(november) { _ in }
    }
    let book = try BookFile(readingOnly: DataDirectory.databasePath(in: directory.path + "/data"))
    let refusal = #expect(throws: Refusal.self) {
      try book.receipt(.id(AccountID(1)), november, .patrons, clicksMax: 3)
    }
    #expect(refusal?.reason == .messageTooLarge && refusal?.sentence.contains("of 4 clicks") == true)
    #expect(try book.receipt(.id(AccountID(1)), november, .patrons, clicksMax: 4).proof.contradiction == nil)
  }
}

extension EmbeddedEngine {
  /// What a settlement of the period would do.
  fileprivate func plan(_ period: Period) throws -> SettlementPlan { try book.plan(period) }

  fileprivate func hasNoLog(_ period: Period) throws -> Bool {
    try !book.tables().contains("click_log_\(period.description.replacing("-", with: "_"))")
  }
}
