import MeceneClient
import MeceneProof
import MeceneServer
import MeceneTransport
import MeceneWire
import TestSupport
import Testing

import class MeceneEngine.EmbeddedEngine
import struct MeceneLedger.Terms

/// Every method through a real socket: its success and its errors.
@Suite struct MethodTests {
  /// The reason and field that a call fails with.
  private func failure(_ call: () async throws -> Void) async -> (Reason, String) {
    do {
      try await call()
      return (.unspecified, "")
    } catch let error as MeceneError {
      #expect(!error.message.isEmpty && error.code == error.reason.status)
      return (error.reason, error.field)
    } catch {
      return (.internal, "\(error)")
    }
  }

  private func open(
    _ client: MeceneClient, _ name: String, budget: Int64 = 10_000_000, money: Int64 = 10_000_000
  )
    async throws
  {
    _ = try await client.accountService.openAccount(.init(name: name, budgetMicros: budget))
    if money > 0 {
      _ = try await client.accountService.deposit(
        .init(account: .name(name), amountMicros: money, key: "first"))
    }
  }

  private func add(_ client: MeceneClient, _ owner: String, _ path: String) async throws {
    _ = try await client.thingService.addThing(.init(owner: .name(owner), url: "https://example.org/\(path)"))
  }

  @Test func `accounts are opened, shown, changed and closed`() async throws {
    try await withServerAndClient { _, client in
      let accounts = client.accountService
      let anna = try await accounts.openAccount(
        .init(name: "anna", displayName: " Anna ", budgetMicros: 2_000_000))
      #expect(anna.account?.displayName == "Anna" && anna.account?.openedAtMs == novemberMs)
      #expect(
        await failure { _ = try await accounts.openAccount(.init(name: "anna")) } == (.nameTaken, "name"))
      #expect(
        await failure { _ = try await accounts.openAccount(.init(name: "A")) } == (.invalidName, "name"))
      #expect(
        await failure { _ = try await accounts.openAccount(.init(name: "bert", budgetMicros: 1)) }
          == (.belowMinimum, "budget_micros"))
      #expect(
        await failure {
          _ = try await accounts.openAccount(
            .init(name: "bert", displayName: String(repeating: "x", count: 101)))
        } == (.invalidText, "display_name"))
      #expect(try await accounts.getAccount(.init(account: .id(1))).account == anna.account)
      #expect(await failure { _ = try await accounts.getAccount(.init()) } == (.fieldMissing, "account"))
      #expect(
        await failure { _ = try await accounts.getAccount(.init(account: .name("nobody"))) }
          == (.accountNotFound, "account"))
      #expect(
        await failure { _ = try await accounts.getAccount(.init(account: .id(.max))) }
          == (.accountNotFound, "account"))
      let renamed = try await accounts.updateAccount(.init(account: .name("anna"), displayName: "A"))
      #expect(renamed.account?.displayName == "A")
      #expect(try await accounts.updateAccount(.init(account: .name("anna"))).account?.displayName == "A")
      let budget = try await accounts.setBudget(.init(account: .id(1), budgetMicros: 3_000_000))
      #expect(budget.account?.budgetMicros == 3_000_000)
      let closed = try await accounts.closeAccount(.init(account: .id(1)))
      #expect(closed.account?.closed == true && closed.account?.budgetMicros == 0)
      #expect(try await accounts.closeAccount(.init(account: .id(1))).account?.closed == true)
      #expect(
        await failure { _ = try await accounts.setBudget(.init(account: .id(1), budgetMicros: 2_000_000)) }
          == (.accountClosed, "account"))
      #expect(
        await failure { _ = try await accounts.deposit(.init(account: .id(1), amountMicros: 5)) }
          == (.accountClosed, "account"))
    }
  }

  @Test func `money comes in and goes out once for each key`() async throws {
    try await withServerAndClient { _, client in
      let accounts = client.accountService
      try await open(client, "anna", budget: 0)
      let again = try await accounts.deposit(
        .init(account: .name("anna"), amountMicros: 10_000_000, key: "first"))
      #expect(again.replayed && again.transfer?.id == 1 && again.transfer?.availableAfterMicros == 10_000_000)
      #expect(
        await failure {
          _ = try await accounts.deposit(.init(account: .name("anna"), amountMicros: 1, key: "first"))
        } == (.keyReused, "amount_micros"))
      #expect(
        await failure {
          _ = try await accounts.withdraw(
            .init(source: .account(.name("anna")), amountMicros: 10_000_000, key: "first"))
        } == (.keyReused, "key"))
      #expect(
        await failure {
          _ = try await accounts.deposit(.init(account: .name("anna"), amountMicros: 0, key: "x"))
        } == (.invalidAmount, "amount_micros"))
      #expect(
        await failure {
          _ = try await accounts.deposit(
            .init(account: .name("anna"), amountMicros: 1, key: String(repeating: "k", count: 65)))
        } == (.invalidKey, "key"))
      #expect(
        await failure {
          _ = try await accounts.deposit(.init(account: .name("anna"), amountMicros: .max, key: "y"))
        } == (.ledgerFull, "amount_micros"))
      #expect(
        await failure {
          _ = try await accounts.withdraw(
            .init(source: .account(.name("anna")), amountMicros: 10_000_001, key: "z"))
        } == (.insufficientFunds, "amount_micros"))
      #expect(
        await failure { _ = try await accounts.withdraw(.init(source: .fees(true), amountMicros: 1)) }
          == (.insufficientFunds, "amount_micros"))
      #expect(
        await failure { _ = try await accounts.withdraw(.init(amountMicros: 1)) } == (
          .fieldMissing, "account"
        ))
      let out = try await accounts.withdraw(
        .init(source: .account(.name("anna")), amountMicros: 4_000_000, key: "z"))
      #expect(out.transfer?.kind == .withdraw && out.transfer?.availableAfterMicros == 6_000_000)
    }
  }

  @Test func `two connections that race with one key deposit once`() async throws {
    try await withServer { server in
      try await withMeceneClient(server.addresses[0].description) { client in
        try await open(client, "anna", budget: 0, money: 0)
      }
      let replies = try await withThrowingTaskGroup(of: DepositResponse.self) { group in
        for n in 0..<20 {
          group.addTask {
            try await withMeceneClient(server.addresses[n % 2].description) { client in
              try await client.accountService.deposit(
                .init(account: .name("anna"), amountMicros: 7, key: "same"))
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(replies.filter { !$0.replayed }.count == 1)
      #expect(Set(replies.map { $0.transfer?.json }).count == 1)
    }
  }

  @Test func `things are added once, shown, listed, changed, retired and revived`() async throws {
    try await withServerAndClient { _, client in
      let things = client.thingService
      try await open(client, "anna")
      try await open(client, "bert")
      let first = try await things.addThing(
        .init(
          owner: .name("anna"), url: "HTTP://Example.org/a/../b?utm_source=x", title: "B", description: "d"))
      #expect(first.thing?.url == "http://example.org/b" && !first.alreadyAdded)
      let again = try await things.addThing(.init(owner: .id(1), url: "https://example.org/b"))
      #expect(again.alreadyAdded && again.thing == first.thing)
      #expect(
        await failure { _ = try await things.addThing(.init(owner: .id(2), url: "https://example.org/b")) }
          == (.urlTaken, "url"))
      #expect(
        await failure { _ = try await things.addThing(.init(owner: .id(2), url: "example.org")) }
          == (.invalidURL, "url"))
      #expect(
        await failure { _ = try await things.addThing(.init(url: "https://a.org")) } == (
          .fieldMissing, "owner"
        ))
      _ = try await things.addThing(.init(owner: .id(2), url: "https://example.org/hidden", hidden: true))
      #expect(try await things.getThing(.init(thing: .url("https://EXAMPLE.org/b#x"))).thing == first.thing)
      #expect(
        await failure { _ = try await things.getThing(.init(thing: .id(99))) } == (.thingNotFound, "thing"))
      #expect(await failure { _ = try await things.getThing(.init()) } == (.fieldMissing, "thing"))
      #expect(try await things.listThings(.init()).things.map(\.id) == [1])
      #expect(try await things.listThings(.init(owner: .name("bert"))).things.map(\.id) == [2])
      let changed = try await things.updateThing(.init(thing: .id(1), title: "New", hidden: true))
      #expect(
        changed.thing?.title == "New" && changed.thing?.description == "d" && changed.thing?.hidden == true)
      #expect(try await things.retireThing(.init(thing: .id(1))).thing?.retired == true)
      #expect(
        await failure { _ = try await client.clickService.click(.init(patron: .id(2), thing: .id(1))) }
          == (.thingRetired, "thing"))
      #expect(try await things.reviveThing(.init(thing: .id(1))).thing?.retired == false)
      _ = try await client.accountService.closeAccount(.init(account: .id(1)))
      #expect(
        await failure { _ = try await things.reviveThing(.init(thing: .id(1))) } == (.accountClosed, "thing"))
      #expect(
        await failure { _ = try await things.addThing(.init(owner: .id(1), url: "https://a.org/n")) }
          == (.accountClosed, "owner"))
    }
  }

  @Test func `clicks are refused in the order of the rules`() async throws {
    try await withServerAndClient { _, client in
      let clicks = client.clickService
      try await open(client, "anna")
      try await open(client, "poor", money: 1_000_000)
      try await add(client, "anna", "a")
      try await add(client, "poor", "p")
      func refused(_ patron: AccountReference?, _ thing: ThingReference?, _ period: String = "") async
        -> Reason
      {
        await failure { _ = try await clicks.click(.init(patron: patron, thing: thing, period: period)) }.0
      }
      #expect(await refused(nil, .id(1)) == .fieldMissing)
      #expect(await refused(.id(9), .id(9), "2026-10") == .accountNotFound)
      #expect(await refused(.id(1), .id(9), "2026-10") == .thingNotFound)
      #expect(await refused(.id(1), .id(1), "2026-10") == .periodClosed)
      #expect(await refused(.id(1), .id(1), "soon") == .invalidPeriod)
      #expect(await refused(.id(1), .id(1)) == .ownThing)
      #expect(await refused(.name("poor"), .id(1)) == .patronInactive)
      #expect(await refused(.name("anna"), .url("https://example.org/p")) == .ownerInactive)
    }
    try await withServerAndClient(terms: .init(receiveRequiresGiving: false)) { _, client in
      try await open(client, "anna")
      try await open(client, "poor", money: 0)
      try await add(client, "poor", "p")
      let click = try await client.clickService.click(.init(patron: .id(1), thing: .id(1), period: "2026-11"))
      #expect(click.clicks == 1 && click.shareMicros == 10_000_000 && click.period == "2026-11")
    }
  }

  @Test func `clicks are made, repeated, listed, undone and made in bulk`() async throws {
    try await withServerAndClient { _, client in
      let clicks = client.clickService
      try await open(client, "anna")
      try await open(client, "bert")
      for n in 1...7 { try await add(client, "bert", "\(n)") }
      let first = try await clicks.click(.init(patron: .name("anna"), thing: .id(1)))
      #expect(first.potMicros == 10_000_000 && !first.alreadyClicked)
      #expect(try await clicks.click(.init(patron: .name("anna"), thing: .id(1))).alreadyClicked)
      let many = try await clicks.clickMany(
        .init(patronIDs: [1, 1, 1, 9, 2, 1], thingIDs: [1, 2, 3, 1, 1, 99]))
      #expect(many.clicked == 2 && many.alreadyClicked == 1 && many.refused == 3)
      #expect(many.refusedIndexes == [3, 4, 5])
      #expect(many.refusedReasons == [.accountNotFound, .ownThing, .thingNotFound])
      #expect(
        await failure { _ = try await clicks.clickMany(.init(patronIDs: [1], thingIDs: [])) }
          == (.invalidValue, "thing_ids"))
      var listed: [PatronClick] = []
      for try await page in clicks.listClicksPages(.init(patron: .name("anna"), pageSize: 2)) {
        #expect(page.clicks.count <= 2 && page.clicksTotal == 3 && !page.settled)
        listed += page.clicks
      }
      #expect(listed.map(\.thingID) == [1, 2, 3])
      #expect(listed.map(\.shareMicros).reduce(0, +) == 10_000_000)
      #expect(listed[0].ownerName == "bert" && listed[0].url == "https://example.org/1")
      let undone = try await clicks.undoClick(.init(patron: .id(1), thing: .id(2)))
      #expect(undone.wasClicked && undone.clicks == 2 && undone.potMicros == 10_000_000)
      #expect(try await !clicks.undoClick(.init(patron: .id(1), thing: .id(2))).wasClicked)
    }
  }

  @Test func `a month is previewed, settled, listed and verified`() async throws {
    try await withServerAndClient(terms: .init(feeBps: 1_000), autoSettle: false) { _, client in
      let settlements = client.settlementService
      try await open(client, "anna")
      try await open(client, "bert")
      for n in 1...3 {
        try await add(client, "bert", "\(n)")
        _ = try await client.clickService.click(.init(patron: .name("anna"), thing: .id(UInt64(n))))
      }
      let preview = try await settlements.previewSettlement(.init())
      #expect(!preview.final && preview.settlement?.revenueMicros == 9_000_000)
      #expect(
        await failure { for try await _ in settlements.settle(.init(period: "2026-11")) {} } == (
          .periodOpen, "period"
        ))
      #expect(
        await failure { for try await _ in settlements.settle(.init(period: "2027-11")) {} }
          == (.periodNotFound, "period"))
      let now = try await client.daemonService.setClock(.init(nowMs: januaryMs))
      #expect(now.openPeriod == "2027-01")
      let final = try await settlements.previewSettlement(.init(period: "2026-11"))
      #expect(final.final && final.settlement?.digest == preview.settlement?.digest)
      #expect(
        await failure { for try await _ in settlements.settle(.init(period: "2026-12")) {} }
          == (.earlierPeriodUnsettled, "period"))
      #expect(
        await failure { _ = try await settlements.getSettlement(.init(period: "2026-11")) }
          == (.settlementNotFound, "period"))
      #expect(
        await failure { _ = try await settlements.getRevenue(.init(owner: .name("bert"))) }
          == (.settlementNotFound, "period"))
      let unsettled = try await settlements.getRevenue(
        .init(owner: .name("bert"), period: "2026-11", pageSize: 2))
      #expect(unsettled.things.count == 2 && unsettled.microsTotal == 9_000_000 && !unsettled.settled)
      #expect(
        try await client.clickService.listClicks(.init(patron: .id(1), period: "2026-11")).clicksTotal == 3)
      var last: SettleResponse?
      for try await message in settlements.settle(.init(period: "2026-11")) { last = message }
      guard case .settlement(let settled) = last?.event else {
        Issue.record("no summary came")
        return
      }
      #expect(settled.digest == preview.settlement?.digest && settled.feesMicros == 1_000_000)
      for try await message in settlements.settle(.init(period: "2026-11")) { last = message }
      #expect(last?.event == .settlement(settled))
      #expect(try await settlements.getSettlement(.init(period: "2026-11")).settlement == settled)
      #expect(try await settlements.listSettlements(.init()).settlements == [settled])
      let revenue = try await settlements.getRevenue(.init(owner: .name("bert"), period: "2026-11"))
      #expect(try await settlements.getRevenue(.init(owner: .name("bert"))) == revenue)
      #expect(revenue.settled && revenue.things.map(\.micros) == [3_000_000, 3_000_000, 3_000_000])
      let clicks = try await client.clickService.listClicks(.init(patron: .id(1), period: "2026-11"))
      #expect(clicks.settled && clicks.feeMicros == 1_000_000)
      let statement = try await client.accountService.getStatement(.init(account: .name("anna")))
      #expect(
        statement.transfers.map(\.kind) == [.deposit, .potOpen, .fee, .give]
          && statement.transfers.map(\.key) == ["first", "", "", ""]
          && statement.closingAvailableMicros == 0)
      let december = try await client.accountService.getStatement(
        .init(account: .name("bert"), period: "2026-11"))
      #expect(december.closingAvailableMicros == 10_000_000)
      let fees = try await client.accountService.withdraw(.init(source: .fees(true), amountMicros: 400_000))
      #expect(fees.transfer?.availableAfterMicros == 600_000)
      var verdict: Verdict?
      for try await message in settlements.verify(.init()) {
        if case .verdict(let found) = message.event { verdict = found }
      }
      #expect(verdict?.clean == true && verdict?.clicks == 3 && verdict?.settlements == 1)
    }
  }

  @Test func `a click repeated over midnight is refused when it names its month`() async throws {
    try await withServerAndClient { _, client in
      try await open(client, "anna")
      try await open(client, "bert")
      try await add(client, "bert", "b")
      let first = try await client.clickService.click(.init(patron: .id(1), thing: .id(1)))
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      #expect(
        await failure {
          _ = try await client.clickService.click(.init(patron: .id(1), thing: .id(1), period: first.period))
        } == (.periodClosed, "period"))
      #expect(
        await failure {
          _ = try await client.clickService.undoClick(
            .init(patron: .id(1), thing: .id(1), period: first.period))
        } == (.periodClosed, "period"))
      #expect(
        await failure {
          _ = try await client.clickService.clickMany(
            .init(patronIDs: [1], thingIDs: [1], period: first.period))
        } == (.periodClosed, "period"))
    }
  }

  @Test func `pages are bounded, and their tokens bound to the list`() async throws {
    try await withServerAndClient { _, client in
      for n in 1...5 { try await open(client, "account\(n)", money: 0) }
      let accounts = client.accountService
      let first = try await accounts.listAccounts(.init(pageSize: 2))
      #expect(first.accounts.map(\.id) == [1, 2] && !first.nextPageToken.isEmpty)
      let second = try await accounts.listAccounts(.init(pageSize: 3, pageToken: first.nextPageToken))
      #expect(second.accounts.map(\.id) == [3, 4, 5] && second.nextPageToken.isEmpty)
      #expect(try await accounts.listAccounts(.init(pageSize: .max)).accounts.count == 5)
      #expect(
        await failure { _ = try await accounts.listAccounts(.init(pageSize: -1)) } == (
          .invalidPageSize, "page_size"
        ))
      for token in ["x", String(repeating: "0", count: 32), first.nextPageToken + "0"] {
        #expect(
          await failure { _ = try await accounts.listAccounts(.init(pageToken: token)) }
            == (.invalidPageToken, "page_token"))
      }
      #expect(
        await failure { _ = try await client.thingService.listThings(.init(pageToken: first.nextPageToken)) }
          == (.invalidPageToken, "page_token"))
    }
  }

  @Test func `the journal lists every transfer with where its money came from and went`() async throws {
    try await withServerAndClient { _, client in
      try await open(client, "anna")
      try await open(client, "bert")
      try await add(client, "bert", "a")
      _ = try await client.clickService.click(.init(patron: .name("anna"), thing: .id(1)))
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      for try await _ in client.settlementService.settle(.init(period: "2026-11")) {}
      let accounts = client.accountService
      var entries: [JournalEntry] = []
      for try await page in accounts.listTransfersPages(.init(pageSize: 2)) { entries += page.entries }
      #expect(entries.map { $0.transfer?.id } == Array(1...UInt64(entries.count)))
      #expect(
        entries.map { "\($0.fromAccount) > \($0.toAccount)" } == [
          "world > available:anna", "world > available:bert", "available:anna > pot:anna:2026-11",
          "pot:anna:2026-11 > clearing:2026-11", "clearing:2026-11 > available:bert",
        ])
      let november = try await accounts.listTransfers(.init(period: "2026-11")).entries
      #expect(november.count == 3)
      #expect(
        await failure { _ = try await accounts.listTransfers(.init(period: "2027-01")) } == (
          .periodNotFound, "period"
        ))
      #expect(
        await failure { _ = try await accounts.listTransfers(.init(pageSize: -1)) } == (
          .invalidPageSize, "page_size"
        ))
      #expect(
        await failure { _ = try await accounts.listTransfers(.init(pageToken: "x")) }
          == (.invalidPageToken, "page_token"))
    }
  }

  @Test func `a receipt is refused when its account, month or part is missing`() async throws {
    try await withServerAndClient { _, client in
      try await open(client, "anna")
      _ = try await client.daemonService.setClock(.init(nowMs: decemberMs))
      for try await _ in client.settlementService.settle(.init(period: "2026-11")) {}
      func refused(_ account: AccountReference?, _ period: String, _ role: ReceiptRole) async -> (
        Reason, String
      ) {
        await failure {
          _ = try await client.settlementService.getReceipt(
            .init(account: account, period: period, role: role))
        }
      }
      #expect(await refused(nil, "2026-11", .patron) == (.fieldMissing, "account"))
      #expect(await refused(.id(1), "", .patron) == (.fieldMissing, "period"))
      #expect(await refused(.id(1), "2026-11", .unspecified) == (.fieldMissing, "role"))
      #expect(await refused(.id(1), "nonsense", .patron) == (.invalidPeriod, "period"))
      #expect(await refused(.name("nobody"), "2026-11", .owner) == (.accountNotFound, "account"))
      #expect(await refused(.id(1), "2026-12", .owner) == (.settlementNotFound, "period"))
      #expect(await refused(.id(1), "2027-12", .owner) == (.periodNotFound, "period"))
      #expect(await refused(.id(1), "2026-11", .patron) == (.receiptNotFound, "account"))
      #expect(await refused(.id(1), "2026-11", .owner) == (.receiptNotFound, "account"))
    }
  }

  @Test func `a receipt of as many clicks as one may be of fits a message and a frame`() throws {
    let limits = Limits()
    let click = ReceiptClick(thingID: 1 << 34, ownerID: 1 << 34, shareMicros: 1 << 34)
    let part = PatronPart(
      potMicros: .max, clicks: Array(repeating: click, count: ReceiptProof.clicksMax))
    let coder = MessageCoder(arenaBytesMax: limits.messageMemoryMax)
    var frame: [UInt8] = []
    try coder.appendFrame(
      callID: 1, more: false, payload: GetReceiptResponse(receipt: Receipt(part: .patron(part))), to: &frame)
    #expect(frame.count < 1 << 24)
    let answer = MessageCoder(arenaBytesMax: 64 << 20)
    #expect(try answer.decode(Response.self, from: Array(frame.dropFirst(4))).status == 0)
  }

  @Test func `the daemon tells its state, and its clock goes forward only`() async throws {
    try await withServerAndClient { server, client in
      let status = try await client.daemonService.getStatus(.init())
      #expect(status.openPeriod == "2026-11" && status.protocolVersion == 1 && status.connections == 1)
      #expect(status.limits.contains { $0.name == "frame-bytes-max" && $0.value == "4194304" })
      #expect(
        await failure { _ = try await client.daemonService.setClock(.init(nowMs: novemberMs - 1)) }
          == (.clockOutOfRange, "now_ms"))
      #expect(
        await failure { _ = try await client.daemonService.setClock(.init(nowMs: .max)) }
          == (.clockOutOfRange, "now_ms"))
      #expect(
        await failure { _ = try await client.daemonService.setClock(.init(nowMs: .min)) }
          == (.clockOutOfRange, "now_ms"))
      #expect(
        await failure { _ = try await client.daemonService.confirmClock(.init(nowMs: .min)) }
          == (.invalidValue, "now_ms"))
      #expect(status.unconfirmedClockMs == 0 && status.expectedClockMs == 0)
      #expect(try await client.health.check(.init()).status == .serving)
      #expect(try await client.health.check(.init(service: "mecene.v1.ClickService")).status == .serving)
      #expect(
        await failure { _ = try await client.health.check(.init(service: "x")) } == (
          .serviceUnknown, "service"
        ))
    }
  }

  @Test func `a full disk shows in health and in errors`() async throws {
    let directory = try TemporaryDirectory()
    let engine = try EmbeddedEngine(
      settings: settings(directory), logger: quietLogger, fatal: { Issue.record("\($0)") })
    try await withServerAndClient(in: directory, engine: engine) { server, client in
      try await open(client, "anna")
      try await engine.limit(pages: 30)
      func add(_ number: Int) async -> Reason {
        await failure {
          _ = try await client.thingService.addThing(
            .init(
              owner: .id(1), url: "https://example.org/\(number)",
              description: String(repeating: "x", count: 2_000)),
            options: .init(timeout: .milliseconds(500)))
        }.0
      }
      var reason = Reason.unspecified
      for number in 0..<100 where reason == .unspecified { reason = await add(number) }
      #expect(reason == .diskFull)
      // The cap is no full disk, so the daemon believes in room again after a second.
      let isTold = try await eventually {
        _ = await add(100)
        let clicks = try await client.health.check(.init(service: "mecene.v1.ClickService")).status
        return try await client.daemonService.getStatus(.init()).writesRefused == "the disk is full"
          && clicks == .notServing
      }
      #expect(isTold)
      #expect(try await client.health.check(.init()).status == .serving)
      #expect(try await client.accountService.getAccount(.init(account: .id(1))).account?.name == "anna")
      #expect(try await client.health.check(.init(service: "mecene.v1.DaemonService")).status == .serving)
    }
  }
}
