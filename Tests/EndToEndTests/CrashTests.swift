import Foundation
import MeceneClient
import MeceneWire
import TestSupport
import Testing

/// A daemon that is killed keeps what it acknowledged.
@Suite(.serialized) struct CrashTests {
  private func kill(_ daemon: Process, _ signal: Int32) -> Int32 {
    Foundation.kill(daemon.processIdentifier, signal)
    daemon.waitUntilExit()
    return daemon.terminationStatus
  }

  @Test func `everything acknowledged is there after kill -9 in the middle of writing`() async throws {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path)/s"
    var acknowledged = 0
    for round in 0..<3 {
      let daemon = try Programs.startDaemon(directory)
      let counted = try await withMeceneClient(address) { client in
        let writers = Task {
          await withTaskGroup(of: Int.self) { group in
            for writer in 0..<8 {
              group.addTask {
                var opened = 0
                for n in 0... {
                  do {
                    _ = try await client.accountService.openAccount(
                      .init(name: "account-\(round)-\(writer)-\(n)"), options: .init(timeout: .seconds(2)))
                    opened += 1
                  } catch { return opened }
                }
                return opened
              }
            }
            return await group.reduce(0, +)
          }
        }
        try await Task.sleep(for: .milliseconds(300))
        #expect(kill(daemon, SIGKILL) == SIGKILL)
        return await writers.value
      }
      #expect(counted > 0)
      acknowledged += counted
    }
    let daemon = try Programs.startDaemon(directory)
    try await withMeceneClient(address) { client in
      // A commit whose answer was lost may be there too: at most one for each writer and round.
      let accounts = Int(try await client.daemonService.getStatus(.init()).accounts)
      #expect(accounts >= acknowledged && accounts <= acknowledged + 24)
      var clean = false
      for try await message in client.settlementService.verify(.init()) {
        if case .verdict(let verdict) = message.event { clean = verdict.clean }
      }
      #expect(clean)
    }
    #expect(kill(daemon, SIGTERM) == 0)
    try expectRebuilt(directory)
  }

  @Test func `a settlement killed on its way ends with the preview's digest and pays once`() async throws {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path)/s"
    let people = 3_000
    var daemon = try Programs.startDaemon(directory, ["--no-auto-settle"])
    let digest = try await withMeceneClient(address) { client in
      for start in stride(from: 0, to: people, by: 500) {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for n in start..<start + 500 {
            group.addTask {
              let name = "account\(n)"
              let id =
                try await client.accountService.openAccount(
                  .init(name: name, budgetMicros: 2_000_000)
                ).account?.id ?? 0
              _ = try await client.accountService.deposit(
                .init(account: .id(id), amountMicros: 2_000_000, key: "k"))
              _ = try await client.thingService.addThing(
                .init(owner: .id(id), url: "https://example.org/\(n)"))
            }
          }
          try await group.waitForAll()
        }
      }
      let patrons = (1...UInt64(people)).flatMap { [$0, $0, $0] }
      let things = (1...UInt64(people)).flatMap { n in (1...3).map { (n + $0 * 7) % UInt64(people) + 1 } }
      let many = try await client.clickService.clickMany(.init(patronIDs: patrons, thingIDs: things))
      #expect(Int(many.clicked) > people * 2)
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      return try await client.settlementService.previewSettlement(.init(period: "2026-11")).settlement?.digest
    }
    for pause in [5, 15, 30, 60] {
      let settling = Task {
        try await withMeceneClient(address) { client in
          for try await _ in client.settlementService.settle(.init(period: "2026-11")) {}
        }
      }
      try await Task.sleep(for: .milliseconds(pause))
      #expect(kill(daemon, SIGKILL) == SIGKILL)
      // It would wait for the daemon to be there again.
      settling.cancel()
      _ = try? await settling.value
      daemon = try Programs.startDaemon(directory, ["--no-auto-settle"])
    }
    try await withMeceneClient(address) { client in
      var last: SettleResponse?
      for try await message in client.settlementService.settle(.init(period: "2026-11")) { last = message }
      guard case .settlement(let settled) = last?.event else {
        Issue.record("no summary came")
        return
      }
      #expect(settled.digest == digest && settled.revenueMicros == Int64(people) * 2_000_000)
      var verdict: Verdict?
      for try await message in client.settlementService.verify(.init()) {
        if case .verdict(let found) = message.event { verdict = found }
      }
      #expect(verdict?.clean == true, "\(verdict?.json ?? "")")
    }
    #expect(kill(daemon, SIGTERM) == 0)
    try expectRebuilt(directory)
  }
}
