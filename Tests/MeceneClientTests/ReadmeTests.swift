import Foundation
import MeceneClient
// For the daemon. The messages come with the client.
import MeceneServer
import MeceneTransport
import TestSupport
import Testing

@Suite struct ReadmeTests {
  @Test func `the README's example works`() async throws {
    try await withServer { server in
      let address = server.addresses[0].description
      // The lines between the marks stand in README.md; a test below compares them.
      // example-begin
      try await withMeceneClient(address) { client in
        for name in ["anna", "bert"] {
          _ = try await client.accountService.openAccount(.init(name: name, budgetMicros: 10_000_000))
          // The payment's own number is the key: sent twice, it is booked once.
          _ = try await client.accountService.deposit(
            .init(account: .name(name), amountMicros: 10_000_000, key: "payment-4711"))
        }
        _ = try await client.thingService.addThing(
          .init(owner: .name("bert"), url: "https://example.org/song"))
        let click = try await client.clickService.click(
          .init(patron: .name("anna"), thing: .url("https://example.org/song")))
        print("each of \(click.clicks) clicks is worth \(click.shareMicros) micros now")
      }
      // example-end
    }
  }

  @Test func `the README shows the example that is tested`() throws {
    func lines(_ path: String) throws -> [String] {
      try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
    let tested = try lines("Tests/MeceneClientTests/ReadmeTests.swift")
    let begin = try #require(tested.firstIndex(of: "// example-begin"))
    let end = try #require(tested.firstIndex(of: "// example-end"))
    // Line breaks may differ: the formatter sets those of the test.
    let example = tested[(begin + 1)..<end].joined().replacing("(address) ", with: " ").filter {
      !$0.isWhitespace
    }
    let readme = try lines("README.md").joined().filter { !$0.isWhitespace }
    #expect(readme.contains(example))
  }

  /// The examples of the library's own pages, which are compared with these.
  @Test func `the examples of the documentation work`() async throws {
    try await withServer { server in
      let address = server.addresses[0].description
      try await withMeceneClient(address) { client in
        let opened = try await client.accountService.openAccount(
          .init(name: "anna", budgetMicros: 10_000_000))
        print(opened.account?.id ?? 0)
      }
      let client = try MeceneClient(
        address: address, options: CallOptions(timeout: .seconds(3)))
      let health = try await client.health.check(.init(), options: CallOptions(timeout: .milliseconds(300)))
      #expect(health.status == .serving)
      do {
        _ = try await client.clickService.click(
          .init(patron: .name("anna"), thing: .url("https://example.org/song")))
      } catch let error as MeceneError where error.reason == .patronInactive {
        print("anna has to pay in first")
      } catch let error as MeceneError where error.inDoubt {
        print("nobody knows whether it was done: \(error)")
      } catch let error as MeceneError where error.reason == .thingNotFound {}
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      for try await page in client.accountService.listAccountsPages(.init(pageSize: 1_000)) {
        for account in page.accounts { print(account.name) }
      }
      for try await message in client.settlementService.settle(.init(period: "2026-11")) {
        if case .settlement(let settlement) = message.event { print(settlement.digest) }
      }
      await client.close()
    }
  }

  @Test func `the documentation shows the examples that are tested`() throws {
    func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
    let tested = try text("Tests/MeceneClientTests/ReadmeTests.swift").filter { !$0.isWhitespace }
    let blocks = try text("clients/MeceneClient/MeceneClient.docc/MeceneClient.md").matches(
      of: /```swift\n(?:import MeceneClient\n)?((?s).*?)```/
    ).map { String($0.output.1) }
    #expect(blocks.count == 4)
    for block in blocks {
      let plain = block.replacing("\"tcp://127.0.0.1:7437\"", with: "address")
        .replacing("\"unix:/run/mecene/mecene.sock\"", with: "address")
        .trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(tested.contains(plain.filter { !$0.isWhitespace }), "\(block)")
    }
  }
}
