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
          // The payment's own number is the key: told twice, it is booked once.
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
}
