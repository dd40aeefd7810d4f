import Foundation
import MeceneEngine
import MeceneLedger
import TestSupport
import Testing

/// What a new engine writes to be held to the contract: how it is opened, and how it is killed.
protocol EngineSource: Sendable {
  /// Opens the books as they are durable, on a simulated clock, and begins to take commands.
  func open(terms: Terms, autoSettle: Bool, sink: @escaping @Sendable ([Completion]) -> Void) async throws
    -> any Engine

  /// Ends an engine without letting it finish anything: what opens next finds what was durable.
  func kill(_ engine: any Engine) async throws
}

/// The engines that there are, each as it is and killed again and again.
enum EngineKind: String, CaseIterable, CustomTestStringConvertible {
  case embedded = "embedded"
  case embeddedKilled = "embedded, killed after every few commands"
  case embeddedRebuilt = "embedded, rebuilt from its log after every few commands"

  func makeSource() throws -> any EngineSource {
    switch self {
    case .embedded, .embeddedKilled: try EmbeddedSource(isRebuilt: false)
    case .embeddedRebuilt: try EmbeddedSource(isRebuilt: true)
    }
  }

  /// How many commands it lives; nil = as long as the test.
  var commandsPerLife: Int? {
    switch self {
    case .embedded: nil
    case .embeddedKilled, .embeddedRebuilt: 5
    }
  }

  var testDescription: String { rawValue }
}

/// An engine under a test, through all of its lives.
final class Subject {
  private(set) var engine: any Engine
  private let source: any EngineSource
  private let kind: EngineKind
  /// Those that its next life opens with.
  var terms: Terms
  private let autoSettle: Bool
  private var commands = 0

  private init(_ kind: EngineKind, terms: Terms, autoSettle: Bool) async throws {
    self.kind = kind
    self.terms = terms
    self.autoSettle = autoSettle
    source = try kind.makeSource()
    engine = try await source.open(terms: terms, autoSettle: autoSettle, sink: { _ in })
  }

  static func live(
    _ kind: EngineKind, terms: Terms = Terms(), autoSettle: Bool = false,
    _ body: (Subject) async throws -> Void
  ) async throws {
    let subject = try await Subject(kind, terms: terms, autoSettle: autoSettle)
    do { try await body(subject) } catch {
      await subject.engine.shutDown()
      throw error
    }
    #expect(try await subject.engine.verify { _ in }.finding == nil)
    await subject.engine.shutDown()
  }

  /// What a command came to. Its engine may be another afterwards.
  @discardableResult
  func perform(_ work: Submission.Work) async throws -> Outcome {
    commands += 1
    do {
      let outcome = try await engine.perform(work)
      try await dieWhenDue()
      return outcome
    } catch let failure as EngineFailure {
      try await dieWhenDue()
      throw failure
    }
  }

  @discardableResult
  func perform(_ command: Command) async throws -> Outcome { try await perform(.command(command)) }

  /// Why a command is refused; nil when it is not.
  func reason(_ command: Command) async throws -> Refusal.Reason? {
    do {
      try await perform(command)
      return nil
    } catch EngineFailure.refused(let refusal) {
      return refusal.reason
    }
  }

  /// Why something else is refused; nil when it is not.
  func refusal(of body: (any Engine) async throws -> Void) async -> Refusal.Reason? {
    do {
      try await body(engine)
      return nil
    } catch { return (error as? Refusal)?.reason ?? (error as? EngineFailure)?.refusal?.reason }
  }

  func setClock(_ period: Period) async throws { try await perform(.setClock(period.start)) }

  func account(_ number: Int64) async throws -> AccountRecord {
    try await engine.read(.account(.number(number)))
  }

  private func dieWhenDue() async throws {
    if let life = kind.commandsPerLife, commands % life == 0 { try await die() }
  }

  /// Kills the engine and opens the next.
  func die(sink: @escaping @Sendable ([Completion]) -> Void = { _ in }) async throws {
    try await source.kill(engine)
    engine = try await source.open(terms: terms, autoSettle: autoSettle, sink: sink)
  }
}

extension EngineFailure {
  fileprivate var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}

let november2026 = Period(number: 682)
