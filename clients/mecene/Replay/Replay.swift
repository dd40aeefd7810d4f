internal import MeceneClient
internal import MeceneLedger
internal import MeceneTerminal
internal import MeceneWire

/// Lives through dated likes again on a daemon with a simulated clock, and tells what they would have paid.
///
/// In each month everybody who appears in it, as patron or as owner, pays the budget in and is ready to give. Then every
/// day's likes are clicked on that day, and at the month's end the preview is taken and the month settled.
final class Replay {
  /// What a month came to.
  struct Month: Sendable, Encodable {
    let period: String
    var patrons = 0
    var owners = 0
    var clicked = 0
    var repeated = 0
    var own = 0
    var refused = 0
    var depositedMicros: Int64 = 0
    var givenMicros: Int64 = 0
    var digest = ""
  }

  /// An account's balances after a month.
  struct Balance: Sendable {
    let name: String
    let availableMicros: Int64
    let potsMicros: Int64
  }

  private let client: MeceneClient
  private let likes: Likes
  private let budget: Int64
  private let options: CallOptions
  private let bar = ProgressBar()
  private var accounts: [Int: UInt64] = [:]
  private var things: [Int: UInt64] = [:]
  private var done = 0
  private(set) var months: [Month] = []

  init(_ likes: Likes, budget: Int64, _ client: MeceneClient, _ options: CallOptions) {
    self.likes = likes
    self.budget = budget
    self.client = client
    self.options = options
  }

  /// Replays all months.
  ///
  /// - Parameter settled: Called after each month, with a function that fetches everybody's balances.
  func run(settled: (Month, () async throws -> [Balance]) async throws -> Void) async throws {
    for (period, monthsLikes) in likes.months {
      var month = Month(period: period.description)
      // A month without likes before it may have passed since.
      _ = try await client.daemonService.setClock(.init(nowMs: period.start.milliseconds), options: options)
      try await prepare(monthsLikes, &month)
      try await click(monthsLikes, &month)
      try await settle(period, &month)
      months.append(month)
      try await settled(month, balances)
    }
    bar.clear()
  }

  /// Opens accounts and adds things that are new, and pays in for everybody who appears.
  private func prepare(_ monthsLikes: ArraySlice<Likes.Like>, _ month: inout Month) async throws {
    var appearing: Set<Int> = []
    var newThings: [Int] = []
    var seen: Set<Int> = []
    for like in monthsLikes {
      appearing.insert(like.patron)
      appearing.insert(likes.things[like.thing].owner)
      if things[like.thing] == nil, seen.insert(like.thing).inserted { newThings.append(like.thing) }
    }
    try await openAccounts(appearing.filter { accounts[$0] == nil }.sorted())
    try await addThings(newThings)
    let (client, options, budget) = (client, options, budget)
    let ids = appearing.compactMap { accounts[$0] }.sorted()
    let key = "replay-\(month.period)"
    try await forEachConcurrently(ids) { id in
      _ = try await client.accountService.deposit(
        .init(account: .id(id), amountMicros: budget, key: key), options: options)
    }
    month.depositedMicros = budget * Int64(ids.count)
  }

  private func openAccounts(_ people: [Int]) async throws {
    let (client, options, budget) = (client, options, budget)
    let labels = likes.people
    let opened = Collected<Int, UInt64>()
    try await forEachConcurrently(people) { person in
      let response = try await client.accountService.openAccount(
        .init(
          name: Likes.accountName(labels[person], number: person),
          displayName: Likes.text(labels[person], PlainText.displayNameMax), budgetMicros: budget),
        options: options)
      await opened.set(person, response.account?.id ?? 0)
    }
    accounts.merge(await opened.values) { $1 }
  }

  private func addThings(_ new: [Int]) async throws {
    let (client, options, accounts) = (client, options, accounts)
    let (known, urls) = (likes.things, likes.urls)
    let added = Collected<Int, UInt64>()
    try await forEachConcurrently(new) { thing in
      let (label, owner) = known[thing]
      let response = try await client.thingService.addThing(
        .init(
          owner: .id(accounts[owner] ?? 0), url: urls[thing],
          title: Likes.text(label, PlainText.titleMax)),
        options: options)
      await added.set(thing, response.thing?.id ?? 0)
    }
    things.merge(await added.values) { $1 }
  }

  /// Clicks each day's likes on that day.
  private func click(_ monthsLikes: ArraySlice<Likes.Like>, _ month: inout Month) async throws {
    var start = monthsLikes.startIndex
    while start < monthsLikes.endIndex {
      let day = monthsLikes[start].day
      let end = monthsLikes[start...].firstIndex { $0.day > day } ?? monthsLikes.endIndex
      _ = try await client.daemonService.setClock(.init(nowMs: day.milliseconds), options: options)
      for first in stride(from: start, to: end, by: 65_536) {
        let piece = monthsLikes[first..<min(first + 65_536, end)]
        let response = try await client.clickService.clickMany(
          .init(
            patronIDs: piece.map { accounts[$0.patron] ?? 0 }, thingIDs: piece.map { things[$0.thing] ?? 0 },
            period: month.period), options: options)
        month.clicked += Int(response.clicked)
        month.repeated += Int(response.alreadyClicked)
        month.own += response.refusedReasons.count { $0 == .ownThing }
        month.refused += response.refusedReasons.count { $0 != .ownThing }
      }
      done += end - start
      bar.show("replaying \(month.period)", UInt64(done), of: UInt64(likes.likes.count))
      start = end
    }
  }

  /// Ends the month; what the preview says is what the settlement does.
  private func settle(_ period: Period, _ month: inout Month) async throws {
    _ = try await client.daemonService.setClock(
      .init(nowMs: period.next.start.milliseconds), options: options)
    let preview = try await client.settlementService.previewSettlement(
      .init(period: month.period), options: options)
    for try await message in client.settlementService.settle(.init(period: month.period), options: options) {
      guard case .settlement(let settlement)? = message.event else { continue }
      month.patrons = Int(settlement.pots)
      month.owners = Int(settlement.owners)
      month.givenMicros = settlement.revenueMicros
      month.digest = settlement.digest
    }
    guard preview.settlement?.digest == month.digest else {
      throw LocalFailure(
        sentence: "the settlement of \(month.period) has the digest \(month.digest), and its preview had "
          + (preview.settlement?.digest ?? "none"))
    }
  }

  /// The numbers that the ledger gave, with the file's labels.
  var accountNumbers: [(label: String, id: UInt64)] {
    accounts.map { (likes.people[$0.key], $0.value) }.sorted { $0.1 < $1.1 }
  }

  var thingNumbers: [(label: String, id: UInt64)] {
    things.map { (likes.things[$0.key].label, $0.value) }.sorted { $0.1 < $1.1 }
  }

  private func balances() async throws -> [Balance] {
    var balances: [Balance] = []
    for try await page in client.accountService.listAccountsPages(.init(pageSize: 1_000), options: options) {
      balances += page.accounts.map {
        Balance(name: $0.name, availableMicros: $0.availableMicros, potsMicros: $0.potsMicros)
      }
    }
    return balances
  }

  /// What each owner received in all, the most first.
  func owners() async throws -> [(label: String, micros: Int64)] {
    let (client, options) = (client, options)
    let received = Collected<Int, Int64>()
    let owners = Set(likes.likes.map { likes.things[$0.thing].owner })
    let accounts = accounts
    try await forEachConcurrently(owners) { owner in
      var micros: Int64 = 0
      let request = GetStatementRequest(account: .id(accounts[owner] ?? 0), pageSize: 1_000)
      for try await page in client.accountService.getStatementPages(request, options: options) {
        for transfer in page.transfers where transfer.kind == .revenue { micros += transfer.amountMicros }
      }
      await received.set(owner, micros)
    }
    return await received.values.map { (likes.people[$0.key], $0.value) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }
}

/// Values that tasks gather.
private actor Collected<Key: Hashable & Sendable, Value: Sendable> {
  private(set) var values: [Key: Value] = [:]
  func set(_ key: Key, _ value: Value) { values[key] = value }
}
