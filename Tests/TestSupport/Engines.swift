package import Logging
import MeceneConcurrency
package import MeceneEngine
package import MeceneLedger
import MeceneProof

// What tests ask of any engine.
extension Engine {
  /// Asks two questions of one commit.
  package func read<First, Second>(
    _ first: Query<First>, _ second: Query<Second>
  ) async throws -> (First, Second) {
    let replies = Locked<[Result<Reply, any Error>]>([])
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      read([first.question, second.question].map { Read($0, deadline: nil) { $0 } }) { more in
        let isLast = replies.withLock { replies in
          replies += more
          return replies.count == 2
        }
        if isLast { continuation.resume() }
      }
    }
    let found = try replies.withLock { $0 }.map { try $0.get() }
    return (try first.answer(found[0]), try second.answer(found[1]))
  }

  /// Has work done, and returns when it is durable.
  @discardableResult
  package func perform(_ work: Submission.Work) async throws(EngineFailure) -> Outcome {
    let result = await withCheckedContinuation { continuation in
      submit([Submission(work, reply: .closure { continuation.resume(returning: $0) })], callerCanWait: false)
    }
    return try result.get()
  }

  @discardableResult
  package func perform(_ command: Command) async throws(EngineFailure) -> Outcome {
    try await perform(.command(command))
  }

  package func openAccount(_ text: String, budget: Micros = .zero) async throws {
    let name = try AccountName(text)
    try await perform(
      .openAccount(
        name: name, fingerprint: fingerprintKey.fingerprint(of: name.text), displayName: PlainText.none,
        budget: budget))
  }

  @discardableResult
  package func addThing(_ text: String, owner: Int64, hidden: Bool = false) async throws -> Outcome {
    let url = try CanonicalURL(text)
    return try await perform(
      .addThing(
        NewThing(
          owner: .number(owner), url: url, fingerprint: fingerprintKey.fingerprint(of: url.identity),
          title: PlainText.none, description: PlainText.none, hidden: hidden)))
  }

  /// Accounts 1…n with 10.00 each and a budget of 10.00, and a thing of each.
  package func populate(accounts: Int) async throws {
    for n in 1...Int64(accounts) {
      try await openAccount("account\(n)", budget: Micros(10_000_000))
      try await perform(.deposit(.number(n), Micros(10_000_000), RequestKey("first")))
      try await addThing("https://example.org/\(n)", owner: n)
    }
  }
}

extension NaiveModel.Move {
  /// A transfer in the model's words; nil when it lacks what its kind needs.
  package init?(_ transfer: Transfer) {
    guard let route = transfer.route else { return nil }
    self.init(
      kind: "\(transfer.kind)", from: Self.name(route.from), to: Self.name(route.to),
      amount: transfer.amount.rawValue)
  }

  private static func name(_ account: LedgerAccount) -> String {
    switch account {
    case .world: "world"
    case .fees: "fees"
    case .available(let a): "available \(a)"
    case .pot(let a, let p): "pot \(a) \(p.number)"
    case .clearing(let p): "clearing \(p.number)"
    }
  }
}

extension MeceneLedger.AccountReference {
  package static func number(_ number: Int64) -> Self { .id(AccountID(number)) }
}

extension MeceneLedger.ThingReference {
  package static func number(_ number: Int64) -> Self { .id(ThingID(number)) }
}

extension PlainText {
  /// A text of nothing.
  package static var none: PlainText {
    get throws { try PlainText("", field: "text", charactersMax: 1) }
  }
}

/// Runs `body` with an engine that has begun to take commands, and shuts it down.
@discardableResult
package func withEngine<T>(
  _ settings: EmbeddedEngine.Settings, logger: Logger = quietLogger,
  fatal: @escaping @Sendable (String) -> Void = { fatalError("the daemon gave up: \($0)") },
  _ body: (EmbeddedEngine) async throws -> T
) async throws -> T {
  let engine = try await startEngine(settings: settings, logger: logger, sink: { _ in }, fatal: fatal)
  do {
    let result = try await body(engine)
    await engine.shutDown()
    return result
  } catch {
    await engine.shutDown()
    throw error
  }
}

/// The same for a ledger in `directory` on a simulated clock.
@discardableResult
package func withEngine<T>(
  _ directory: TemporaryDirectory, terms: Terms = Terms(), autoSettle: Bool = false, vfs: String? = nil,
  _ body: (EmbeddedEngine) async throws -> T
) async throws -> T {
  var settings = settings(directory, terms: terms, autoSettle: autoSettle)
  settings.vfs = vfs
  return try await withEngine(settings, body)
}
