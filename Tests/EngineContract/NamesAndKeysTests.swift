import MeceneEngine
import MeceneLedger
import MeceneProof
import TestSupport
import Testing

/// How accounts and things are found, and what a repeat of a request comes to.
@Suite struct NamesAndKeysTests {
  @Test(arguments: EngineKind.allCases)
  func `an account is found by number and by name, and no name is given twice`(kind: EngineKind) async throws
  {
    try await Subject.live(kind) { (subject) async throws in
      for name in ["anna", "bert", "carl", "dora", "emil", "fred"] {
        try await subject.engine.openAccount(name, budget: Micros(5_000_000))
      }
      try await subject.die()
      func reference(_ name: String) -> AccountReference {
        .name(name, subject.engine.fingerprintKey.fingerprint(of: name))
      }
      for (number, name) in ["anna", "bert", "carl"].enumerated() {
        let (byName, byNumber) = try await subject.engine.read(
          .account(reference(name)), .account(.number(Int64(number + 1))))
        #expect(byName == byNumber && byName.name == name && byName.money.budget == Micros(5_000_000))
      }
      let again = Command.openAccount(
        name: try AccountName("dora"),
        fingerprint: subject.engine.fingerprintKey.fingerprint(of: "dora"), displayName: try PlainText.none,
        budget: .zero)
      #expect(try await subject.reason(again) == .nameTaken)
      try await subject.perform(.deposit(reference("fred"), Micros(7), RequestKey("k")))
      #expect(try await subject.account(6).money.available == Micros(7))
      #expect(
        try await subject.reason(.deposit(reference("nobody"), Micros(7), RequestKey("k")))
          == .accountNotFound)
      for stranger in [reference("nobody"), .number(7), .number(0), .number(-1), .number(.max)] {
        #expect(
          await subject.refusal { _ = try await $0.read(.account(stranger)) }
            == .accountNotFound)
      }
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `a thing is found by number and by URL, and belongs to one owner`(kind: EngineKind) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await subject.engine.populate(accounts: 3)
      try await subject.die()
      let url = try CanonicalURL("http://EXAMPLE.org/2", isNew: false)
      let reference = ThingReference.url(
        url.text, subject.engine.fingerprintKey.fingerprint(of: url.identity))
      let (byURL, byNumber) = try await subject.engine.read(.thing(reference), .thing(.number(2)))
      #expect(byURL == byNumber && byURL.owner == AccountID(2) && byURL.ownerName == "account2")
      guard
        case .thing(let id, let record?, alreadyAdded: true) = try await subject.engine.addThing(
          "https://example.org/2", owner: 2)
      else { throw Unexpected() }
      #expect(id == ThingID(2) && record == byURL)
      #expect(
        await subject.refusal { _ = try await $0.addThing("https://example.org/2", owner: 3) } == .urlTaken)
      try await subject.perform(.click(.number(1), reference, nil))
      try await subject.perform(
        .updateThing(
          reference, title: PlainText("A song", field: "title", charactersMax: 99), description: nil,
          hidden: true))
      let changed = try await subject.engine.read(.thing(reference))
      #expect(changed.title == "A song" && changed.isHidden && !changed.isRetired)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `a key stands for one movement of one account, and its repeat moves nothing`(
    kind: EngineKind
  ) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await subject.engine.populate(accounts: 2)
      let first = try await transfer(
        subject.perform(.deposit(.number(1), Micros(3), RequestKey("payment"))), replayed: false)
      for _ in 0..<3 {
        try await subject.die()
        let repeated = try await transfer(
          subject.perform(.deposit(.number(1), Micros(3), RequestKey("payment"))), replayed: true)
        #expect(repeated.id == first.id && repeated.availableAfter == first.availableAfter)
        #expect(repeated.committedAt == first.committedAt)
      }
      #expect(
        try await subject.reason(.deposit(.number(1), Micros(4), RequestKey("payment"))) == .keyReused)
      #expect(
        try await subject.reason(.withdraw(.account(.number(1)), Micros(3), RequestKey("payment")))
          == .keyReused)
      // Another account's key is another key, and so are those of the fees.
      let other = try await transfer(
        subject.perform(.deposit(.number(2), Micros(3), RequestKey("payment"))), replayed: false)
      #expect(other.id > first.id)
      #expect(
        try await subject.reason(.withdraw(.fees, Micros(3), RequestKey("payment"))) == .insufficientFunds)
      #expect(try await subject.account(1).money.available == Micros(10_000_003))
      #expect(try await subject.account(2).money.available == Micros(10_000_003))
    }
  }

  private func transfer(_ outcome: Outcome, replayed: Bool) throws -> Transfer {
    guard case .transfer(let transfer, replayed) = outcome else { throw Unexpected() }
    return transfer
  }

  @Test(arguments: EngineKind.allCases)
  func `fingerprints are the ledger's own, for as long as it lives`(kind: EngineKind) async throws {
    try await Subject.live(kind) { (subject) async throws in
      let before = subject.engine.fingerprintKey.fingerprint(of: "anna")
      try await subject.die()
      #expect(subject.engine.fingerprintKey.fingerprint(of: "anna") == before)
      #expect(subject.engine.fingerprintKey.fingerprint(of: "bert") != before)
    }
  }
}

struct Unexpected: Error {}
