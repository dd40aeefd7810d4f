internal import MeceneClient
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneTerminal
internal import MeceneWire

extension Importer {
  /// Imports a report of Flattr's, month by month: its things with their titles, and its clicks.
  ///
  /// The report does not say who clicked, so each click gets a patron who is made up, says so, and gives its part of the thing's
  /// revenue to that thing alone: so the settlement pays what the report says, to the cent. On a simulated clock the months
  /// pass, and each is settled; otherwise the report can be of the open month alone.
  ///
  /// - Throws: `LocalFailure` when the daemon can't live through these months, with the command that starts one that can;
  ///   `MeceneError`.
  func runFlattr(_ path: String, owner: MeceneWire.AccountReference) async throws -> ImportReport {
    let flattr = try FlattrReport(path)
    let report = ImportReport([
      "things added", "things there before", "patrons made up", "clicked", "clicked before", "months settled",
      "months there before",
    ])
    for row in flattr.refused { await report.refuse(row.line, column: row.column, row.sentence) }
    // A month that has passed takes no more, so all of the file has to be right before the first does.
    if !flattr.refused.isEmpty {
      Terminal.note("nothing was imported: mend these lines first")
      return report
    }
    let status = try await client.daemonService.getStatus(GetStatusRequest(), options: options)
    guard let open = Period(parsing: status.openPeriod) else {
      throw LocalFailure(sentence: "the daemon's open month can't be read: \(status.openPeriod)")
    }
    try check(flattr, status, open: open)
    var done = 0
    for month in flattr.months {
      if month.period < open {
        try await settle(through: month.period)
        try await compareFlattr(month, owner, "has passed here", flattr.command)
        await report.count("months there before")
        continue
      }
      if status.simulatedClock { try await setClock(to: month.period) }
      var isWhole = true
      for row in month.rows {
        do { try await add(row, of: month.period, owner, report) } catch {
          try await report.refuse(row.line, error, columns: [:])
          isWhole = false
        }
        done += 1
        bar.show("importing \(month.period)", UInt64(done), of: UInt64(flattr.rowCount))
      }
      guard isWhole else {
        bar.clear()
        Terminal.note(
          "\(month.period) is not settled, because a line was refused: mend it and import the file again")
        return report
      }
      if status.simulatedClock {
        try await setClock(to: month.period.next)
        try await settle(through: month.period)
        try await compareFlattr(
          month, owner, "is settled", "something else was clicked in it; \(flattr.command)")
        await report.count("months settled")
      }
    }
    bar.clear()
    Terminal.note(
      "made up: who clicked. A patron flattr-MONTH-THING-NUMBER stands for each click, and pays in and gives its part."
    )
    return report
  }

  /// Refuses what would come out other than the report says.
  private func check(
    _ flattr: FlattrReport, _ status: GetStatusResponse, open: Period
  ) throws {
    guard let first = flattr.months.first?.period, let last = flattr.months.last?.period else { return }
    let months = first == last ? "\(first)" : "\(first) to \(last)"
    guard status.simulatedClock || first == open && last == open else {
      throw LocalFailure(
        sentence:
          "the report is of \(months), and the daemon's clock is in \(open) and can't be moved; \(flattr.command)"
      )
    }
    guard last < Period.last else {
      throw LocalFailure(sentence: "the report is of \(months), and the last month is \(Period.last)")
    }
    for month in flattr.months where month.period >= open {
      let terms = (month.period == open ? status.terms : status.nextTerms) ?? PeriodTerms()
      let least = month.rows.map { $0.part(of: $0.clicks - 1) }.min() ?? .max
      guard terms.feeBps == 0, terms.minimumBudgetMicros <= least else {
        let fee = terms.feeBps == 0 ? "" : " and a fee of \(terms.feeBps) hundredths of a per cent"
        throw LocalFailure(
          sentence:
            "a click of \(month.period) is worth \(Amount.text(least)), and the daemon has a minimum of "
            + "\(Amount.text(terms.minimumBudgetMicros))\(fee), so its sums would differ from the report's; \(flattr.command)"
        )
      }
    }
  }

  /// Settles what has ended up to a month, whether the daemon does so by itself or not.
  private func settle(through last: Period) async throws {
    while true {
      let status = try await client.daemonService.getStatus(GetStatusRequest(), options: options)
      guard let oldest = Period(parsing: status.oldestUnsettledPeriod), oldest <= last else { return }
      let settling = client.settlementService.settle(
        SettleRequest(period: oldest.description), options: options)
      for try await _ in settling {}
    }
  }

  /// A month that has passed has to be the report's.
  private func compareFlattr(
    _ month: FlattrReport.Month, _ owner: MeceneWire.AccountReference, _ what: String, _ advice: String
  ) async throws {
    let pages = client.settlementService.getRevenuePages(
      GetRevenueRequest(owner: owner, period: month.period.description, pageSize: 1_000), options: options)
    var found: [ExactText: (clicks: UInt64, micros: Int64)] = [:]
    do {
      for try await page in pages {
        for thing in page.things { found[FlattrReport.page(thing.url)] = (thing.clicks, thing.micros) }
      }
    } catch let error as MeceneError where error.code == .notFound && error.field == "period" {}
    for row in month.rows {
      let there = found[FlattrReport.page(row.url)] ?? (0, 0)
      let (difference, overflows) = there.micros.subtractingReportingOverflow(row.revenue)
      guard there.clicks == UInt64(row.clicks), !overflows, difference.magnitude < FlattrReport.halfCent
      else {
        throw LocalFailure(
          sentence: "\(month.period) \(what), and \(row.url) has \(there.clicks) clicks and "
            + "\(Amount.text(there.micros)) in it, where the report has \(row.clicks) and \(Amount.text(row.revenue)); "
            + advice)
      }
    }
  }

  private func setClock(to period: Period) async throws {
    let now = try await client.daemonService.getStatus(GetStatusRequest(), options: options).nowMs
    guard now < period.start.milliseconds else { return }
    _ = try await client.daemonService.setClock(
      SetClockRequest(nowMs: period.start.milliseconds), options: options)
  }

  private func add(
    _ row: FlattrReport.Row, of period: Period, _ owner: MeceneWire.AccountReference, _ report: ImportReport
  ) async throws {
    let thing = try await client.thingService.addThing(
      AddThingRequest(owner: owner, url: row.url, title: row.title), options: options)
    await report.count(thing.alreadyAdded ? "things there before" : "things added")
    let id = thing.thing?.id ?? 0
    let (client, options) = (client, options)
    try await forEachConcurrently(0..<row.clicks) { number in
      try await Self.click(
        "flattr-\(period)-\(id)-\(number + 1)", on: id, giving: row.part(of: number), of: period, report,
        client, options)
    }
  }

  private static func click(
    _ patron: String, on thing: UInt64, giving part: Int64, of period: Period, _ report: ImportReport,
    _ client: MeceneClient, _ options: CallOptions
  ) async throws {
    do {
      _ = try await client.accountService.openAccount(
        OpenAccountRequest(
          name: patron, displayName: "made up for Flattr's report of \(period)", budgetMicros: part),
        options: options)
      await report.count("patrons made up")
    } catch let error as MeceneError where error.reason == .nameTaken {}
    _ = try await client.accountService.deposit(
      DepositRequest(account: .name(patron), amountMicros: part, key: "import"), options: options)
    let response = try await client.clickService.click(
      ClickRequest(patron: .name(patron), thing: .id(thing), period: period.description), options: options)
    await report.count(response.alreadyClicked ? "clicked before" : "clicked")
  }
}
