import Foundation
import MeceneClient
import MeceneWire
import TestSupport
import Testing

/// Data from elsewhere, and data for elsewhere.
@Suite(.serialized) struct ImportExportTests {
  private static let reports = "../shared/data/flattr-revenue"
  private static let isThere = FileManager.default.fileExists(atPath: reports)

  private func withDaemon(
    _ more: [String] = [],
    _ body: (TemporaryDirectory, (String, String) throws -> CommandLineTests.Output) throws -> Void
  ) throws {
    let directory = try TemporaryDirectory()
    let daemon = try CommandLineTests.startDaemon(directory, more)
    defer {
      daemon.terminate()
      daemon.waitUntilExit()
    }
    try body(directory) { line, input in
      try CommandLineTests.run(
        "mecene", line.split(separator: " ").map(String.init), input: input,
        environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
    }
  }

  @Test
  func `a file that is imported again changes nothing, and what is refused is named by line and column`()
    throws
  {
    try withDaemon { _, mecene in
      let accounts = """
        name,display_name,budget,deposit
        anna,Anna,10,10
        bert,"Bert, B.",5,5
        X,,,
        carl,,1,
        dora,Dora,2,ten

        """
      let first = try mecene("import -", accounts)
      #expect(first.code == 1 && first.out == "2 deposited, 2 opened, 0 there before, 3 refused\n")
      #expect(first.err.contains("line 4, column name: a name has 3 to 32"))
      #expect(first.err.contains("line 5, column budget: the budget must be 0 or at least 2.00 EUR"))
      #expect(first.err.contains("line 6, column deposit: deposit is an amount"))
      let status = try mecene("status --json", "").out
      let again = try mecene("import - --json", accounts)
      #expect(again.out.contains(#""deposited":0"#) && again.out.contains(#""opened":0"#))
      let other = try mecene("import -", "name,display_name,budget\nanna,Anne,10\nbert,\"Bert, B.\",6\n")
      #expect(
        other.err.contains("line 2, column display_name: the account anna is there, and is called \"Anna\""))
      #expect(other.err.contains("line 3, column budget: the account bert is there, and has the budget 5.00"))

      let things =
        "owner,url,title,hidden\nbert,https://a.example/1,One,\nbert,https://a.example/2,,yes\nanna,https://a.example/1,,\nbert,ftp://x,,\nnobody,https://b.example,,\nbert,https://c.example,,maybe\n"
      let added = try mecene("import -", things)
      #expect(added.out == "2 added, 0 there before, 4 refused\n")
      #expect(
        added.err.contains("line 4, column url: another owner")
          && added.err.contains("line 5, column url: the URL"))
      #expect(
        added.err.contains("line 6, column owner: there is no account")
          && added.err.contains("line 7, column hidden: hidden is"))

      let clicks =
        "patron,thing,period\nanna,https://a.example/1,2026-11\nanna,2,2026-11\nanna,2,\nanna,99,\nnobody,1,\nbert,1,\nanna,1,2026-10\n"
      let clicked = try mecene("import -", clicks)
      #expect(clicked.out == "2 clicked, 1 clicked before, 4 refused\n")
      #expect(clicked.err.contains("line 5, column thing: there is no thing \"99\""))
      #expect(clicked.err.contains("line 6, column patron: there is no account \"nobody\""))
      #expect(clicked.err.contains("line 7, column thing: own thing"))
      #expect(clicked.err.contains("line 8, column period: the period 2026-10 is not open"))
      #expect(try mecene("import -", clicks).out == "0 clicked, 3 clicked before, 4 refused\n")
      #expect(try mecene("import -", "what,ever\n1,2\n").err.contains("none of the headers that are known"))
      #expect(status.contains(#""accounts":"2""#))
    }
  }

  @Test(
    .enabled(if: isThere, "the real reports are not beside the project"),
    arguments: ["201305", "201307", "201309"])
  func `Flattr's own reports are read, and written back after the settlement`(month: String) throws {
    let period = "\(month.prefix(4))-\(month.suffix(2))"
    try withDaemon(["--simulated-clock", period + "-01T00:00:00Z"]) { _, mecene in
      let file = "\(Self.reports)/flattr-revenue-\(month).csv"
      let original = try String(contentsOfFile: file, encoding: .utf8)
      #expect(try mecene("account open owner --budget 2", "").code == 0)
      #expect(try mecene("deposit owner 2 --key k", "").code == 0)
      let imported = try mecene("import \(file) --format flattr-revenue --owner owner", "")
      #expect(imported.code == 0 && imported.out.contains("patrons made up"), "\(imported.err)")
      #expect(try mecene("account show 2", "").out.contains("made up for Flattr's report of \(period)"))
      // Each month has a next one here.
      let next =
        "\(month.prefix(4))-\(Int(month.suffix(2)).map { $0 < 9 ? "0\($0 + 1)" : "\($0 + 1)" } ?? "")-01"
      #expect(try mecene("clock set \(next)", "").code == 0)
      #expect(try mecene("settle \(period) --yes", "").code == 0)
      let written = try mecene("revenue owner --period \(period) --format csv", "").out
      func columns(_ text: String) -> [[String]] {
        // Quoted fields hold no semicolon here.
        text.split(separator: "\n").map { line in
          let fields = line.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
          return [0, 3, 4, 5].map { fields[$0].trimmingCharacters(in: ["\r"]) }
        }
      }
      #expect(columns(written) == columns(original))
      #expect(columns(written).count >= 14)
      #expect(written.contains(";\"\";\"http") && written.contains(","))
      #expect(try mecene("verify", "").out.hasPrefix("clean"))
    }
  }

  @Test func `hledger reads the journal, and its balances are the daemon's`() throws {
    try withDaemon(["--fee-bps", "250"]) { directory, mecene in
      for line in [
        "account open anna --budget 10", "account open b_b-1 --budget 5", "deposit anna 12.34 --key a",
        "deposit b_b-1 7 --key a", "thing add b_b-1 https://example.org/a",
        "thing add anna https://example.org/b",
        "click anna 1", "click b_b-1 2", "clock set 2026-12-01", "settle 2026-11 --yes", "click anna 1",
        "withdraw b_b-1 1.000001 --yes --key w", "withdraw --fees 0.05 --yes --key f",
      ] { #expect(try mecene(line, "").code == 0, "\(line)") }
      let journal = directory.path + "/journal"
      try mecene("export --format hledger", "").out.write(toFile: journal, atomically: true, encoding: .utf8)
      func hledger(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["LC_ALL=C.UTF-8", "hledger", "-f", journal] + arguments
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
      }
      _ = try hledger("check", "--strict")
      func micros(_ account: String) throws -> Int64 {
        let text = try hledger("balance", "--no-total", "--flat", "-O", "csv", account)
        return text.split(separator: "\n").dropFirst().reduce(0) { sum, line in
          let amount = line.split(separator: ",")[1].filter { $0.isNumber || $0 == "-" }
          return sum + (Int64(amount) ?? .min / 4)
        }
      }
      let accounts = try JSONValue(parsing: mecene("account list --json", "").out)
      for account in try ListAccountsResponse(json: accounts).accounts {
        #expect(try micros("liabilities:available:\(account.name)$") == -account.availableMicros)
        #expect(try micros("liabilities:pot:\(account.name):") == -account.potsMicros)
      }
      let status = try GetStatusResponse(json: JSONValue(parsing: mecene("status --json", "").out))
      #expect(try micros("income:fees") == -status.feesMicros)
      #expect(try micros("assets:bank") == status.moneyMicros)
      // The other forms hold the same transfers.
      let transfers = Int(status.transfers)
      #expect(try mecene("export --format csv", "").out.split(separator: "\n").count == transfers + 1)
      #expect(try mecene("export --format json", "").out.split(separator: "\n").count == transfers)
      #expect(
        try mecene("export --format beancount", "").out.contains(
          "2026-11-01 open Liabilities:Available:Xb-ub--1 EUR"))
      let november = try mecene("export --format csv --period 2026-11", "").out.split(separator: "\n").count
      let december = try mecene("export --format csv --period 2026-12", "").out.split(separator: "\n").count
      #expect(november + december == transfers + 2)
      #expect(try mecene("export --format csv --period 2027-01", "").code == 64 + 5)
    }
  }
}
