import Foundation
import MeceneTerminal
import MeceneTransport
import TestSupport
import Testing

/// What somebody new does wrong, and what is told then.
@Suite(.serialized) struct MistakeTests {
  @Test func `a file that is nearly right is told what is wrong, with the line`() throws {
    try Programs.withDaemon { _, mecene in
      #expect(try mecene("account open anna --budget 2", "").code == 0)
      let cases: [(file: String, told: String)] = [
        ("account;amount\nanna;1\n", "separates its columns by semicolons; save it with commas"),
        ("account\tamount\nanna\t1\n", "separates its columns by tabs"),
        ("sep=;\naccount;amount\nanna;1\n", "without the line sep=;"),
        ("acount,amount\nanna,1\n", "lacks the column account"),
        ("account,amount\nanna,1\n\"anna,1\nanna,1\n", "line 3: a quote is opened and never closed"),
        ("account,amount\nanna,1\n\"an\"na,1\n", "line 3: text stands behind a closing quote"),
        ("account,amount\nanna,1\nanna\n", "line 3: it has 1 fields under 2 columns"),
        (
          "account,amount\nanna,1.000\n",
          "line 2: amount is 1.000, which some read as 1000; write 1.000000 or 1000.00"
        ),
        ("account,amount\n+1,1\n", "line 2: "), ("account,amount\n0001,1\n", "line 2: "),
      ]
      for (file, told) in cases {
        let output = try mecene("deposit --from -", file)
        #expect(output.code != 0 && output.err.contains(told), "\(file): \(output.err)")
      }
      // A spreadsheet's empty rows, capitals, and blanks around amounts are no mistakes.
      let fine = try mecene(
        "deposit --from -",
        "Account,AMOUNT\nanna, 1 \n,,\n ,\nanna,\u{a0}0.333\u{a0}\n".replacing(",,", with: ","))
      #expect(fine.out == "2 deposited, 0 refused\n", "\(fine.out)\(fine.err)")
    }
  }

  @Test func `a host in any script is the page of its plain form`() throws {
    try Programs.withDaemon { _, mecene in
      #expect(try mecene("account open anna --budget 2", "").code == 0)
      let added = try mecene("thing add anna https://MÜNCHEN.example:8443/straße", "").out
      #expect(added.contains("https://xn--mnchen-3ya.example:8443/"), "\(added)")
      // A mark behind a slash belongs to the path.
      let marked = try mecene("thing add anna https://bücher.example/\u{301}x", "").out
      #expect(marked.contains("https://xn--bcher-kva.example/%CC%81x"), "\(marked)")
      #expect(try mecene("thing show https://xn--mnchen-3ya.example:8443/straße", "").code == 0)
      #expect(try mecene("thing show https://münchen.example:8443/straße", "").code == 0)
      #expect(try mecene("thing show https://münch en/", "").code != 0)
    }
  }

  @Test func `accounts are found by their state and a part of their names`() throws {
    try Programs.withDaemon { _, mecene throws in
      for name in ["anna", "bert", "berta"] {
        #expect(
          try mecene("account open \(name) --budget 2 --display-name \(name.uppercased())", "").code == 0)
      }
      #expect(try mecene("deposit bert 2", "").code == 0)
      func names(_ options: String) throws -> [Substring] {
        try mecene("account list --json \(options)", "").out.matches(of: /"name":"([a-z]+)"/).map(\.output.1)
      }
      #expect(try names("--name bert") == ["bert", "berta"])
      #expect(try names("--name BERT --state inactive") == ["berta"])
      #expect(try names("--state active") == ["bert"])
      #expect(try names("--state closed") == [])
    }
  }

  @Test func `no key begins or ends with a blank, and line ends make no other file`() throws {
    try Programs.withDaemon { _, mecene in
      #expect(try mecene("account open anna --budget 2", "").code == 0)
      let blank = #"{"account":{"id":1},"amountMicros":1,"key":"b1 "}"#
      #expect(
        try mecene("call AccountService/Deposit -", blank).err.contains(
          "neither begins nor ends with a blank"))
      let file = "account,amount\nanna,1\nanna,2\n"
      #expect(try mecene("deposit --from -", file).out == "2 deposited, 0 refused\n")
      let again = try mecene("deposit --from -", file.replacing("\n", with: "\r\n")).out
      #expect(again == "0 deposited, 2 made before, 0 refused\n", "\(again)")
    }
  }

  @Test func `a file of the books that is cut ends the daemon with a sentence`() async throws {
    let directory = try TemporaryDirectory()
    let daemon = Programs.process(
      "mecened",
      ["--data", directory.path + "/data", "--listen", "unix:\(directory.path)/s", "--log-level", "critical"])
    let (out, err) = (Pipe(), Pipe())
    (daemon.standardOutput, daemon.standardError) = (out, err)
    try daemon.run()
    _ = out.fileHandleForReading.availableData
    func mecene(_ line: String) throws -> Programs.Output {
      try Programs.run(
        "mecene",
        line.split(separator: " ").map(String.init) + [
          "--server", "unix:\(directory.path)/s", "--timeout", "1",
        ])
    }
    #expect(try mecene("account open anna").code == 0)
    #expect(truncate(directory.path + "/data/mecene.sqlite-shm", 0) == 0)
    #expect(try mecene("account open bert").code != 0)
    let ended = try await eventually { !daemon.isRunning }
    if !ended { kill(daemon.processIdentifier, SIGKILL) }
    daemon.waitUntilExit()
    #expect(daemon.terminationReason == .exit && daemon.terminationStatus == 1)
    let told = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(told.hasPrefix("mecened: a file of the books was cut"), "\(told.prefix(300))")
    let verified = try Programs.run("mecened", ["verify", "--data", directory.path + "/data"])
    #expect(verified.out.hasPrefix("clean"), "\(verified.err)")
  }

  @Test(arguments: ["text", "json"])
  func `a log line tells the event before its values, and no stranger begins one`(format: String) throws {
    let directory = try TemporaryDirectory()
    let daemon = Programs.process(
      "mecened",
      [
        "--data", directory.path + "/data", "--listen", "unix:\(directory.path)/s", "--simulated-clock",
        "2026-11-01T00:00:00Z", "--log-level", "debug", "--log-format", format,
      ])
    let (out, err) = (Pipe(), Pipe())
    (daemon.standardOutput, daemon.standardError) = (out, err)
    try daemon.run()
    _ = out.fileHandleForReading.availableData
    let name = #"{"account":{"name":"a b\"\n2026-11-01T00:00:00Z info forged"}}"#
    let refused = try Programs.run(
      "mecene", ["call", "AccountService/GetAccount", "-", "--server", "unix:\(directory.path)/s"],
      input: name)
    #expect(refused.code == 64 + 5, "\(refused.err)")
    daemon.terminate()
    daemon.waitUntilExit()
    let log = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let lines = log.split(separator: "\n")
    let line = try #require(lines.first { $0.contains("call refused") })
    if format == "text" {
      #expect(
        lines.allSatisfy {
          $0.wholeMatch(of: /20[0-9T:-]+Z (debug|notice) [^=]+( [a-z_]+=(?:[^ "]+|"(?:[^"\\]|\\.)*"))*/)
            != nil
        }, "\(log)")
      #expect(
        line.contains(#" debug call refused connection=1 details=""#)
          && line.contains(" reason=ACCOUNT_NOT_FOUND "))
    } else {
      for line in lines {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
      }
      #expect(line.contains(#""level":"debug","event":"call refused","values":{"connection":"1","#))
    }
  }

  @Test func `an import claims what its columns say, and no account twice`() throws {
    try Programs.withDaemon { _, mecene in
      #expect(try mecene("account open anna --budget 2 --display-name Anna", "").code == 0)
      let without = try mecene("import -", "name,deposit\nanna,5\n")
      #expect(
        without.code == 0 && without.out == "1 deposited, 0 opened, 1 there before, 0 refused\n",
        "\(without.err)")
      let with = try mecene("import -", "name,budget\nanna,5\n")
      #expect(with.code == 1 && with.err.contains("has the budget 2.00"))
      let twice = try mecene("import -", "name,deposit\nbert,5\nbert,6\n")
      #expect(twice.code == 1 && twice.err.contains("line 3, column name: the account is on line 2 too"))
      #expect(try mecene("account show bert", "").out.contains("available       5.00"))
    }
  }

  @Test(
    arguments: [
      ("clikc a b", "there is no verb clikc; did you mean click?"),
      ("account opne", "did you mean account open?"), ("help acount", "did you mean account?"),
      ("frobnicate", "there are account, budget"), ("call", "Give a method, or --list"),
      ("call ClickService/Clic", "did you mean mecene.v1.ClickService/Click?"),
      ("call Health/Check {\"a\"1}", "is not valid JSON: Invalid value around character"),
    ])
  func `a misspelt verb or method is told the right one`(line: String, told: String) throws {
    let output = try Programs.run("mecene", line.split(separator: " ").map(String.init))
    #expect(output.code == 2 && output.err.contains(told), "\(output.err)")
  }

  private struct Told: Decodable {
    struct Error: Decodable {
      let code: String?
      let reason: String?
      let field: String?
      let message: String
      let details: [String: String]?
      let exitStatus: Int32
    }
    let error: Error
  }

  @Test func `with --json an error is an object, and zeros are written`() throws {
    try Programs.withDaemon { _, mecene in
      func told(_ line: String) throws -> Told.Error {
        let output = try mecene(line, "")
        #expect(output.out.isEmpty)
        let error = try JSONDecoder().decode(Told.self, from: Data(output.err.utf8)).error
        #expect(error.exitStatus == output.code)
        return error
      }
      let unknown = try told("account show nobody --json")
      #expect(
        unknown.code == "NOT_FOUND" && unknown.reason == "ACCOUNT_NOT_FOUND" && unknown.field == "account")
      let local = try told("import /no/such/file --json")
      #expect(local.code == nil && local.message.contains("there is no such file"))
      #expect(try mecene("account open anna --budget 2 --json", "").out.contains(#""availableMicros":"0""#))
      let usage = try told("click anna --json")
      #expect(usage.code == nil && usage.exitStatus == 2)
      let inactive = try told("click anna 1 --json")
      #expect(inactive.reason == "THING_NOT_FOUND" && inactive.details?["thing_id"] == "1")
      let listed = try mecene("thing list --json", "").out
      #expect(listed == #"{"things":[],"nextPageToken":""}"# + "\n")
      let called = try mecene("call AccountService/GetAccount {\"account\":{\"id\":1}}", "").out
      #expect(called.contains(#""closed":false"#) && called.contains(#""potMicros":"0""#))
    }
  }

  @Test func `tables stay straight whatever people are called, and nothing is cut`() throws {
    try Programs.withDaemon { _, mecene in
      let names = ["田中さんのブログです", "👩‍👩‍👧‍👦 family", "Bert 🎸 Ünïcode", "plain"]
      for (number, name) in names.enumerated() {
        let request = "{\"name\":\"account\(number)\",\"displayName\":\"\(name)\"}"
        #expect(try mecene("call AccountService/OpenAccount -", request).code == 0)
      }
      let table = try mecene("account list", "").out
      #expect(Set(table.split(separator: "\n").map { String($0).displayWidth }).count == 1, "\(table)")
      for name in names { #expect(table.contains(" \(name) ")) }
    }
  }

  @Test func `a table that is too wide for the terminal becomes lists, and a dumb terminal gets no colours`()
    throws
  {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer {
      daemon.terminate()
      daemon.waitUntilExit()
    }
    func inTerminal(_ columns: Int, _ command: String, _ environment: [String: String] = [:]) throws -> String
    {
      let mecene = Programs.directory.appendingPathComponent("mecene").path
      let shell = "stty cols \(columns); MECENE_SERVER=unix:\(directory.path)/s \(mecene) \(command)"
      return try Programs.run(
        path: "/usr/bin/script", ["-qec", shell, "/dev/null"],
        environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 }
      ).out.replacing("\r\n", with: "\n")
    }
    _ = try inTerminal(80, "account open anna --budget 2")
    _ = try inTerminal(80, "deposit anna 2 --key bank-4711")
    #expect(try inTerminal(120, "statement anna").contains("| transfer | when"))
    let narrow = try inTerminal(60, "statement anna")
    #expect(narrow.contains("what       deposit\nkey        bank-4711\namount     +2.00\n"), "\(narrow)")
    #expect(try inTerminal(80, "verify").contains("\u{1b}[32mclean"))
    let bar = try inTerminal(60, "verify").split(separator: "\r").map { $0.replacing("\u{1b}[K", with: "") }
    #expect(bar.contains { $0.hasPrefix("[") } && bar.allSatisfy { !$0.hasPrefix("[") || $0.count <= 60 })
    #expect(try !inTerminal(80, "verify", ["TERM": "dumb"]).contains("\u{1b}"))
  }

  @Test func `a first start makes its directory, and listens in it`() async throws {
    let directory = try TemporaryDirectory()
    let data = directory.path + "/new"
    for address in ["unix:\(data)/mecene.sock", "unix:\(data)/../new/other"] {
      let daemon = Programs.process(
        "mecened", ["--data", data, "--listen", address, "--log-level", "critical"])
      let out = Pipe()
      daemon.standardOutput = out
      try daemon.run()
      let ready = String(decoding: out.fileHandleForReading.availableData, as: UTF8.self)
      #expect(ready.contains("is ready on"))
      daemon.terminate()
      daemon.waitUntilExit()
      try FileManager.default.removeItem(atPath: data)
    }
  }

  @Test func `a misspelt variable is told, and a start that fails leaves no books`() throws {
    let misspelt = try Programs.run(
      "mecened", ["--check-config"], environment: ["MECENE_FEEBPS": "100", "MECENE_SERVER": "unix:/tmp/x"])
    #expect(misspelt.code == 0 && misspelt.out.contains("fee-bps=0\n"))
    #expect(
      misspelt.err == "mecened: the variable MECENE_FEEBPS means nothing here; did you mean MECENE_FEE_BPS?\n"
    )
    let directory = try TemporaryDirectory()
    let taken = try Listener.all(at: .tcp(host: "127.0.0.1", port: 0))
    let address = taken[0].address.description
    let failed = try Programs.run(
      "mecened", ["--data", directory.path + "/data", "--listen", address])
    #expect(failed.code == 1 && failed.err.contains("Address already in use"))
    for (socket, told) in [
      (directory.path + "/none/s", "No such file"), (directory.path + "/used", "in use by another"),
    ] {
      let used = try Listener.all(at: .unix(path: directory.path + "/used"))
      let failed = try Programs.run(
        "mecened", ["--data", directory.path + "/data", "--listen", "unix:" + socket])
      #expect(failed.code == 1 && failed.err.contains(told), "\(failed.err)")
      withExtendedLifetime(used) {}
    }
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/data"))
    let few = try Programs.run(
      path: "/bin/sh",
      [
        "-c",
        "ulimit -n 40; \(Programs.directory.appendingPathComponent("mecened").path) --data \(directory.path)/data",
      ])
    #expect(few.code == 1 && few.err.contains("the limit of open files is 40, and at least 64 are needed"))
    let long = directory.path + "/" + String(repeating: "d", count: 100)
    let socket = try Programs.run("mecened", ["--check-config", "--data", long])
    #expect(
      socket.code == 64 && socket.err.contains("--data: the path is too long for the Unix socket in it"))
    withExtendedLifetime(taken) {}
  }

  @Test(arguments: [
    ("deposit --from", "stopped: what came before line "), ("import", "stopped; import the same file again"),
  ])
  func `a file that is interrupted says how far it came`(verb: String, told: String) async throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer {
      daemon.terminate()
      daemon.waitUntilExit()
    }
    let file = directory.path + "/many.csv"
    let header = verb == "import" ? "name,budget\n" : "account,amount\n"
    let rows = (0..<200_000).map { "account-\($0),2\n" }
    try (header + rows.joined()).write(toFile: file, atomically: true, encoding: .utf8)
    let process = Programs.process(
      "mecene", verb.split(separator: " ").map(String.init) + [file],
      ["MECENE_SERVER": "unix:\(directory.path)/s"])
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    // It has begun once the daemon knows it.
    let begun = try await eventually {
      let status = try Programs.run(
        "mecene", ["status", "--json"], environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
      return status.out.contains(#""connections":"2""#)
    }
    #expect(begun)
    kill(process.processIdentifier, SIGINT)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains(told), "\(text.suffix(500))")
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT)
  }
}
