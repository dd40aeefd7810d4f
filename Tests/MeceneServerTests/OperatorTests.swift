import MeceneClient
import MeceneServer
import TestSupport
import Testing

import struct MeceneLedger.Micros
import struct MeceneLedger.Terms

/// What an operator can see.
@Suite struct OperatorTests {
  @Test
  func `terms in force and those of the next month are told apart, and a change is logged at the start`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let first = Terms(feeBps: 1_000)
    let log = LogRecorder()
    try await withServer(in: directory, terms: first, logger: log.logger) { _ in }
    try await withServer(in: directory, terms: first, logger: log.logger) { _ in }
    #expect(log.count("the terms change") == 0)
    // As when a unit file has lost a line.
    let second = Terms(feeBps: 0, minimum: Micros(3_000_000), receiveRequiresGiving: false)
    try await withServerAndClient(in: directory, terms: second, logger: log.logger) { _, client in
      #expect(
        log.all.contains(
          "notice: the terms change with the next month fee_bps=1000->0 from=2026-12 "
            + "minimum_budget=2.00->3.00 receive_requires_giving=true->false"))
      let status = try await client.daemonService.getStatus(.init())
      #expect(
        status.terms
          == PeriodTerms(feeBps: 1_000, minimumBudgetMicros: 2_000_000, receiveRequiresGiving: true))
      #expect(status.nextTerms == PeriodTerms(feeBps: 0, minimumBudgetMicros: 3_000_000))
      #expect(status.writesRefused.isEmpty && status.freeBytes > 0)
      #expect(status.currency == "EUR" && status.simulatedClock)
      // What is in force decides.
      _ = try await client.accountService.openAccount(.init(name: "anna", budgetMicros: 2_000_000))
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      let december = try await client.daemonService.getStatus(.init())
      #expect(december.terms == december.nextTerms)
      await #expect(throws: MeceneError.self) {
        try await client.accountService.openAccount(.init(name: "bert", budgetMicros: 2_000_000))
      }
    }
  }

  @Test func `a refused call leaves a line at debug`() async throws {
    let log = LogRecorder()
    try await withServerAndClient(logger: log.logger) { _, client in
      _ = try await client.accountService.openAccount(.init(name: "anna", budgetMicros: 2_000_000))
      _ = try await client.accountService.openAccount(.init(name: "bert", budgetMicros: 2_000_000))
      _ = try await client.thingService.addThing(.init(owner: .id(2), url: "https://example.org/a"))
      _ = try? await client.clickService.click(.init(patron: .name("anna"), thing: .id(1)))
      _ = try? await client.accountService.getAccount(.init(account: .name("x\ninfo mecened: [forged]")))
      let lines = log.all.filter { $0.hasPrefix("debug: call refused") }
      #expect(lines.count == 2)
      #expect(
        lines.first?.contains("reason=PATRON_INACTIVE") == true
          && lines.first?.contains("account_id=1") == true)
    }
  }
}
