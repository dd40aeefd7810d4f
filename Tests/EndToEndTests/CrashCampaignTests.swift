import Foundation
import MeceneClient
import MeceneConcurrency
import MeceneWire
import TestSupport
import Testing

/// Daemons that are killed again and again, at random moments and at every commit.
@Suite(.serialized) struct CrashCampaignTests {
  /// What a daemon has acknowledged.
  private struct Acknowledged: Sendable {
    var deposits: [(account: UInt64, key: String)] = []
    var clicks: [(patron: UInt64, thing: UInt64)] = []
    var failures: [MeceneError] = []
    var slowest = Duration.zero
  }

  private static let people: UInt64 = 40

  private func kill(_ daemon: Process, _ signal: Int32) {
    Foundation.kill(daemon.processIdentifier, signal)
    daemon.waitUntilExit()
  }

  private func populate(_ client: MeceneClient, people: UInt64, deposit: Int64) async throws {
    for n in 1...people {
      _ = try await client.accountService.openAccount(.init(name: "account\(n)", budgetMicros: 2_000_000))
      _ = try await client.accountService.deposit(.init(account: .id(n), amountMicros: deposit, key: "first"))
      _ = try await client.thingService.addThing(.init(owner: .id(n), url: "https://example.org/\(n)"))
    }
  }

  private func isClean(_ client: MeceneClient) async throws -> Bool {
    for try await message in client.settlementService.verify(.init()) {
      if case .verdict(let verdict) = message.event { return verdict.clean }
    }
    return false
  }

  /// Deposits and clicks until the daemon is gone.
  private func load(
    _ client: MeceneClient, seed: UInt64, round: Int, period: String, _ log: Locked<Acknowledged>
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<6 as Range<UInt64> {
        group.addTask {
          var random = SeededGenerator(seed: seed &+ writer)
          for n in 0... {
            let start = ContinuousClock.now
            do {
              if n % 4 == 0 {
                let account = UInt64.random(in: 1...Self.people, using: &random)
                let key = "\(round)-\(writer)-\(n)"
                _ = try await client.accountService.deposit(
                  .init(account: .id(account), amountMicros: 1_000_000, key: key),
                  options: .init(timeout: .seconds(1)))
                log.withLock { $0.deposits.append((account, key)) }
              } else {
                let patron = UInt64.random(in: 1...Self.people, using: &random)
                let thing = patron % Self.people + 1
                _ = try await client.clickService.click(
                  .init(patron: .id(patron), thing: .id(thing), period: period),
                  options: .init(timeout: .seconds(1)))
                log.withLock { $0.clicks.append((patron, thing)) }
              }
            } catch {
              let took = ContinuousClock.now - start
              log.withLock {
                if let error = error as? MeceneError { $0.failures.append(error) }
                $0.slowest = max($0.slowest, took)
              }
              return
            }
          }
        }
      }
    }
  }

  @Test func `kills at random moments lose nothing that was acknowledged and pay nothing twice`()
    async throws
  {
    let seed =
      ProcessInfo.processInfo.environment["MECENE_SEED"].flatMap(UInt64.init) ?? .random(in: 0...999_999)
    print("seed \(seed): MECENE_SEED=\(seed) swift test --filter CrashCampaignTests")
    var random = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path)/s"
    let environment = ["MECENE_TEST_SETTLEMENT_STEP": "3"]
    func start() throws -> Process {
      try Programs.startDaemon(directory, ["--no-auto-settle"], environment: environment)
    }
    var daemon = try start()
    defer { if daemon.isRunning { daemon.terminate() } }
    let client = try MeceneClient(address: address)
    try await populate(client, people: Self.people, deposit: 500_000_000)
    var month = 0
    let rounds = Campaigns.areAsked ? 50 : 20
    for round in 0..<rounds {
      let pause = Int.random(in: 5...60, using: &random)
      if month == 0, round >= rounds / 2 {
        // The month ends; from here on it is the settlement that is killed.
        _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
        month = 1
      }
      let period = "2026-\(11 + month)"
      if round % 5 == 4, month == 1 {
        let before = try await client.settlementService.previewSettlement(.init(period: "2026-11")).settlement
        let settling = Task {
          for try await _ in client.settlementService.settle(
            .init(period: "2026-11"), options: .init(timeout: .seconds(1), waitsForReady: .never))
          {}
        }
        try await Task.sleep(for: .milliseconds(pause / 8))
        kill(daemon, SIGKILL)
        _ = try? await settling.value
        daemon = try start()
        let after = try await client.settlementService.previewSettlement(.init(period: "2026-11")).settlement
        #expect(after?.digest == before?.digest, "seed \(seed), round \(round)")
        continue
      }
      let log = Locked(Acknowledged())
      async let loading: Void = load(
        client, seed: seed &+ UInt64(round) * 100, round: round, period: period, log)
      try await Task.sleep(for: .milliseconds(pause))
      kill(daemon, SIGKILL)
      await loading
      daemon = try start()
      let acknowledged = log.withLock { $0 }
      // What may have been done is in doubt, and never called undone.
      #expect(
        acknowledged.failures.allSatisfy { $0.code == .unavailable || $0.inDoubt && !$0.notExecuted },
        "seed \(seed), round \(round)")
      #expect(acknowledged.slowest < .seconds(7))
      for (account, key) in acknowledged.deposits {
        let again = try await client.accountService.deposit(
          .init(account: .id(account), amountMicros: 1_000_000, key: key))
        #expect(again.replayed, "seed \(seed), round \(round), key \(key)")
      }
      let clicked = try await client.clickService.clickMany(
        .init(
          patronIDs: acknowledged.clicks.map(\.patron), thingIDs: acknowledged.clicks.map(\.thing),
          period: period))
      #expect(clicked.alreadyClicked == acknowledged.clicks.count, "seed \(seed), round \(round)")
    }
    let preview = try await client.settlementService.previewSettlement(.init(period: "2026-11")).settlement
    for try await message in client.settlementService.settle(.init(period: "2026-11")) {
      if case .settlement(let settled) = message.event { #expect(settled.digest == preview?.digest) }
    }
    let clean = try await isClean(client)
    #expect(clean, "seed \(seed)")
    await client.close()
    kill(daemon, SIGTERM)
    try expectRebuilt(directory)
  }

  @Test
  func `a settlement killed before and after each of its commits ends with the same digest and balances`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path)/s"
    let people: UInt64 = 1_000
    let step = ["MECENE_TEST_SETTLEMENT_STEP": "150"]
    let daemon = try Programs.startDaemon(directory, ["--no-auto-settle", "--fee-bps", "123"])
    defer { if daemon.isRunning { daemon.terminate() } }
    let (digest, commits) = try await withMeceneClient(address) { client in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for part in 0..<8 as Range<UInt64> {
          group.addTask {
            for n in stride(from: part + 1, through: people, by: 8) {
              let account = try await client.accountService.openAccount(
                .init(name: "account\(n)", budgetMicros: 2_000_000 + Int64(n))
              ).account
              let id = account?.id ?? 0
              _ = try await client.accountService.deposit(
                .init(account: .id(id), amountMicros: 2_000_000 + Int64(n), key: "k"))
              _ = try await client.thingService.addThing(
                .init(owner: .id(id), url: "https://example.org/\(n)"))
            }
          }
        }
        try await group.waitForAll()
      }
      let patrons = (1...people).flatMap { [$0, $0, $0] }
      let things = (1...people).flatMap { n in (1...3).map { (n + $0 * 331) % people + 1 } }
      _ = try await client.clickService.clickMany(.init(patronIDs: patrons, thingIDs: things))
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      let preview = try await client.settlementService.previewSettlement(.init(period: "2026-11"))
      return (preview.settlement?.digest, try await client.daemonService.getStatus(.init()).commits)
    }
    kill(daemon, SIGTERM)
    let template = directory.path + "/template"
    try FileManager.default.moveItem(atPath: directory.path + "/data", toPath: template)

    /// Settles on a copy of the books, dying where told, and answers with everybody's balances.
    func settle(dyingAt death: String?) async throws -> (balances: [Int64], commits: UInt64) {
      try? FileManager.default.removeItem(atPath: directory.path + "/data")
      try FileManager.default.copyItem(atPath: template, toPath: directory.path + "/data")
      if let death {
        let doomed = try Programs.startDaemon(
          directory, ["--no-auto-settle", "--fee-bps", "123"],
          environment: step.merging(["MECENE_TEST_DIE_AT_COMMIT": death]) { $1 })
        _ = try await withMeceneClient(address) { client in
          await #expect(throws: MeceneError.self) {
            for try await _ in client.settlementService.settle(
              .init(period: "2026-11"), options: .init(timeout: .seconds(2), waitsForReady: .never))
            {}
          }
        }
        doomed.waitUntilExit()
        #expect(doomed.terminationReason == .uncaughtSignal && doomed.terminationStatus == SIGKILL)
      }
      let daemon = try Programs.startDaemon(
        directory, ["--no-auto-settle", "--fee-bps", "123"], environment: step)
      defer { if daemon.isRunning { daemon.terminate() } }
      let result = try await withMeceneClient(address) { client in
        var settled: Settlement?
        for try await message in client.settlementService.settle(.init(period: "2026-11")) {
          if case .settlement(let settlement) = message.event { settled = settlement }
        }
        #expect(settled?.digest == digest && settled?.state == .settled, "\(death ?? "")")
        var balances: [Int64] = []
        for try await page in client.accountService.listAccountsPages(.init(pageSize: 1_000)) {
          balances += page.accounts.flatMap { [$0.availableMicros, $0.potsMicros] }
        }
        let commits = try await client.daemonService.getStatus(.init()).commits
        return (balances, commits)
      }
      kill(daemon, SIGTERM)
      return result
    }

    let undisturbed = try await settle(dyingAt: nil)
    #expect(undisturbed.commits - commits >= 14)
    // Every one of them when there is time.
    for commit in stride(from: commits + 1, through: undisturbed.commits, by: Campaigns.areAsked ? 1 : 4) {
      for moment in ["before", "after"] {
        let died = try await settle(dyingAt: "\(commit):\(moment)")
        #expect(died.balances == undisturbed.balances, "died \(moment) commit \(commit)")
      }
    }
    try expectRebuilt(directory)
    #expect(
      try Programs.run("mecened", ["verify", "--data", directory.path + "/data"]).out.hasPrefix(
        "clean"))
  }

  @Test func `reads go on through restarts, and what can't be repeated fails as unavailable`() async throws {
    let directory = try TemporaryDirectory()
    var daemon = try Programs.startDaemon(directory)
    defer { if daemon.isRunning { daemon.terminate() } }
    let client = try MeceneClient(address: "unix:\(directory.path)/s")
    try await populate(client, people: 3, deposit: 5_000_000)
    let stop = Locked(false)
    let failures = Locked<[MeceneError]>([])
    async let reads: Int = {
      var made = 0
      while !stop.withLock({ $0 }) {
        let account = try await client.accountService.getAccount(
          .init(account: .id(2)), options: .init(timeout: .seconds(5), waitsForReady: .always)
        ).account
        #expect(account?.name == "account2")
        made += 1
      }
      return made
    }()
    async let opens: Void = {
      for n in 0... where !stop.withLock({ $0 }) {
        do {
          _ = try await client.accountService.openAccount(
            .init(name: "other\(n)"), options: .init(timeout: .seconds(5)))
        } catch let error as MeceneError { failures.withLock { $0.append(error) } }
        if stop.withLock({ $0 }) { return }
      }
    }()
    for _ in 0..<4 {
      try await Task.sleep(for: .milliseconds(80))
      kill(daemon, SIGKILL)
      daemon = try Programs.startDaemon(directory)
    }
    try await Task.sleep(for: .milliseconds(80))
    stop.withLock { $0 = true }
    let made = try await reads
    try await opens
    #expect(made > 4)
    let found = failures.withLock { $0 }
    #expect(!found.isEmpty && found.allSatisfy { $0.code == .unavailable })
    await client.close()
    kill(daemon, SIGTERM)
  }

  @Test func `SIGTERM under full load answers every accepted call and ends within five seconds`() async throws
  {
    let directory = try TemporaryDirectory()
    let address = "unix:\(directory.path)/s"
    let daemon = try Programs.startDaemon(directory)
    defer { if daemon.isRunning { daemon.terminate() } }
    let clicked = Locked(Set<UInt64>())
    let others = Locked<[MeceneError]>([])
    let people: UInt64 = 600
    // Nobody waits for a daemon that is not to come back.
    try await withMeceneClient(address, options: CallOptions(waitsForReady: .never)) { client in
      try await populate(client, people: people, deposit: 2_000_000)
      await withTaskGroup(of: Void.self) { group in
        for n in 1...people {
          group.addTask {
            do {
              for thing in 1...people where thing != n {
                _ = try await client.clickService.click(.init(patron: .id(n), thing: .id(thing)))
                clicked.withLock { _ = $0.insert(n * 10_000 + thing) }
              }
            } catch let error as MeceneError { others.withLock { $0.append(error) } } catch {}
          }
        }
        try? await Task.sleep(for: .milliseconds(300))
        let start = ContinuousClock.now
        self.kill(daemon, SIGTERM)
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(daemon.terminationStatus == 0)
      }
    }
    // What was not answered with success was refused as not executed, or found nobody any more: nothing is in doubt.
    let failures = others.withLock { $0 }
    #expect(
      failures.allSatisfy { $0.notExecuted && $0.code == .unavailable }, "\(Set(failures.map(\.description)))"
    )
    let made = clicked.withLock { $0 }
    #expect(!made.isEmpty)
    let second = try Programs.startDaemon(directory)
    try await withMeceneClient(address) { client in
      let status = try await client.daemonService.getStatus(.init())
      #expect(status.openClicks == UInt64(made.count))
    }
    kill(second, SIGTERM)
  }
}
