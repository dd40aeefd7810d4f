import Foundation
import MeceneClient
import MeceneWire
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneProof
@testable import mecene

/// Proofs that people hold, checked without a daemon.
@Suite(.serialized) struct ReceiptTests {
  /// A settled 2026-11 of people who each set 2.00 aside and clicked up to three things; every seventh clicked none.
  private func settle(_ client: MeceneClient, people: UInt64) async throws -> String {
    // One after the other, so that person n has account n and thing n.
    for n in 1...people {
      _ = try await client.accountService.openAccount(
        .init(name: "account\(n)", budgetMicros: 2_000_000 + Int64(n)))
      _ = try await client.accountService.deposit(
        .init(account: .id(n), amountMicros: 2_000_000 + Int64(n), key: "k"))
      let thing = try await client.thingService.addThing(
        .init(owner: .id(n), url: "https://example.org/\(n)")
      ).thing
      try #require(thing?.id == n)
    }
    let clicking = (1...people).filter { $0 % 7 != 0 }
    let patrons = clicking.flatMap { [$0, $0, $0] }
    let things = clicking.flatMap { n in (1...3).map { ($0 * $0 * 31 + n) % people + 1 } }
    _ = try await client.clickService.clickMany(.init(patronIDs: patrons, thingIDs: things))
    // A pot without clicks: made, and the click taken back.
    _ = try await client.clickService.click(.init(patron: .id(7), thing: .id(8)))
    _ = try await client.clickService.undoClick(.init(patron: .id(7), thing: .id(8)))
    _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
    for try await message in client.settlementService.settle(.init(period: "2026-11")) {
      if case .settlement(let settlement) = message.event { return settlement.digest }
    }
    return ""
  }

  private func receipt(_ client: MeceneClient, _ id: UInt64, _ role: ReceiptRole) async throws -> Receipt? {
    do {
      return try await client.settlementService.getReceipt(
        .init(account: .id(id), period: "2026-11", role: role)
      ).receipt
    } catch let error as MeceneError where error.reason == .receiptNotFound { return nil }
  }

  @Test
  func `everybody's receipt of a settled month leads to its digest, also after a restart and from a backup`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let people: UInt64 = 1_000
    var receipts: [String] = []
    var digest = ""
    try await withServerAndClient(in: directory) { _, client in
      digest = try await settle(client, people: people)
      var given: Int64 = 0
      var received: Int64 = 0
      for id in 1...people {
        for role in [ReceiptRole.patron, .owner] {
          guard let receipt = try await receipt(client, id, role) else { continue }
          #expect(receipt.digest == digest)
          let proof = try receipt.checked()
          switch proof.leaf {
          case .patron(let leaf): given += leaf.clicks.reduce(0) { $0 + $1.share.rawValue }
          case .owner(let leaf): received += leaf.micros.rawValue
          }
          receipts.append(receipt.json)
        }
      }
      // All the parts together are the whole.
      let whole = try await client.settlementService.getSettlement(.init(period: "2026-11")).settlement
      #expect(given == whole?.revenueMicros && received == given && given > 0)
      #expect(receipts.count == Int((whole?.pots ?? 0) + (whole?.owners ?? 0)))
      let returned = try await receipt(client, 7, .patron)
      guard case .patron(let part)? = returned?.part else {
        Issue.record("no receipt of the pot without clicks")
        return
      }
      #expect(part.clicks.isEmpty && part.potMicros == 2_000_007)
    }
    let backup = directory.path + "/backup"
    #expect(
      try Programs.run("mecened", ["backup", "--data", directory.path + "/data", backup]).code == 0)
    try FileManager.default.removeItem(atPath: directory.path + "/data")
    #expect(
      try Programs.run("mecened", ["restore", "--data", directory.path + "/data", backup]).code == 0)
    try await withServerAndClient(in: directory) { _, client in
      let again = try await receipt(client, 1, .patron)
      #expect(again.map { receipts.contains($0.json) } == true)
    }
    for json in receipts.prefix(20) {
      #expect(try Receipt(json: JSONValue(parsing: json)).checked().digest?.hexadecimal == digest)
    }
  }

  @Test func `a receipt with any byte changed proves nothing`() async throws {
    let (patron, owner) = try await withServerAndClient { _, client in
      _ = try await settle(client, people: 150)
      return (try await receipt(client, 5, .patron), try await receipt(client, 40, .owner))
    }
    for receipt in [patron, owner] {
      let receipt = try #require(receipt)
      let bytes = Array((receipt.json + "\n").utf8)
      _ = try Receipt(json: JSONValue(parsing: String(decoding: bytes, as: UTF8.self))).checked()
      var accepted: [Int] = []
      for position in bytes.indices {
        // Another bit for each byte: all eight of all bytes take half a minute without optimisation.
        for bit in [position % 8] {
          var flipped = bytes
          flipped[position] ^= 1 << UInt8(bit)
          guard let text = String(validating: flipped, as: UTF8.self) else { continue }
          if (try? Receipt(json: JSONValue(parsing: text)).checked()) != nil { accepted.append(position) }
        }
      }
      #expect(accepted.isEmpty)
    }
  }

  @Test func `a receipt tells nothing of anybody else, and its hashes can't be guessed`() throws {
    // A secret that nobody knows, and a neighbour whose part an attacker guesses rightly.
    var random = SystemRandomNumberGenerator()
    let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    let period = Period(number: 682)
    let (anna, bert) = (AccountID(1), AccountID(2))
    let plan = try SettlementPlan(
      period: period, terms: Terms(), pots: [(anna, Micros(2_000_000)), (bert, Micros(3_000_000))],
      clicks: [(anna, ThingID(9)), (bert, ThingID(9))], owner: { _ in AccountID(3) })
    let seal = plan.seal(secrets: secrets(secret))
    let hashes = (0..<2).map { position in
      let leaf = plan.patronLeaf(at: position)
      return LeafHash.of(leaf.words, leaf.id, period, secret: secret[...])
    }
    let receipt = ReceiptProof(
      header: plan.header, leaf: .patron(plan.patronLeaf(at: 0)),
      blind: LeafHash.blind(anna, period, secret: secret[...]).bytes, index: 0,
      path: MerkleTree.path(to: 0, in: hashes[...]).map(\.bytes), otherRoot: seal.blocks[1].hash)
    #expect(receipt.digest == seal.digest && receipt.path == [hashes[1].bytes])
    let guess = plan.patronLeaf(at: 1)
    for blind in [receipt.blind, [UInt8](repeating: 0, count: 32), CommitChain.rowsHash(receipt.blind)] {
      #expect(LeafHash.of(guess.words, blind: try #require(Hash(blind))).bytes != receipt.path[0])
    }
    #expect(LeafHash.of(guess.words, guess.id, period, secret: secret[...]).bytes == receipt.path[0])
  }

  @Test func `receipts are shown, saved and checked from the command line, and by thirty lines of Python`()
    throws
  {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    func mecene(_ line: String) throws -> Programs.Output {
      try Programs.run(
        "mecene", line.split(separator: " ").map(String.init),
        environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
    }
    for line in [
      "account open anna --budget 10", "deposit anna 10 --key a", "account open bert --budget 2",
      "deposit bert 2 --key b", "thing add bert https://example.org/a",
      "thing add bert https://example.org/b",
      "thing add bert https://example.org/c", "click anna 1", "click anna 2", "click anna 3",
      "clock set 2026-12-01",
      "settle 2026-11 --yes",
    ] { #expect(try mecene(line).code == 0, "\(line)") }
    let shown = try mecene("receipt show anna --period 2026-11")
    #expect(shown.out.contains("number 1, as a patron") && shown.out.contains("3.333334"), "\(shown.err)")
    #expect(try mecene("receipt show bert --period 2026-11 --as owner").out.contains("revenue  10.00"))
    let none = try mecene("receipt show anna --period 2026-11 --as owner")
    #expect(none.code == 64 + 5 && none.err.contains("anna received nothing for 2026-11"))
    let early = try mecene("receipt show anna --period 2026-12")
    #expect(early.code == 64 + 5 && early.err.contains("2026-12 is not settled yet"))

    let file = directory.path + "/receipt.json"
    let saved = try mecene("receipt save anna --period 2026-11 --output \(file)")
    #expect(saved.code == 0 && saved.out.hasPrefix("saved to \(file)"), "\(saved.err)")
    #expect(try mecene("receipt save anna --period 2026-11 --output \(file)").code == 1)
    // A disk that is full leaves no half receipt in the way of the next attempt.
    if SmallDisk.canBeMade {
      let disk = try SmallDisk(bytes: 1 << 20)
      // Small files still find room when a large one finds none.
      let fill = "cat /dev/zero > a; n=0; while echo x > b$n; do n=$((n+1)); done"
      _ = try Programs.run(path: "/bin/sh", ["-c", "cd \(disk.path) && { \(fill); }"])
      let save = "receipt save anna --period 2026-11 --output \(disk.path)/receipt.json"
      let full = try mecene(save)
      #expect(full.code == 1 && full.err.contains("no space left"), "\(full.err)")
      try FileManager.default.removeItem(atPath: disk.path + "/a")
      #expect(try mecene(save).code == 0)
      withExtendedLifetime(disk) {}
    }
    let digest = String(saved.out.suffix(65).prefix(64))
    let checked = try mecene("receipt check \(file) --digest \(digest)")
    #expect(checked.code == 0 && checked.out.hasPrefix("proved\n"), "\(checked.err)")
    #expect(try mecene("receipt check \(file)").out.hasPrefix("consistent\n"))
    let other = try mecene("receipt check \(file) --digest \(String(digest.reversed()))")
    #expect(other.code == 1 && other.err.contains("the receipt is of a settlement with the digest \(digest)"))
    func python(_ file: String, _ digest: String) throws -> Programs.Output {
      try Programs.run(path: "/usr/bin/env", ["python3", "docs/check_receipt.py", file, digest])
    }
    #expect(try python(file, digest).code == 0)
    #expect(try python(file, String(digest.reversed())).code == 1)
    // A member that stands twice: whoever shows the other one shows what was not checked.
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let end = try #require(text.lastIndex(of: "}"))
    for forged in [
      String(text[..<end]) + #","patron":{"potMicros":"999000000"}}"#,
      #"{"patron":{"potMicros":"999000000"},"# + String(text.dropFirst()),
    ] {
      let path = directory.path + "/forged.json"
      try forged.write(toFile: path, atomically: true, encoding: .utf8)
      let check = try mecene("receipt check \(path) --digest \(digest)")
      #expect(check.code == 1 && check.err.contains("has the member \"patron\" twice"), "\(check.err)")
      #expect(try python(path, digest).err.contains("a member twice"))
    }
    // What shows something else than was checked.
    for (old, new) in [
      ("}\n", #","owner":{"clicks":"5","micros":"999000000"}}"#), ("}\n", #","note":"paid 999.00"}"#),
      ("}\n", #","Period":"2027-01"}"#), (#""shareMicros":"3333334""#, #""shareMicros":3333334.9"#),
      (#""accountId":"1""#, #""accountId":true"#), (#""accountId":"1""#, #""accountId":"01""#),
      (#""period":"2026-11""#, #""period":"2025-23""#),
    ] {
      let path = directory.path + "/shown.json"
      let forged = text.replacing(old, with: new)
      #expect(forged != text, "\(old)")
      try forged.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try mecene("receipt check \(path) --digest \(digest)").code == 1, "\(new)")
      #expect(try python(path, digest).code == 1, "\(new)")
    }
  }

  @Test
  func `the worked example of the economy's page is what the daemon pays, and twenty lines of Python agree`()
    throws
  {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    func mecene(_ line: String) throws -> String {
      let output = try Programs.run(
        "mecene", line.split(separator: " ").map(String.init),
        environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
      #expect(output.code == 0, "\(line): \(output.err)")
      return output.out
    }
    let pots = ["anna": "10", "bert": "5", "carl": "2.000001", "dora": "2", "emil": "2"]
    for name in ["anna", "bert", "carl", "dora", "emil"] {
      _ = try mecene("account open \(name) --budget \(pots[name] ?? "")")
      _ = try mecene("deposit \(name) \(pots[name] ?? "") --key k")
    }
    for line in [
      "thing add dora https://example.org/1", "thing add dora https://example.org/2",
      "thing add emil https://example.org/3", "click anna 1", "click anna 2", "click anna 3", "click bert 1",
      "click carl 2", "clock set 2026-12-01", "settle 2026-11 --yes",
    ] { _ = try mecene(line) }
    #expect(try mecene("account show dora").contains("available       15.666668"))
    #expect(try mecene("account show emil").contains("available       5.333333"))
    let page = try String(contentsOfFile: "docs/economy.md", encoding: .utf8)
    for (patron, shares) in [(1, ["3.333334", "3.333333", "3.333333"]), (2, ["5.00"]), (3, ["2.000001"])] {
      let clicks = try ListClicksResponse(
        json: JSONValue(parsing: mecene("clicks \(patron) --period 2026-11 --json"))
      )
      #expect(clicks.clicks.map { Micros($0.shareMicros).description } == shares)
      for share in shares { #expect(page.contains(share)) }
      let python = Process()
      python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      python.arguments =
        ["python3", "docs/recompute.py", "\(patron)", "2026-11", "\(clicks.potMicros)", "0"]
        + clicks.clicks.map { "\($0.thingID)" }
      let out = Pipe()
      python.standardOutput = out
      try python.run()
      let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      python.waitUntilExit()
      #expect(text == clicks.clicks.map { "\($0.thingID) \($0.shareMicros)\n" }.joined())
    }
  }
}
