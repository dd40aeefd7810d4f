import Foundation
import MeceneClient
import MeceneWire
import TestSupport
import Testing

/// Data from elsewhere, and data for elsewhere.
@Suite(.serialized) struct ImportExportTests {
  private static let reports = "../shared/data/flattr-revenue"
  private static let isThere = FileManager.default.fileExists(atPath: reports)

  @Test
  func `a file that is imported again changes nothing, and what is refused is named by line and column`()
    throws
  {
    try Programs.withDaemon { _, mecene in
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

  /// Swift takes K and the Kelvin sign, and é in one or two characters, for the same; the daemon does not.
  @Test func `a look-alike takes nobody's clicks`() throws {
    try Programs.withDaemon { _, mecene in
      for name in ["alice", "mallory", "anna", "bert"] {
        #expect(try mecene("account open \(name) --budget 2", "").code == 0)
        #expect(try mecene("deposit \(name) 2 --key k", "").code == 0)
      }
      let pairs = [
        ("https://example.org/K", "https://example.org/\u{212a}"),
        ("https://example.org/\u{e9}", "https://example.org/e\u{301}"),
      ]
      let things = pairs.map { "alice,\($0.0)\nmallory,\($0.1)\n" }.joined()
      #expect(try mecene("import -", "owner,url\n" + things).out.hasPrefix("4 added"))
      let clicks = pairs.map { "anna,\($0.1)\nbert,\($0.0)\n" }.joined()
      #expect(try mecene("import -", "patron,thing\n" + clicks).out.hasPrefix("4 clicked"))
      for owner in ["alice", "mallory"] {
        let revenue = try mecene("revenue \(owner) --period 2026-11 --json", "").out
        #expect(revenue.contains(#""clicksTotal":"2""#), "\(revenue)")
      }
    }
  }

  @Test func `no title forges a field of a report, and none is a formula`() throws {
    try Programs.withDaemon { directory, mecene in
      #expect(try mecene("account open owner --budget 2", "").code == 0)
      #expect(try mecene("deposit owner 2 --key k", "").code == 0)
      #expect(try mecene("account open patron --budget 2", "").code == 0)
      #expect(try mecene("deposit patron 2 --key k", "").code == 0)
      let titles = [
        "Song \"\u{301};9;999,00;9;\"", "=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "'=x", "a,\u{301}b",
        "\u{600}\"x",
        "\u{fe0f}y", "plain",
      ]
      // Written by code points, as any other program would.
      var file = "owner,url,title\n"
      for (number, title) in titles.enumerated() {
        var quoted = "\""
        for scalar in title.unicodeScalars {
          quoted.unicodeScalars.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar])
        }
        quoted.unicodeScalars.append("\"")
        file += "owner,https://example.org/\(number),"
        file.unicodeScalars.append(contentsOf: quoted.unicodeScalars)
        file += "\n"
      }
      let added = try mecene("import -", file)
      #expect(added.out == "\(titles.count) added, 0 there before, 0 refused\n", "\(added.err)")
      for number in titles.indices { _ = try mecene("click patron https://example.org/\(number)", "") }
      let report = try mecene("revenue owner --period 2026-11 --format csv", "").out
      let path = directory.path + "/report.csv"
      try report.write(toFile: path, atomically: true, encoding: .utf8)
      let script = """
        import csv, json, sys
        rows = list(csv.reader(open(sys.argv[1], encoding="utf-8", newline=""), delimiter=";"))
        print(json.dumps([len(set(map(len, rows))), [row[4] for row in rows[1:]]]))
        """
      let read = try Programs.run(path: "/usr/bin/python3", ["-c", script, path])
      let expected = titles.map { title in "=+-@".contains(title.first ?? "x") ? "'" + title : title }
      let found = try JSONDecoder().decode(Parsed.self, from: Data(read.out.utf8))
      #expect(found.widths == 1)
      #expect(found.titles.map { Array($0.unicodeScalars) } == expected.map { Array($0.unicodeScalars) })
      // And the report is read back, on books of its own.
      let settings = ["--minimum-budget", "0.000001", "--no-receive-requires-giving"]
      try Programs.withDaemon(settings) { _, mecene in
        #expect(try mecene("account open owner", "").code == 0)
        let again = try mecene("import \(path) --format flattr-revenue --owner owner", "")
        #expect(again.out.contains("\(titles.count) things added"), "\(again.out)\(again.err)")
      }
    }
  }

  private struct Parsed: Decodable {
    let widths: Int
    let titles: [String]

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      widths = try list.decode(Int.self)
      titles = try list.decode([String].self)
    }
  }

  /// What a report says of each page of a month: period, URL, title, clicks and revenue to the cent.
  private static func pages(_ report: String) throws -> [String] {
    try report.split(separator: "\n").dropFirst().map { line in
      // Quoted fields hold no semicolon here.
      let fields = line.split(separator: ";", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: ["\r", "\""])
      }
      let revenue = try #require(Double(fields[6].replacing(",", with: ".")))
      return ([0, 3, 4, 5].map { fields[$0] } + [String(format: "%.2f", revenue)]).joined(separator: ";")
    }.sorted()
  }

  @Test(.enabled(if: isThere, "the real reports are not beside the project"))
  func `Flattr's own reports of many months are lived through, and come out to the cent`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.reports).sorted().map {
      try String(contentsOfFile: Self.reports + "/" + $0, encoding: .utf8)
    }
    // One file of all months, newest first, as a statistics program writes it.
    let rows = files.reversed().flatMap { $0.split(separator: "\n").dropFirst() }
    let whole =
      "period;id;flattr.url;url;title;clicks;revenue;clicks.total\n" + rows.joined(separator: "\n") + "\n"
    let settings = [
      "--simulated-clock", "2013-05-01T00:00:00Z", "--minimum-budget", "0.000001",
      "--no-receive-requires-giving", "--no-auto-settle",
    ]
    try Programs.withDaemon(settings) { _, mecene in
      #expect(try mecene("account open owner", "").code == 0)
      let imported = try mecene("import - --format flattr-revenue --owner owner", whole)
      #expect(imported.code == 0 && imported.out.contains("3 months settled"), "\(imported.err)")
      #expect(imported.err.contains("made up: who clicked"))
      #expect(try mecene("account show 2", "").out.contains("made up for Flattr's report of 2013-05"))
      for (file, month) in zip(files, ["2013-05", "2013-07", "2013-09"]) {
        let written = try mecene("revenue owner --period \(month) --format csv", "").out
        #expect(try Self.pages(written) == Self.pages(file))
      }
      #expect(try mecene("status", "").out.contains("open period        2013-10"))
      #expect(try mecene("verify", "").out.hasPrefix("clean"))
      let again = try mecene("import - --format flattr-revenue --owner owner", whole)
      #expect(
        again.code == 0 && again.out.contains("3 months there before") && again.out.contains("0 clicked"))
      let other = try mecene(
        "import - --format flattr-revenue --owner owner", whole.replacing(";0,95;", with: ";0,96;"))
      #expect(other.code == 1 && other.err.contains("2013-05 has passed here"), "\(other.err)")
    }
  }

  @Test func `a report that would come out otherwise is refused, with the command that does it right`() throws
  {
    let report = """
      period,id,flattr.url,url,title,clicks,revenue,clicks.total
      2013-05,1,,https://example.org/a,A,2,0.05,2
      2013-05,2,,http://EXAMPLE.org/a,again,2,0.05,2
      2013-06,3,,https://example.org/b,B,3,0,3

      """
    let wrong =
      report + """
        2013-13,4,,https://example.org/c,C,1,1,1
        2013-06,5,,https://example.org/c,C,9000,0,1
        2013-06,6,,https://a..b/,C,1,"1.234,50",1
        2013-06,7,,https://a..b/,C,1,1,1

        """
    let line = "import - --format flattr-revenue --owner owner"
    try Programs.withDaemon { _, mecene in
      #expect(try mecene("account open owner --budget 2", "").code == 0)
      let refused = try mecene(line, report)
      #expect(
        refused.code == 1
          && refused.err.contains("mecened --data NEW --simulated-clock 2013-05-01T00:00:00Z"),
        "\(refused.err)")
      #expect(try mecene("status --json", "").out.contains(#""accounts":"1""#))
    }
    try Programs.withDaemon(["--simulated-clock", "2013-05-01T00:00:00Z"]) { _, mecene in
      let refused = try mecene(line, report)
      #expect(
        refused.err.contains("the daemon has a minimum of 2.00")
          && refused.err.contains("--minimum-budget 0.000001"),
        "\(refused.err)")
    }
    let settings = ["--minimum-budget", "0.000001", "--no-receive-requires-giving"]
    try Programs.withDaemon(["--simulated-clock", "2013-05-01T00:00:00Z"] + settings) { _, mecene in
      #expect(try mecene("account open owner", "").code == 0)
      let stopped = try mecene(line, wrong)
      #expect(stopped.code == 1 && stopped.err.contains("nothing was imported: mend these lines first"))
      #expect(stopped.out.contains("0 clicked") && stopped.out.contains("4 refused"), "\(stopped.out)")
      #expect(stopped.err.contains("line 5, column period: it has to be a month"))
      #expect(stopped.err.contains("line 6, column clicks: so many clicks"))
      #expect(stopped.err.contains("line 7, column revenue: it has to be an amount"))
      #expect(stopped.err.contains("line 8, column url: "))
      #expect(try mecene("status", "").out.contains("open period        2013-05"))
      let imported = try mecene(line, report)
      #expect(
        imported.out
          == "7 clicked, 0 clicked before, 2 months settled, 0 months there before, 7 patrons made up, "
          + "2 things added, 0 things there before, 0 refused\n", "\(imported.err)")
      #expect(try mecene("revenue owner --period 2013-05 --format csv", "").out.contains(";4;0,10;4"))
      #expect(try mecene("revenue owner --period 2013-06 --format csv", "").out.contains(";3;0,000003;3"))
    }
  }

  @Test func `hledger reads the journal, and its balances are the daemon's`() throws {
    try Programs.withDaemon(["--fee-bps", "250"]) { directory, mecene in
      for line in [
        "account open anna --budget 10", "account open b_b-1 --budget 5", "deposit anna 12.34 --key a",
        "deposit b_b-1 7 --key a", "thing add b_b-1 https://example.org/a",
        "thing add anna https://example.org/b",
        "click anna 1", "click b_b-1 2", "clock set 2026-12-01", "settle 2026-11 --yes", "click anna 1",
        "withdraw b_b-1 1.000001 --yes --key w", "withdraw --fees 0.05 --yes --key f",
      ] { #expect(try mecene(line, "").code == 0, "\(line)") }
      // A key that other programs' formats could take for something else.
      let odd = #"=a, "b"; date:x \ |"#
      let request = DepositRequest(account: .name("anna"), amountMicros: 10_000, key: odd)
      #expect(try mecene("call AccountService/Deposit -", request.json).code == 0)
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
      #expect(try hledger("print", "tag:key=^w$").contains("1.000001"))
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
      let entries = try mecene("export --format json", "").out.split(separator: "\n").map {
        try JournalEntry(json: JSONValue(parsing: String($0))).transfer?.key ?? ""
      }
      #expect(entries.filter { !$0.isEmpty } == ["a", "a", "w", "f", odd])
      let csv = try mecene("export --format csv", "").out
      #expect(csv.contains(#","'=a, ""b""; date:x \ |""#) && csv.contains(#","w""#))
      #expect(
        try mecene("export --format beancount", "").out.contains(##"  key: "=a, \"b\"; date:x \\ |""##))
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
