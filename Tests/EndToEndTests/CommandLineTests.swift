import Foundation
import MeceneClient
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

/// The real programs: a daemon process, and the command line against it.
@Suite(.serialized) struct CommandLineTests {
  @Test func `a file of deposits can be sent again, and no blank makes another key`() throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    func mecene(_ line: String, input: String = "") throws -> Programs.Output {
      try Programs.run(
        "mecene", line.split(separator: " ").map(String.init), input: input,
        environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
    }
    #expect(try mecene("account open anna").code == 0)
    let file = "account,amount\nanna,5\nanna,5\n anna ,2.50\u{a0}\n"
    #expect(try mecene("deposit --from -", input: file).out == "3 deposited, 0 refused\n")
    #expect(try mecene("deposit --from -", input: file).out == "0 deposited, 3 made before, 0 refused\n")
    let keyed = try mecene(
      "deposit --from -", input: "account,amount,key\nanna,1,b1\nanna,1,b1 \nanna,1,\"\u{a0}b1\"\n")
    #expect(keyed.code == 1 && keyed.out == "1 deposited, 2 refused\n")
    #expect(keyed.err.contains("line 3: a key neither begins nor ends with a blank"))
    #expect(try mecene("account show anna --json").out.contains(#""availableMicros":"13500000""#))
  }

  @Test func `every verb works in words and as JSON`() throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    let server = ["MECENE_SERVER": "unix:\(directory.path)/s"]
    func mecene(_ line: String, input: String = "") throws -> Programs.Output {
      try Programs.run(
        "mecene", line.split(separator: " ").map(String.init), input: input, environment: server)
    }
    // The verb, what its table shows, what its JSON shows.
    let steps: [(String, String, String)] = [
      ("account open anna --budget 10", "budget          10.00", ""),
      ("account open bert --budget 5 --display-name Bert", "display name    Bert", ""),
      ("deposit anna 10 --key a", "available  10.00", #""replayed":true"#),
      ("deposit bert 5 --key b", "key        b", #""amountMicros":"5000000""#),
      ("budget anna 10", "state           active", #""budgetMicros":"10000000""#),
      ("account show anna", "number          1", #""name":"anna""#),
      ("account list", "|      2 | bert |", #""accounts":[{"id":"1""#),
      ("account update bert --display-name B", "display name    B", #""displayName":"B""#),
      ("thing add bert https://example.org/a --title A", "state        clickable", #""alreadyAdded":true"#),
      ("thing add bert https://example.org/b", "thing        2", #""id":"2""#),
      ("thing show https://EXAMPLE.org/a", "title        A", #""ownerName":"bert""#),
      ("thing list --owner bert --page-size 1", "https://example.org/a", #""nextPageToken":"#),
      ("thing list --all --page-size 1", "https://example.org/b", #""id":"2""#),
      ("thing update 2 --title B", "title        B", #""title":"B""#),
      ("thing retire 2", "state        retired", #""retired":true"#),
      ("thing revive 2", "state        clickable", #""url":"https://example.org/b""#),
      ("click anna https://example.org/a", "each is worth now  10.00", #""alreadyClicked":true"#),
      ("click anna 2 --period 2026-11", "each is worth now  5.00", #""clicks":"2""#),
      ("unclick anna 2", "Taken back.", #""period":"2026-11""#),
      ("clicks anna", "period  2026-11 (not settled yet)", #""clicksTotal":"1""#),
      ("preview", "open; these are the numbers of this moment", #""state":"SETTLEMENT_STATE_OPEN""#),
      ("clock set 2026-12-01", "open period    2026-12", #""openPeriod":"2026-12""#),
      ("settle 2026-11 --yes", "state        settled", #""state":"SETTLEMENT_STATE_SETTLED""#),
      ("settlements", "| 2026-11 |    1 |", #""period":"2026-11""#),
      ("settlements --period 2026-11", "revenue      10.00", #""revenueMicros":"10000000""#),
      ("statement anna", "set aside for 2026-11", #""kind":"TRANSFER_KIND_POT_OPEN""#),
      ("revenue bert --period 2026-11", "revenue  10.00", #""microsTotal":"10000000""#),
      ("withdraw bert 1 --yes --key w", "what       withdrawal", #""replayed":true"#),
      ("verify", "clean", #""clean":true"#),
      ("status", "open period        2026-12", #""openPeriod":"2026-12""#),
      ("health", "serving", #"{"status":"SERVING"}"#),
      ("account close anna --yes", "state           closed", #""closed":true"#),
    ]
    for (line, words, json) in steps {
      let told = try mecene(line)
      #expect(told.code == 0 && told.out.contains(words), "\(line): \(told.out)\(told.err)")
      #expect(!told.out.contains("\u{1b}["), "colour without a terminal")
      if json.isEmpty { continue }
      let machine = try mecene(line + " --json")
      #expect(machine.code == 0 && machine.out.contains(json), "\(line): \(machine.out)\(machine.err)")
      #expect(machine.out.split(separator: "\n").count == 1)
    }
    let call = try mecene(#"call ClickService/ListClicks {"patron":{"name":"anna"},"period":"2026-11"}"#)
    #expect(call.out.contains(#""shareMicros":"10000000""#))
    #expect(try mecene("call SettlementService/Verify").out.contains(#"{"verdict":{"clean":true"#))
  }

  @Test func `a limit on the sizes of files is a full disk, and ends nothing`() async throws {
    let directory = try TemporaryDirectory()
    let daemon = Programs.process(
      "mecened",
      [
        "--data", directory.path + "/data", "--listen", "unix:\(directory.path)/s", "--simulated-clock",
        "2026-11-01T00:00:00Z", "--log-level", "critical",
      ])
    // In blocks of 512 bytes: a log has no room for what a checkpoint waits for.
    Self.limitFiles(of: daemon, to: 1_024)
    let out = Pipe()
    daemon.standardOutput = out
    try daemon.run()
    defer { daemon.terminate() }
    _ = out.fileHandleForReading.availableData
    try await withMeceneClient("unix:\(directory.path)/s") { client in
      _ = try await client.accountService.openAccount(.init(name: "anna"))
      var reason: Reason?
      for round in 0..<2_000 where reason == nil {
        do {
          _ = try await client.accountService.deposit(
            .init(account: .name("anna"), amountMicros: 1, key: "round-\(round)"),
            options: CallOptions(timeout: .milliseconds(500)))
        } catch let error as MeceneError {
          reason = error.reason
        }
      }
      #expect(reason == .diskFull || reason == .deadlineExceeded)
      // Reading goes on.
      let status = try await client.daemonService.getStatus(.init())
      #expect(status.accounts == 1)
    }
    #expect(daemon.isRunning)
    let backup = Programs.process(
      "mecened", ["backup", "--data", directory.path + "/data", directory.path + "/copy"])
    Self.limitFiles(of: backup, to: 64)
    let told = Pipe()
    backup.standardError = told
    try backup.run()
    let sentence = String(decoding: told.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    backup.waitUntilExit()
    #expect(backup.terminationReason == .exit && backup.terminationStatus == 1, "\(sentence)")
    #expect(sentence == "mecened: the database failed: disk I/O error (SQLite 778)\n")
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/copy"))
  }

  /// Lets a process write no file beyond so many blocks of 512 bytes.
  private static func limitFiles(of process: Process, to blocks: Int) {
    let program = process.executableURL?.path ?? ""
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments =
      ["-c", "ulimit -f \(blocks); exec env --default-signal=XFSZ \"$0\" \"$@\"", program]
      + (process.arguments ?? [])
  }

  @Test func `many at once are taken, refused lines named, and the rest goes on`() throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    let server = ["MECENE_SERVER": "unix:\(directory.path)/s"]
    let opened = try Programs.run(
      "mecene", ["account", "open", "--from", "-"],
      input: "name,display_name,budget\nanna,\"Anna, A.\",5\nX,,\nbert,,ten\ncarl,,7.50\n",
      environment: server)
    #expect(opened.out == "2 opened, 2 refused\n")
    #expect(
      opened.err.contains("line 3: a name has 3 to 32") && opened.err.contains("line 4: budget is an amount"))
    #expect(opened.code == 64 + 3)
    let file = directory.path + "/deposits.csv"
    try "account,amount,key\nanna,5,k\ncarl,7.5,k\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(
      try Programs.run("mecene", ["deposit", "--from", file], environment: server).out
        == "2 deposited, 0 refused\n")
    #expect(
      try Programs.run("mecene", ["deposit", "--from", file], environment: server).out
        == "0 deposited, 2 made before, 0 refused\n")
    let missing = try Programs.run("mecene", ["click", "--from", file], environment: server)
    #expect(missing.code == 1 && missing.err.contains("lacks the column patron"))
    // A row whose answer is lost is in doubt, and its key is told.
    try "account,amount\nanna,1\n".write(toFile: file + "2", atomically: true, encoding: .utf8)
    let middleman = try Middleman(at: directory.path + "/m", for: directory.path + "/s", goesOn: false)
    let doubtful = try Programs.run(
      "mecene", ["deposit", "--from", file + "2", "--timeout", "1", "--server", "unix:\(directory.path)/m"])
    #expect(doubtful.out == "0 deposited, 0 refused, 1 in doubt\n" && doubtful.code >= 64, "\(doubtful.err)")
    let key = doubtful.err.firstMatch(of: /repeat it with the key ([0-9a-f]{32}-2),/)?.1 ?? ""
    #expect(doubtful.err.hasPrefix("line 2: "))
    let repeated = try Programs.run(
      "mecene", ["deposit", "anna", "1", "--key", String(key), "--json"], environment: server)
    #expect(repeated.out.contains(#""replayed":true"#), "\(repeated)")
    withExtendedLifetime(middleman) {}
    // So does a call by the contract's name.
    let other = try Middleman(at: directory.path + "/n", for: directory.path + "/s", goesOn: false)
    let called = try Programs.run(
      "mecene",
      [
        "call", "AccountService/Deposit", #"{"account":{"name":"anna"},"amountMicros":"1","key":"called"}"#,
        "--timeout", "1", "--server", "unix:\(directory.path)/n",
      ])
    #expect(called.code >= 64 && called.err.contains("repeat it with the key called"), "\(called)")
    withExtendedLifetime(other) {}
    let machine = try Programs.run("mecene", ["deposit", "--from", file, "--json"], environment: server)
    #expect(
      machine.out
        == #"{"deposited":0,"made_before":2,"refused":0,"in_doubt":0,"refused_lines":[],"in_doubt_lines":[]}"#
        + "\n")
    // Each file, the exit code, and what is said of it.
    let files: [(String, Int32, String)] = [
      ("name\n", 0, ""), ("name,name\nx,y\n", 1, "has the column name twice"),
      ("name,nickname\nx,y\n", 1, "a column nickname, which means nothing"),
      ("name,budget\nxaver\n", 1, "line 2: it has 1 fields under 2 columns"),
      ("name\n\"open\n", 1, "a quote is opened and never closed"),
      ("name,display_name\nxaver,\"two\nlines\"\nY,\n", 64 + 3, "line 4: a name has 3 to 32"),
    ]
    for (text, code, sentence) in files {
      let output = try Programs.run(
        "mecene", ["account", "open", "--from", "-"], input: text, environment: server)
      #expect(
        output.code == code && (sentence.isEmpty || output.err.contains(sentence)),
        "\(text): \(output.code) \(output.err)")
    }
    let hidden = try Programs.run(
      "mecene", ["thing", "add", "--from", "-"], input: "owner,url,hidden\nanna,https://a.example,maybe\n",
      environment: server)
    #expect(hidden.out == "0 added, 1 refused\n" && hidden.err.contains("hidden is true or false"))
  }

  @Test(
    arguments: [
      (["frob"], 2, "frob"), (["deposit", "anna", "ten"], 2, "ten"), (["account", "open"], 2, "Give a name"),
      (["status", "--server", "nowhere"], 2, "is not an address"),
      (["status", "--server", "tcp://127.0.0.1:1"], 64 + 14, "start one with `mecened`"),
      (["withdraw", "anna", "1"], 2, "--yes"), (["call", "No/Such"], 2, "there is no method"),
      (["call", "Health/Check", "{"], 2, "not valid JSON"),
      (["account", "open", "--from", "/no/such"], 1, "can't be read: there is no such file"),
      (["account", "open", "--from", "/tmp"], 1, "is a directory"),
      (["account", "open", "--from", "-", "--budget", "5"], 2, "--budget does not go with --from"),
      (["deposit", "anna", "1", "--key", ""], 2, "--key has 1 to 64"),
      (["deposit", "anna", "-5"], 2, "0 or more; one was -5"),
      (["deposit", "anna", "1.0000001"], 2, "up to six decimals"),
      (["clock", "set", "2026-11-31"], 2, "A time is written like"),
      (["clock", "set", "2026-11-30T25:00:00Z"], 2, "A time is written like"),
      (["settle", "2026-11", "--period", "2026-12"], 2, "named twice"),
      (["thing", "update", "1"], 2, "Give what"),
      (["help", "frob"], 2, "there is no verb frob"),
      (["call", "AccountService/GetAccount", #"{"account":{"id":"1","name":"a"}}"#], 2, "one at a time"),
    ] as [([String], Int32, String)])
  func `a mistake earns a sentence and its exit code`(arguments: [String], code: Int32, sentence: String)
    throws
  {
    let output = try Programs.run("mecene", arguments, environment: ["MECENE_SERVER": "unix:/tmp/nobody"])
    #expect(output.code == code && output.err.contains(sentence), "\(output.code) \(output.err)")
    #expect(output.out.isEmpty)
  }

  @Test func `both programs tell their version and their options`() throws {
    #expect(try Programs.run("mecene", ["--version"]).out.hasPrefix("mecene "))
    #expect(try Programs.run("mecened", ["--version"]).out.hasPrefix("mecened "))
    #expect(try Programs.run("mecene", ["--help"]).out.contains("settlements"))
    let config = try Programs.run(
      "mecened", ["--check-config", "--fee-bps", "5"],
      environment: ["MECENE_FEE_BPS": "7", "MECENE_MINIMUM_BUDGET": "3", "MECENE_AUTO_SETTLE": "false"])
    #expect(config.out.contains("fee-bps=5\n") && config.out.contains("minimum-budget=3.00\n"))
    #expect(
      config.out.contains("auto-settle=false\n") && config.out.contains("listen=tcp://127.0.0.1:7437,unix:"))
    let wrong = try Programs.run("mecened", ["--check-config", "--fee-bps", "10001"])
    #expect(wrong.code == 64 && wrong.err.contains("0 to 10000"))
    let refused: [([String], [String: String], Int32, String)] = [
      (["--data", "/tmp/mecene-none", "--listen", "tcp://0.0.0.0:0"], [:], 1, "neither tokens nor TLS"),
      (["--check-config", "--listen", "tcp://0.0.0.0:0"], [:], 64, "neither tokens nor TLS"),
      (["--check-config", "--simulated-clock", "2026-02-29"], [:], 64, "--simulated-clock is a time"),
      (["--check-config"], ["MECENE_FEE_BPS": "abc"], 64, "the value comes from the variable MECENE_FEE_BPS"),
      (["--check-config", "--listen", ""], [:], 64, "--listen names an address"),
      (["--check-config", "--listen", ","], [:], 64, "--listen names an address"),
      (["--check-config", "--data", ""], [:], 64, "--data names a directory"),
      (["verify", "--data", ""], [:], 64, "--data names a directory"),
      (["--check-config"], ["MECENE_AUTO_SETTLE": "maybe"], 64, "MECENE_AUTO_SETTLE is true or false"),
    ]
    for (arguments, environment, code, sentence) in refused {
      let output = try Programs.run("mecened", arguments, environment: environment)
      #expect(
        output.code == code && output.err.contains(sentence), "\(arguments): \(output.code) \(output.err)")
    }
    // An empty variable is unset.
    let empty = ["DATA", "LISTEN", "FEE_BPS", "AUTO_SETTLE", "LOG_LEVEL", "SIMULATED_CLOCK"].map {
      ("MECENE_" + $0, "")
    }
    let defaults = try Programs.run(
      "mecened", ["--check-config"], environment: Dictionary(uniqueKeysWithValues: empty))
    let unset = try Programs.run("mecened", ["--check-config"])
    #expect(defaults.code == 0 && defaults.out == unset.out)
    // A start that is refused leaves nothing behind, and a comma in a directory's name parts no addresses.
    #expect(!FileManager.default.fileExists(atPath: "/tmp/mecene-none"))
    let comma = try Programs.run("mecened", ["--check-config", "--data", "/tmp/a,b"])
    #expect(comma.out.contains("unix:/tmp/a,b/mecene.sock\n"))
  }

  @Test func `what others wrote steers no terminal, and passes for no line of its own`() throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    let server = ["MECENE_SERVER": "unix:\(directory.path)/s"]
    _ = try Programs.run(
      "mecene", ["account", "open", "anna", "--display-name", "A\u{200f}nna\u{200b}"], environment: server)
    let url = "https://example.org/song"
    let added = try Programs.run(
      "mecene",
      [
        "thing", "add", "anna", url, "--title", "A song\u{feff}", "--description",
        "A song.\nowner        the-red-cross (7)",
      ],
      environment: server)
    #expect(added.code == 0, "\(added.err)")
    let missing = try Programs.run("mecene", ["account", "show", "a\u{1b}[2Kb"], environment: server)
    for output in [
      try Programs.run("mecene", ["account", "list"], environment: server).out,
      try Programs.run("mecene", ["thing", "show", url], environment: server).out,
      try Programs.run("mecene", ["thing", "list"], environment: server).out, missing.err,
    ] {
      let steering = output.unicodeScalars.filter {
        ($0.value < 32 && $0 != "\n") || (0x200b...0x202e).contains($0.value)
          || (0x2066...0x2069).contains($0.value)
      }
      #expect(!output.isEmpty && steering.isEmpty, "\(output)")
    }
    let shown = try Programs.run("mecene", ["thing", "show", url], environment: server).out
    let owners = shown.split(separator: "\n").filter { $0.hasPrefix("owner") }
    #expect(owners == ["owner        anna (1)"])
    #expect(shown.contains("A song\\u{feff}"))
    #expect(missing.err.contains("\\u{1b}"))
  }

  @Test func `a terminal that closes ends no daemon`() throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    kill(daemon.processIdentifier, SIGHUP)
    kill(daemon.processIdentifier, SIGHUP)
    #expect(
      try Programs.run("mecene", ["health", "--server", "unix:\(directory.path)/s"]).out == "serving\n")
    daemon.terminate()
    daemon.waitUntilExit()
    #expect(daemon.terminationReason == .exit && daemon.terminationStatus == 0)
  }

  @Test func `a result that can't be written is a failure`() throws {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    let process = Programs.process("mecene", ["status", "--server", "unix:\(directory.path)/s"])
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    let err = Pipe()
    process.standardError = err
    try process.run()
    let text = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1 && text.lowercased().contains("no space left on"))
  }

  @Test func `remarks that can't be written change no exit code`() throws {
    let cases: [(String, [String], Int32)] = [
      ("mecene", ["bogus"], 2), ("mecene", ["receipt", "check", "/no/such"], 1),
      ("mecene", ["status", "--server", "tcp://127.0.0.1:1"], 64 + 14),
      ("mecened", ["verify", "--data", "/no/such"], 1), ("mecened", ["--data", "/proc/x"], 1),
    ]
    for (program, arguments, code) in cases {
      let process = Programs.process(program, arguments)
      process.standardError = FileHandle(forWritingAtPath: "/dev/full")
      process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == code, "\(arguments)")
    }
  }

  @Test func `a daemon out of descriptors has some for its books, and costs no time meanwhile`() throws {
    let directory = try TemporaryDirectory()
    let daemon = Process()
    daemon.executableURL = URL(fileURLWithPath: "/bin/bash")
    let mecened = Programs.directory.appendingPathComponent("mecened").path
    daemon.arguments = [
      "-c",
      "ulimit -n 64; exec \(mecened) --data \(directory.path)/data --listen unix:\(directory.path)/s --log-level critical",
    ]
    let out = Pipe()
    daemon.standardOutput = out
    try daemon.run()
    defer { daemon.terminate() }
    #expect(String(decoding: out.fileHandleForReading.availableData, as: UTF8.self).contains("is ready on"))
    let address = Address.unix(path: directory.path + "/s")
    let first = try RawConnection(address)
    var many: [RawConnection] = []
    for _ in 0..<100 { many.append(try RawConnection(address)) }
    let before = try processorTicks(daemon.processIdentifier)
    Thread.sleep(forTimeInterval: 0.5)
    let after = try processorTicks(daemon.processIdentifier)
    // A hundredth of a second each; a loop that spins takes fifty.
    #expect(after - before < 20)
    func isServing(_ connection: RawConnection, _ id: UInt64) throws -> Bool {
      try connection.call(.healthCheck, HealthCheckRequest(), id: id, as: HealthCheckResponse.self).status
        == .serving
    }
    #expect(try isServing(first, 1))
    // Some are left for the books: these open files.
    let preview = try first.call(
      .settlementServicePreviewSettlement, PreviewSettlementRequest(), id: 2,
      as: PreviewSettlementResponse.self)
    #expect(preview.settlement?.pots == 0)
    first.send(try first.frame(.settlementServiceVerify, VerifyRequest(), id: 3))
    var verdict: VerifyResponse?
    while let response = try first.receive(), response.callID == 3, response.more {
      verdict = try first.coder.decode(VerifyResponse.self, from: response.payload)
    }
    guard case .verdict(let found)? = verdict?.event else {
      Issue.record("no verdict")
      return
    }
    #expect(found.clean)
    many = []
    #expect(try isServing(RawConnection(address), 1))
  }

  private func processorTicks(_ process: Int32) throws -> Int {
    let fields = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8).split(separator: " ")
    return (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
  }
}
