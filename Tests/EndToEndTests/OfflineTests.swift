import Foundation
import MeceneClient
import MeceneWire
import TestSupport
import Testing

/// What `mecened` does with files, beside a daemon that serves.
@Suite(.serialized) struct OfflineTests {
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a backup, a restore and a replay that are interrupted leave nothing behind`(number: Int32)
    async throws
  {
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory, keepsLog: false)
    try await withMeceneClient("unix:\(directory.path)/s") { client in
      // Books that take their time to copy and to prove.
      for part in 0..<40 as Range<Int> {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for n in 0..<100 {
            group.addTask {
              _ = try await client.accountService.openAccount(
                .init(name: "account-\(part)-\(n)", displayName: String(repeating: "x", count: 100)))
            }
          }
          try await group.waitForAll()
        }
      }
    }
    let whole = directory.path + "/whole.sqlite"
    #expect(
      try Programs.run("mecened", ["backup", "--data", directory.path + "/data", whole]).code == 0)
    daemon.terminate()
    daemon.waitUntilExit()
    let likes = directory.path + "/likes.csv"
    let lines = (0..<3_000).map { "20\(10 + $0 / 300)-01-03,p\($0 % 97)a,thing\($0),p\($0 % 89)b" }
    try ("day,patron,thing,owner\n" + lines.joined(separator: "\n")).write(
      toFile: likes, atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(
      atPath: directory.path + "/tmp", withIntermediateDirectories: true)
    let before = try entries(directory.path)
    for (program, arguments) in [
      ("mecened", ["backup", "--data", directory.path + "/data", directory.path + "/copy"]),
      ("mecened", ["restore", whole, "--data", directory.path + "/restored"]), ("mecene", ["replay", likes]),
    ] {
      for pause in [0.02, 0.05, 0.1, 0.2] {
        let process = Programs.process(
          program, arguments, ["MECENE_SERVER": "", "TMPDIR": directory.path + "/tmp"])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        usleep(useconds_t(pause * 1e6))
        kill(process.processIdentifier, number)
        process.waitUntilExit()
        for made in ["/copy", "/restored"] {
          try? FileManager.default.removeItem(atPath: directory.path + made)
        }
        let after = try entries(directory.path)
        #expect(after == before, "\(arguments[0]) after \(pause) s")
      }
    }
  }

  @Test func `a signal at any moment of a daemon's start ends it`() async throws {
    let directory = try TemporaryDirectory()
    for milliseconds in stride(from: 0, to: 120, by: 4) {
      let daemon = Programs.process(
        "mecened", ["--data", directory.path + "/data", "--listen", "unix:\(directory.path)/s"])
      daemon.standardOutput = FileHandle.nullDevice
      daemon.standardError = FileHandle.nullDevice
      try daemon.run()
      usleep(useconds_t(milliseconds * 1_000))
      kill(daemon.processIdentifier, SIGTERM)
      let hasEnded = try await eventually { !daemon.isRunning }
      #expect(hasEnded, "after \(milliseconds) ms")
      if !hasEnded { kill(daemon.processIdentifier, SIGKILL) }
      daemon.waitUntilExit()
    }
  }

  @Test func `a replay that is killed takes its daemon with it`() async throws {
    let directory = try TemporaryDirectory()
    let likes = directory.path + "/likes.csv"
    let lines = (0..<20_000).map { "20\(10 + $0 / 2_000)-01-03,p\($0 % 97)a,thing\($0),p\($0 % 89)b" }
    try ("day,patron,thing,owner\n" + lines.joined(separator: "\n")).write(
      toFile: likes, atomically: true, encoding: .utf8)
    let process = Programs.process(
      "mecene", ["replay", likes], ["MECENE_SERVER": "", "TMPDIR": directory.path])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    func daemons() throws -> Int {
      let found = try Programs.run(path: "/usr/bin/pgrep", ["-cf", "mecened --data \(directory.path)"])
        .out
      return Int(found.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }
    #expect(try await eventually { try daemons() == 1 })
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try await eventually { try daemons() == 0 })
  }

  @Test func `a replay whose output nobody reads ends its daemon`() throws {
    let directory = try TemporaryDirectory()
    let likes = directory.path + "/likes.csv"
    try "day,patron,thing,owner\n2026-01-03,anna,song,bert\n".write(
      toFile: likes, atomically: true, encoding: .utf8)
    let mecene = Programs.directory.appendingPathComponent("mecene").path
    for output in ["> /dev/full", "| true"] {
      _ = try Programs.run(
        path: "/bin/bash",
        ["-c", "MECENE_SERVER= TMPDIR=\(directory.path) \(mecene) replay \(likes) \(output)"])
      // Under a pipe the shell may end first.
      for _ in 0..<200 where try entries(directory.path).count > 1 { Thread.sleep(forTimeInterval: 0.02) }
      #expect(try entries(directory.path) == ["likes.csv"], "\(output)")
    }
  }

  private func entries(_ path: String) throws -> Set<String> {
    Set(
      try FileManager.default.subpathsOfDirectory(atPath: path).filter {
        !$0.hasSuffix("-shm") && !$0.hasSuffix("-wal")
      })
  }

  private func mecened(_ arguments: String...) throws -> Programs.Output {
    try Programs.run("mecened", arguments)
  }

  @Test func `a backup made while clicks pour in is whole, proved, and can be restored`() async throws {
    let directory = try TemporaryDirectory()
    let data = directory.path + "/data"
    let backup = directory.path + "/backup.sqlite"
    let daemon = try Programs.startDaemon(directory, keepsLog: false)
    let people: UInt64 = 300
    let (before, made) = try await withMeceneClient("unix:\(directory.path)/s") { client in
      for n in 1...people {
        _ = try await client.accountService.openAccount(.init(name: "account\(n)", budgetMicros: 2_000_000))
        _ = try await client.accountService.deposit(.init(account: .id(n), amountMicros: 2_000_000, key: "k"))
        _ = try await client.thingService.addThing(.init(owner: .id(n), url: "https://example.org/\(n)"))
      }
      let before = try await client.daemonService.getStatus(.init()).openClicks
      let clicking = Task {
        var round: UInt64 = 1
        while !Task.isCancelled {
          let things = (1...people).map { ($0 + round - 1) % people + 1 }
          _ = try await client.clickService.clickMany(.init(patronIDs: Array(1...people), thingIDs: things))
          round = round % (people - 1) + 1
        }
      }
      try await Task.sleep(for: .milliseconds(50))
      let made = try mecened("backup", "--data", data, backup)
      clicking.cancel()
      _ = try? await clicking.value
      return (before, made)
    }
    #expect(made.code == 0 && made.out.hasPrefix("backed up to \(backup), clean\n"), "\(made.err)")
    #expect(before == 0)
    let again = try mecened("backup", "--data", data, backup)
    #expect(again.code == 1 && again.err.contains("never takes another file's place"))
    #expect(try mecened("verify", "--data", data).out.hasPrefix("clean\n"))
    #expect(try mecened("verify", backup).out.hasPrefix("clean\n"))
    let stream = try mecened("backup", "--data", data, "-")
    #expect(stream.code == 64 && stream.err.contains("can't go to standard output"))
    daemon.terminate()
    daemon.waitUntilExit()

    let restored = try mecened("restore", "--data", directory.path + "/new/data", backup)
    #expect(restored.code == 0 && restored.out.contains(", clean\n"), "\(restored.err)")
    let onto = try mecened("restore", "--data", data, backup)
    #expect(onto.code == 1 && onto.err.contains("never takes another file's place"))
    #expect(!FileManager.default.fileExists(atPath: backup + "-wal"))
    let mode = try FileManager.default.attributesOfItem(atPath: backup)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    // A log that is left of other books would take the copy's place.
    try FileManager.default.createDirectory(
      atPath: directory.path + "/left", withIntermediateDirectories: true)
    _ = FileManager.default.createFile(
      atPath: directory.path + "/left/mecene.sqlite-wal", contents: Data([1]))
    let beside = try mecened("restore", "--data", directory.path + "/left", backup)
    #expect(beside.code == 1 && beside.err.contains("mecene.sqlite-wal is there already"))
    // A daemon goes on from the restored books.
    let second = try Programs.startDaemon(
      directory, ["--data", directory.path + "/new/data"], keepsLog: false)
    try await withMeceneClient("unix:\(directory.path)/s") { client in
      let status = try await client.daemonService.getStatus(.init())
      #expect(status.accounts == people && status.openClicks > 0)
      let click = try await client.clickService.click(.init(patron: .id(1), thing: .id(2)))
      #expect(click.period == "2026-11")
    }
    second.terminate()
    second.waitUntilExit()
  }

  @Test func `books that are wrong are named and not copied`() throws {
    let directory = try TemporaryDirectory()
    let data = directory.path + "/data"
    let none = try mecened("verify", "--data", data)
    #expect(none.code == 1 && none.err.contains("there are no books"))
    let daemon = try Programs.startDaemon(directory, keepsLog: false)
    defer { daemon.terminate() }
    let server = ["MECENE_SERVER": "unix:\(directory.path)/s"]
    _ = try Programs.run("mecene", ["account", "open", "anna"], environment: server)
    let tampering = Process()
    tampering.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tampering.arguments = ["sqlite3", data + "/mecene.sqlite", "UPDATE account SET name = 'other'"]
    try tampering.run()
    tampering.waitUntilExit()
    let found = try mecened("verify", "--data", data)
    #expect(
      found.code == 1 && found.out.contains("table     account\n") && found.out.contains("1 fingerprint"))
    let copied = try mecened("backup", "--data", data, directory.path + "/copy")
    #expect(copied.code == 1 && copied.err.contains("the copy is wrong, and was removed"))
    let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(!left.contains { $0.hasPrefix("copy") })
  }
}
