import Foundation
import MeceneClient
import MeceneLedger
import MeceneWire
import TestSupport
import Testing

@testable import MeceneServer

/// The ceilings, and what has to hold between them.
@Suite struct LimitsTests {
  private let limits = Limits()

  @Test func `each ceiling has one name, and a default between its lowest and its highest`() {
    #expect(Set(Limits.table.map(\.name)).count == Limits.table.count)
    for limit in Limits.table {
      #expect(limit.range.contains(limit.standard), "\(limit.name)")
      #expect(limits[keyPath: limit.value] == limit.standard, "\(limit.name)")
      #expect(!limit.reason.isEmpty)
    }
  }

  @Test(arguments: Limits.table.map(\.name))
  func `docs/protocol.md has each ceiling as it is`(name: String) throws {
    let limit = try #require(Limits.table.first { $0.name == name })
    func grouped(_ number: Int) -> String {
      var text = ""
      for (position, digit) in "\(number)".reversed().enumerated() {
        text = "\(digit)" + (position > 0 && position % 3 == 0 ? "," : "") + text
      }
      return text
    }
    let cells = [
      "`\(name)`", grouped(limit.range.lowerBound), grouped(limit.standard), grouped(limit.range.upperBound),
      limit.unit.rawValue, limit.reason,
    ]
    let line = "| " + cells.joined(separator: " | ") + " |"
    #expect(try String(contentsOfFile: "docs/protocol.md", encoding: .utf8).contains(line), "\(line)")
  }

  @Test func `what fits together by default`() {
    // The length of a frame has three bytes, and the client takes no longer ones.
    #expect(limits.frameBytesMax < 1 << 24)
    // The longest page, with the one entry that goes beyond it: a thing with its URL and texts, four bytes a character.
    let longestThing = CanonicalURL.bytesMax + 4 * (PlainText.titleMax + PlainText.descriptionMax) + 1_024
    #expect(limits.pageBytesMax + longestThing < 1 << 24)
    // As many clicks as one call may have, each number as long as a number can be.
    #expect(2 * 10 * Limits.clicksPerCallMax + 1_024 < limits.frameBytesMax)
    #expect(Limits.clicksPerCallMax == 65_536)
    // A frame that is let in by itself, however large: see `EventLoop.grant`.
    #expect(4 * limits.frameBytesMax <= limits.bytesInFlightMax / 2)
    #expect(limits.bytesWaitingMax <= limits.bytesInFlightMax / 2)
    // Small calls of all connections together.
    #expect(limits.bytesAlways * limits.connectionsMax <= limits.bytesInFlightMax / 2)
    // Half a frame is late before its connection is idle, and sooner while others wait.
    #expect(limits.halfFrameMs < limits.idleMs && limits.writeStallMs < limits.idleMs)
    #expect(limits.stallUnderPressureMs < min(limits.halfFrameMs, limits.writeStallMs))
    #expect(limits.longReadsMax <= limits.readsMax && limits.readsMax <= limits.callsMax)
    #expect(limits.pageSizeDefault <= limits.pageSizeMax)
    for layout in [ListThingsResponse.layout, ListClicksResponse.layout] {
      let lists = (1...16).map { layout.mostElements(ofField: $0) }.filter { $0 > 1 }
      #expect(lists.allSatisfy { limits.pageSizeMax <= $0 } && !lists.isEmpty, "\(layout.name)")
    }
  }

  @Test(arguments: Limits.table.map(\.name))
  func `a server starts, and serves small calls, with each ceiling at its lowest and at its highest`(
    name: String
  ) async throws {
    let limit = try #require(Limits.table.first { $0.name == name })
    for value in [limit.range.lowerBound, limit.range.upperBound] {
      var limits = Limits()
      limits[keyPath: limit.value] = value
      try await withServerAndClient(limits: limits) { _, client in
        let opened = try await client.accountService.openAccount(.init(name: "anna", budgetMicros: 5_000_000))
        #expect(opened.account?.name == "anna")
        #expect(try await client.accountService.listAccounts(.init()).accounts.count == 1)
        let status = try await client.daemonService.getStatus(.init())
        #expect(status.limits.contains { $0.name == name && $0.value == "\(value)" })
      }
    }
  }
}
