internal import MeceneClient
internal import MeceneLedger
internal import MeceneTerminal
internal import MeceneWire

extension Importer {
  /// Imports a report of Flattr's: its things with their titles, and its clicks in the open period.
  ///
  /// The report does not say who clicked, so each click gets a patron who is made up, says so, and gives to that thing
  /// alone. What they give is in proportion to the report's revenue, scaled up until the least of them gives the minimum,
  /// so that the settlement sorts the things as the report does.
  func runFlattr(_ path: String, owner: MeceneWire.AccountReference) async throws -> ImportReport {
    let flattr = try FlattrReport(path)
    let report = ImportReport([
      "things added", "things there before", "patrons made up", "clicked", "clicked before",
    ])
    let status = try await client.daemonService.getStatus(.init(), options: options)
    let minimum = status.settings.first { $0.name == "minimum-budget" }.flatMap { Micros(parsing: $0.value) }
    let scale = try scale(flattr.rows, minimum: minimum?.rawValue ?? 2_000_000)
    for row in flattr.refused { await report.refuse(row.line, column: row.column, row.sentence) }
    for row in flattr.rows {
      do {
        let thing = try await client.thingService.addThing(
          .init(owner: owner, url: row.url, title: row.title), options: options)
        await report.count(thing.alreadyAdded ? "things there before" : "things added")
        let id = thing.thing?.id ?? 0
        for click in 0..<row.clicks {
          let part =
            row.revenue / Int64(row.clicks) + (Int64(click) < row.revenue % Int64(row.clicks) ? 1 : 0)
          try await self.click(
            "flattr-\(flattr.period.number)-\(id)-\(click + 1)", on: id,
            budget: part == 0 ? minimum?.rawValue ?? 2_000_000 : part * scale, of: "\(flattr.period)", report)
        }
      } catch { try await report.refuse(row.line, error, columns: [:]) }
      bar.show("importing", UInt64(row.line), of: UInt64(flattr.rows.count))
    }
    bar.clear()
    return report
  }

  /// What makes the least of all parts the minimum.
  private func scale(_ rows: [FlattrReport.Row], minimum: Int64) throws -> Int64 {
    let parts = rows.map { $0.revenue / Int64($0.clicks) }
    let scale = (minimum - 1) / (parts.filter { $0 > 0 }.min() ?? minimum) + 1
    guard let most = parts.max(), (most + 1).multipliedReportingOverflow(by: scale).overflow else {
      return scale
    }
    throw LocalFailure(
      sentence: "the report's revenues differ too much: the least of them scaled up to the minimum "
        + "makes the most of them more than the ledger can hold")
  }

  private func click(
    _ patron: String, on thing: UInt64, budget: Int64, of period: String, _ report: ImportReport
  ) async throws {
    do {
      _ = try await client.accountService.openAccount(
        .init(name: patron, displayName: "made up for Flattr's report of \(period)", budgetMicros: budget),
        options: options)
      await report.count("patrons made up")
    } catch let error as MeceneError where error.reason == .nameTaken {}
    _ = try await client.accountService.deposit(
      .init(account: .name(patron), amountMicros: budget, key: "import"), options: options)
    let response = try await client.clickService.click(
      .init(patron: .name(patron), thing: .id(thing)), options: options)
    await report.count(response.alreadyClicked ? "clicked before" : "clicked")
  }
}
