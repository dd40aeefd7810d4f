import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneEngine
@testable import MeceneLedger

/// What waits for the writer, and what becomes one commit of it.
@Suite struct BacklogTests {
  private func submission(_ connection: UInt64, _ work: Submission.Work) -> Submission {
    Submission(work, reply: .sink(Ticket(caller: connection, call: 1, serial: 1)))
  }

  private func many(_ connection: UInt64, clicks: Int = 65_536) -> Submission {
    let ids = [UInt64](repeating: 1, count: clicks)
    return submission(connection, .command(.clickMany(patrons: ids, things: ids, nil)))
  }

  private let click = Submission.Work.command(.click(.id(AccountID(1)), .id(ThingID(2)), nil))

  private func connection(_ submission: Submission) -> UInt64 {
    if case .sink(let tag) = submission.reply { tag.caller } else { 0 }
  }

  @Test func `what is not too much is one commit, as it came`() {
    var backlog = Backlog()
    let fresh = (1...100 as ClosedRange<UInt64>).map { submission($0, click) }
    let next = backlog.next(after: fresh)
    #expect(next.map(connection) == Array(1...100))
    #expect(backlog.isEmpty)
  }

  @Test func `a lone click is in the next commit, however much others have sent before it`() {
    var backlog = Backlog()
    let flood = (1...16 as ClosedRange<UInt64>).flatMap { connection in (0..<13).map { _ in many(connection) }
    }
    var commit = backlog.next(after: flood)
    #expect(!commit.isEmpty)
    commit = backlog.next(after: [submission(99, click)])
    var later = 0
    while !commit.contains(where: { connection($0) == 99 }) {
      later += 1
      commit = backlog.next(after: [])
    }
    // All sixteen have their turn before it, two of them in each commit.
    #expect(later <= 8)
  }

  @Test func `a commit has a ceiling, and nothing is lost or changes its order`() {
    var backlog = Backlog()
    var random = SeededGenerator(seed: 9)
    var expected: [UInt64: Int] = [:]
    var fresh: [Submission] = []
    for _ in 0..<3_000 {
      let connection = random.next() % 20 + 1
      expected[connection, default: 0] += 1
      fresh.append(
        Submission(click, reply: .sink(Ticket(caller: connection, call: 1, serial: UInt64(fresh.count))))
      )
    }
    fresh += (1...20 as ClosedRange<UInt64>).map { many($0) }
    var seen: [UInt64: [UInt64]] = [:]
    var commit = backlog.next(after: fresh)
    while !commit.isEmpty {
      #expect(commit.reduce(0) { $0 + $1.cost } < 8_192 + Backlog.clicksAtOnce)
      for submission in commit where submission.cost == 1 {
        guard case .sink(let tag) = submission.reply else { continue }
        seen[tag.caller, default: []].append(tag.serial)
      }
      commit = backlog.next(after: [])
    }
    #expect(seen.mapValues(\.count) == expected)
    #expect(seen.values.allSatisfy { $0 == $0.sorted() })
    #expect(backlog.isEmpty)
  }

  @Test func `a question never stands before a write`() {
    var backlog = Backlog()
    let question = Submission.Work.command(.openClicks(.id(AccountID(1)), nil, after: nil, limit: 10))
    let next = backlog.next(after: [submission(1, question), submission(1, click)])
    #expect(next.count == 1 && next.allSatisfy { !$0.isRead })
    #expect(backlog.nextInquiry()?.isRead == true)
  }

  @Test func `the parts of a call add up to one answer`() throws {
    let whole = DividedClicks(count: 30)
    var first = ClickManyOutcome(period: Period(number: 682))
    (first.clicked, first.refusedIndexes, first.refusedReasons) = (9, [4], [.ownThing])
    var second = ClickManyOutcome(period: Period(number: 682))
    second.alreadyClicked = 10
    #expect(whole.add(.success(.clickedMany(first)), at: 0..<10) == nil)
    #expect(whole.add(.success(.clickedMany(second)), at: 10..<20) == nil)
    // The month ends before the last.
    let late = Refusal(.periodClosed, field: "period", "closed")
    guard case .success(.clickedMany(let outcome)) = whole.add(.failure(.refused(late)), at: 20..<30) else {
      throw Failed()
    }
    #expect(outcome.clicked == 9 && outcome.alreadyClicked == 10)
    #expect(outcome.refusedIndexes == [4] + Array(20..<30))
    #expect(outcome.refusedReasons == [.ownThing] + Array(repeating: .periodClosed, count: 10))
  }

  @Test func `a call of which a part is on the disk is not told as left undone`() throws {
    for isCommitted in [true, false] {
      let whole = DividedClicks(count: 20)
      #expect(
        whole.add(.success(.clickedMany(ClickManyOutcome(period: Period(number: 682)))), at: 0..<10) == nil)
      if isCommitted { whole.commit() }
      guard case .failure(let failure) = whole.add(.failure(.diskFull), at: 10..<20) else { throw Failed() }
      #expect(failure == (isCommitted ? .commitFailed : .diskFull))
    }
  }

  @Test func `after a slow commit a guest is let in again when several were quick`() {
    let pace = CommitPace()
    #expect(pace.isQuick)
    pace.note(2_000_000_000)
    for _ in 0..<7 {
      pace.note(100_000)
      #expect(!pace.isQuick)
    }
    pace.note(100_000)
    #expect(pace.isQuick)
  }

  @Test func `many clicks in one call come to what single ones do`() async throws {
    try await withEngine(TemporaryDirectory()) { engine in
      try await engine.populate(accounts: 150)
      // Everybody clicks everybody's thing, themselves among them, and one thing that there is none of.
      var (patrons, things): ([UInt64], [UInt64]) = ([], [])
      for patron in 1...149 as ClosedRange<UInt64> {
        for thing in 1...151 as ClosedRange<UInt64> {
          patrons.append(patron)
          things.append(thing)
        }
      }
      let commits = try await engine.read(.status).lastCommit.number
      let outcome = try await engine.perform(.clickMany(patrons: patrons, things: things, nil))
      guard case .clickedMany(let many) = outcome else { throw Failed() }
      #expect(many.clicked == 149 * 149 && many.refusedIndexes.count == 149 * 2)
      for (index, reason) in zip(many.refusedIndexes, many.refusedReasons) {
        let isOwn = patrons[Int(index)] == things[Int(index)]
        #expect(reason == (isOwn ? .ownThing : .thingNotFound))
      }
      #expect(try await engine.read(.status).lastCommit.number > commits + 1)
      #expect(try await engine.verify { _ in }.finding == nil)
    }
  }

  @Test func `a patron of many clicks is listed page by page, also while clicks are undone`() async throws {
    let directory = try TemporaryDirectory()
    var stands: Set<Int64> = []
    try await withEngine(directory) { engine in
      try await engine.populate(accounts: 700)
      var random = SeededGenerator(seed: 4)
      for _ in 0..<1_500 {
        let thing = Int64(random.next() % 699 + 2)
        if stands.contains(thing), random.next() % 3 == 0 {
          try await engine.perform(.undoClick(.id(AccountID(1)), .id(ThingID(thing)), nil))
          stands.remove(thing)
        } else {
          try await engine.perform(.click(.id(AccountID(1)), .id(ThingID(thing)), nil))
          stands.insert(thing)
        }
      }
      let listed = try await pages(engine)
      #expect(listed == stands.sorted())
    }
    try await withEngine(directory) { engine in
      let listed = try await pages(engine)
      #expect(listed == stands.sorted())
    }
  }

  private func pages(_ engine: EmbeddedEngine) async throws -> [Int64] {
    var (found, shares): ([Int64], [Micros]) = ([], [])
    var after: ThingID?
    while true {
      let outcome = try await engine.perform(
        .command(.openClicks(.id(AccountID(1)), nil, after: after, limit: 37)))
      guard case .clicks(let page) = outcome else { throw Failed() }
      found += page.things.map(\.rawValue)
      shares += page.shares
      after = page.things.last
      if !page.hasMore {
        #expect(page.clicksTotal == found.count)
        #expect(shares.reduce(.zero) { $0 + $1 } == page.pot - page.fee)
        return found
      }
    }
  }

  private struct Failed: Error {}
}
