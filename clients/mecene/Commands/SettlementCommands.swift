internal import ArgumentParser
internal import MeceneClient
internal import MeceneTerminal
internal import MeceneWire

/// Settling and verifying may take long.
private let longCallSeconds = 3_600.0

private func show(_ settlement: Settlement?, note: String? = nil) {
  guard let settlement else { return }
  let state = settlement.state.name?.replacing("SETTLEMENT_STATE_", with: "").lowercased() ?? "unknown"
  Tables.show([
    "period": settlement.period, "state": note ?? state, "pots": "\(settlement.pots)",
    "clicks": "\(settlement.clicks)", "owners": "\(settlement.owners)",
    "pots in all": Amount.text(settlement.potsMicros), "fees": Amount.text(settlement.feesMicros),
    "revenue": Amount.text(settlement.revenueMicros), "returned": Amount.text(settlement.returnedMicros),
    "digest": settlement.digest,
    "settled": settlement.settledAtMs == 0 ? "-" : Tables.time(settlement.settledAtMs),
    "commit": settlement.commit.isEmpty ? "-" : settlement.commit,
  ])
}

struct PreviewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview", abstract: "Shows what a month's settlement would do now, or did.")

  @OptionGroup var period: PeriodOption<OpenPeriod>
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let response = try await client.settlementService.previewSettlement(
        PreviewSettlementRequest(period: period.text), options: options)
      connection.show(response) {
        show(response.settlement, note: response.final ? nil : "open; these are the numbers of this moment")
      }
    }
  }
}

struct SettleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settle", abstract: "Cuts a closed month's pots into shares and pays the owners.")

  @Argument(help: "The month, such as 2026-11; the oldest that is closed and not settled if left out.")
  var month: String?
  @Option(name: .customLong("period"), help: "The month, as an option instead.") var named: String?
  @Flag(help: "Don't ask.") var yes = false
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    if let month, let other = named, month != other {
      throw ValidationError("The month is named twice: \(month) and \(other).")
    }
  }

  func run() async throws {
    let chosen = month ?? named ?? ""
    if !yes, !Terminal.inputIsTerminal {
      try Terminal.confirm(
        "Settle \(chosen.isEmpty ? "the oldest closed month" : chosen.shown())? It can't be taken back.",
        yes: false)
    }
    try await connection.withClient(seconds: longCallSeconds) { client, options in
      try await confirm(chosen, client, options)
      let bar = ProgressBar()
      for try await message in client.settlementService.settle(
        SettleRequest(period: chosen), options: options)
      {
        switch message.event {
        case .progress(let progress): bar.show(progress.stage, progress.done, of: progress.total)
        case .settlement(let settlement):
          bar.clear()
          connection.show(settlement) { show(settlement) }
        case nil: break
        }
      }
    }
  }
}

extension SettleCommand {
  /// Asks, with what the settlement would do.
  private func confirm(_ chosen: String, _ client: MeceneClient, _ options: CallOptions) async throws {
    if yes { return }
    let month =
      chosen.isEmpty
      ? try await client.daemonService.getStatus(GetStatusRequest(), options: options).oldestUnsettledPeriod
      : chosen
    // Where nothing is to be settled, the daemon says why.
    if month.isEmpty { return }
    let preview = try await client.settlementService.previewSettlement(
      PreviewSettlementRequest(period: month), options: options
    ).settlement
    let what = preview.map {
      " Pots: \($0.pots), with \($0.clicks) clicks and \(Amount.text($0.potsMicros)) in all. Owners: \($0.owners)."
    }
    try Terminal.confirm("Settle \(month.shown())?\(what ?? "") It can't be taken back.", yes: false)
  }
}

struct SettlementsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settlements", abstract: "Lists settled months, or shows one.")

  @OptionGroup var period: PeriodOption<AllPeriods>
  @OptionGroup var page: PageOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      if period.period != nil {
        let response = try await client.settlementService.getSettlement(
          GetSettlementRequest(period: period.text), options: options)
        return connection.show(response) { show(response.settlement) }
      }
      let request = ListSettlementsRequest(pageSize: page.size, pageToken: page.pageToken)
      let response = try await page.fetch(
        request, { client.settlementService.listSettlementsPages($0, options: options) },
        join: {
          $0.settlements += $1.settlements
          $0.nextPageToken = $1.nextPageToken
        })
      connection.show(response) {
        Tables.show(
          [
            .text("period"), .number("pots"), .number("clicks"), .number("owners"), .number("set aside"),
            .number("fees"), .number("revenue"), .text("digest"),
          ],
          response.settlements.map {
            [
              $0.period, "\($0.pots)", "\($0.clicks)", "\($0.owners)", Amount.text($0.potsMicros),
              Amount.text($0.feesMicros), Amount.text($0.revenueMicros), String($0.digest.prefix(16)) + "…",
            ]
          })
        page.hint(response.nextPageToken)
      }
    }
  }
}

struct RevenueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revenue", abstract: "Shows what an owner's things earned in a month.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, csv
  }

  @Argument(help: "The owner's name or number.") var owner: AccountArgument
  @Option(help: "table, or csv in the form of Flattr's monthly reports, the whole month.") var format = Format
    .table
  @OptionGroup var period: PeriodOption<NewestSettledPeriod>
  @OptionGroup var page: PageOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let request = GetRevenueRequest(
        owner: owner.reference, period: period.text, pageSize: page.size, pageToken: page.pageToken)
      if format == .csv { return try await showReport(client, options) }
      let response = try await page.fetch(
        request, { client.settlementService.getRevenuePages($0, options: options) },
        join: {
          $0.things += $1.things
          $0.nextPageToken = $1.nextPageToken
        })
      connection.show(response) {
        Tables.show(
          [.number("thing"), .text("title"), .text("url"), .number("clicks"), .number("revenue")],
          response.things.map {
            ["\($0.thingID)", $0.title, $0.url, "\($0.clicks)", Amount.text($0.micros)]
          })
        Terminal.print("")
        Tables.show([
          "period": response.period + (response.settled ? " (settled)" : " (as it would be now)"),
          "clicks": "\(response.clicksTotal)", "revenue": Amount.text(response.microsTotal),
        ])
        page.hint(response.nextPageToken)
      }
    }
  }
}

extension RevenueCommand {
  /// Flattr's report: by falling revenue, with each thing's clicks in all months so far.
  private func showReport(_ client: MeceneClient, _ options: CallOptions) async throws {
    let (month, rows) = try await revenue(client, period.text, options)
    var totals = Dictionary(rows.map { ($0.thingID, $0.clicks) }, uniquingKeysWith: { $1 })
    for try await page in client.settlementService.listSettlementsPages(
      .init(pageSize: 1_000), options: options)
    {
      for earlier in page.settlements where earlier.period < month {
        for row in try await revenue(client, earlier.period, options).rows {
          totals[row.thingID]? += row.clicks
        }
      }
    }
    let sorted = rows.sorted { ($1.micros, $0.thingID) < ($0.micros, $1.thingID) }
    Terminal.write(
      FlattrReport.write(
        period: month,
        sorted.map { ($0.thingID, $0.url, $0.title, $0.clicks, $0.micros, totals[$0.thingID] ?? $0.clicks) }))
  }

  private func revenue(
    _ client: MeceneClient, _ period: String, _ options: CallOptions
  ) async throws -> (period: String, rows: [ThingRevenue]) {
    var month = period
    var rows: [ThingRevenue] = []
    let request = GetRevenueRequest(owner: owner.reference, period: period, pageSize: 1_000)
    for try await page in client.settlementService.getRevenuePages(request, options: options) {
      month = page.period
      rows += page.things
    }
    return (month, rows)
  }
}

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Proves the books, or names the first row that is wrong.",
    discussion: "Exit status 1 when a row is wrong.")

  @Option(
    help: ArgumentHelp(
      "A commit that was kept outside, as `mecene status` shows the last: the books have to hold it.",
      valueName: "number:link"))
  var link = ""
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient(seconds: longCallSeconds) { client, options in
      let bar = ProgressBar()
      var verdict: Verdict?
      for try await message in client.settlementService.verify(
        VerifyRequest(commit: link), options: options)
      {
        switch message.event {
        case .progress(let progress): bar.show(progress.stage, progress.done, of: progress.total)
        case .verdict(let found): verdict = found
        case nil: break
        }
      }
      bar.clear()
      guard let verdict else { throw LocalFailure(sentence: "the daemon gave no verdict") }
      connection.show(verdict) {
        if let row = verdict.firstWrongRow {
          Terminal.print(Terminal.coloured("wrong", .red))
          Tables.show([
            "table": row.table, "row": row.key, "expected": row.expected, "found": row.found,
          ])
        } else {
          Terminal.print(Terminal.coloured("clean", .green))
          Tables.show([
            "transfers": "\(verdict.transfers)", "clicks": "\(verdict.clicks)",
            "settlements": "\(verdict.settlements)", "last commit": verdict.lastCommit,
          ])
        }
      }
      if !verdict.clean { throw ExitCode(1) }
    }
  }
}
