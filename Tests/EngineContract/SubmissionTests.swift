import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import TestSupport
import Testing

/// What an engine owes its callers: each outcome once, none before it is durable.
@Suite struct SubmissionTests {
  /// Collects what comes back.
  private final class Inbox: Sendable {
    let completions = Locked<[Completion]>([])
    func take(_ more: [Completion]) { completions.withLock { $0 += more } }
    var calls: [UInt64] { completions.withLock { $0.map(\.ticket.call) } }
  }

  private static func ticket(_ call: UInt64) -> Ticket { Ticket(caller: call % 7, call: call, serial: call) }

  private static func clicks(_ patrons: Int64, _ things: Int64) -> [Submission] {
    var submissions: [Submission] = []
    for patron in 1...patrons {
      for thing in 1...things where thing != patron {
        submissions.append(
          Submission(
            .command(.click(.number(patron), .number(thing), nil)),
            reply: .sink(ticket(UInt64(submissions.count)))))
      }
    }
    return submissions
  }

  /// An engine with people, and where its outcomes go.
  private func live(
    _ kind: EngineKind, people: Int, _ body: (Subject, Inbox) async throws -> Void
  ) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await subject.engine.populate(accounts: people)
      let inbox = Inbox()
      try await subject.die { inbox.take($0) }
      try await body(subject, inbox)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `every submission comes back once, whoever made it`(kind: EngineKind) async throws {
    try await live(kind, people: 20) { (subject, inbox) async throws in
      let clicks = Self.clicks(20, 20)
      for start in stride(from: 0, to: clicks.count, by: 37) {
        subject.engine.submit(
          Array(clicks[start..<min(start + 37, clicks.count)]), callerCanWait: start % 2 == 0)
      }
      #expect(try await eventually { inbox.calls.count >= clicks.count })
      #expect(inbox.calls.sorted() == clicks.indices.map(UInt64.init))
      #expect(try await subject.engine.preview(nil).totals.clicks == clicks.count)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `whatever came back before a kill is there after it`(kind: EngineKind) async throws {
    try await live(kind, people: 30) { (subject, inbox) async throws in
      let clicks = Self.clicks(30, 30)
      for start in stride(from: 0, to: clicks.count, by: 10) {
        subject.engine.submit(Array(clicks[start..<start + 10]), callerCanWait: false)
      }
      #expect(try await eventually { !inbox.calls.isEmpty })
      let acknowledged = inbox.completions.withLock { $0 }
      try await subject.die()
      for completion in acknowledged {
        guard case .success = completion.result,
          case .command(let command) = clicks[Int(completion.ticket.call)].work
        else { throw Unexpected() }
        guard case .clicked(_, alreadyClicked: true) = try await subject.engine.perform(command) else {
          throw Unexpected()
        }
      }
      #expect(try await subject.engine.verify { _ in }.finding == nil)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `whoever hears of a commit reads it`(kind: EngineKind) async throws {
    try await live(kind, people: 3) { (subject, _) async throws in
      for n in 1...200 {
        try await subject.perform(.deposit(.number(1), Micros(1), RequestKey("n\(n)")))
        let expected = Micros(10_000_000 + Int64(n))
        #expect(try await subject.account(1).money.available == expected)
        #expect(try await subject.engine.read(.status).transfers == n + 3)
      }
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `what is late is not done, and says so`(kind: EngineKind) async throws {
    try await live(kind, people: 2) { (subject, inbox) async throws in
      let past = Deadline(nanoseconds: 1)
      subject.engine.submit(
        [
          Submission(
            .command(.click(.number(1), .number(2), nil)), reply: .sink(Self.ticket(5)), deadline: past)
        ], callerCanWait: false)
      #expect(try await eventually { !inbox.calls.isEmpty })
      let result = inbox.completions.withLock { $0[0].result }
      guard case .failure(.expired) = result else { throw Unexpected() }
      #expect(try await subject.engine.preview(nil).totals.clicks == 0)
      let answers = Locked<[String]>([])
      subject.engine.read(
        [
          Read(.status, deadline: past) { reply in
            do { return "\(try reply.get())" } catch {
              return error as? EngineFailure == .expired ? "late" : "\(error)"
            }
          },
          Read(.account(.number(2), field: "account"), deadline: nil) { reply in
            if case .success(.account(let account)) = reply { account.name } else { "nothing" }
          },
        ]
      ) { more in answers.withLock { $0 += more } }
      #expect(try await eventually { answers.withLock { $0.count } == 2 })
      #expect(answers.withLock { $0 } == ["late", "account2"])
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `what is cancelled does not come back, and what comes back was not cancelled`(kind: EngineKind)
    async throws
  {
    try await live(kind, people: 30) { (subject, inbox) async throws in
      let clicks = Self.clicks(30, 30)
      subject.engine.submit(clicks, callerCanWait: false)
      let cancelled = (0..<UInt64(clicks.count)).reversed().filter { subject.engine.cancel(Self.ticket($0)) }
      #expect(try await eventually { inbox.calls.count + cancelled.count >= clicks.count })
      #expect((inbox.calls + cancelled).sorted() == clicks.indices.map(UInt64.init))
      #expect(try await subject.engine.preview(nil).totals.clicks == clicks.count - cancelled.count)
      #expect(!subject.engine.cancel(Self.ticket(1_000_000)))
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `a shutdown answers everybody, and keeps what it promised`(kind: EngineKind) async throws {
    try await live(kind, people: 30) { (subject, inbox) async throws in
      let clicks = Self.clicks(30, 30)
      for start in stride(from: 0, to: clicks.count, by: 30) {
        subject.engine.submit(Array(clicks[start..<start + 30]), callerCanWait: false)
      }
      await subject.engine.shutDown()
      #expect(inbox.calls.sorted() == clicks.indices.map(UInt64.init))
      let done = inbox.completions.withLock {
        $0.count { if case .success = $0.result { true } else { false } }
      }
      #expect(subject.engine.condition == .stopped)
      try await subject.die()
      #expect(try await subject.engine.preview(nil).totals.clicks == done)
      #expect(subject.engine.condition == .serving)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `the clock goes forward only, and a month that is over takes no click`(kind: EngineKind) async throws {
    try await live(kind, people: 2) { (subject, _) async throws in
      let december = november2026.next
      try await subject.setClock(december)
      do {
        try await subject.perform(.setClock(november2026.start))
        Issue.record("the clock went back")
      } catch EngineFailure.refused(let refusal) { #expect(refusal.reason == .clockOutOfRange) }
      #expect(try await subject.reason(.click(.number(1), .number(2), november2026)) == .periodClosed)
      #expect(try await subject.reason(.click(.number(1), .number(2), december)) == nil)
      #expect(subject.engine.openPeriod == december)
    }
  }
}
