internal import ArgumentParser
internal import MeceneClient
internal import MeceneTerminal
internal import MeceneWire

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes the whole journal, or a month of it, for other programs.",
    discussion: """
      hledger and beancount get the chart of accounts first: assets:bank is the money itself, liabilities:available and \
      liabilities:pot what is owed to people, income:fees the fees. csv and json have a transfer a line.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case hledger, beancount, csv, json
  }

  @Option(help: "hledger, beancount, csv or json.") var format: Format
  @Option(help: "Only what was booked in this month, such as 2026-11.") var period: String?
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient(seconds: 3_600) { client, options in
      let status = try await client.daemonService.getStatus(GetStatusRequest(), options: options)
      let currency = status.currency.shown()
      let export: any JournalExport =
        switch format {
        case .hledger: HledgerExport(currency: currency)
        case .beancount: BeancountExport(currency: currency)
        case .csv: CSVExport()
        case .json: JSONExport()
        }
      let pages = client.accountService.listTransfersPages(
        ListTransfersRequest(period: period ?? "", pageSize: 1_000), options: options)
      let (chart, last) = try await accounts(pages)
      Terminal.write(export.header(accounts: chart))
      let bar = ProgressBar()
      for try await page in pages {
        bar.clear()
        // What has come in since the chart was made may name accounts that are not in it.
        let entries = page.entries.prefix { ($0.transfer?.id ?? 0) <= last }
        Terminal.write(entries.map { export.entry(format == .json ? $0 : $0.shown) }.joined())
        if entries.count < page.entries.count { break }
        bar.show("exporting", page.entries.last?.transfer?.id ?? 0, of: status.transfers)
      }
      bar.clear()
    }
  }

  /// Every ledger account that the entries name, with the day of its first use, and the last entry: the chart
  /// stands before the journal.
  private func accounts(
    _ pages: PageSequence<ListTransfersResponse>
  ) async throws -> (chart: [(path: String, firstUsed: String)], last: UInt64) {
    guard format == .hledger || format == .beancount else { return ([], .max) }
    var firstUsed: [String: String] = [:]
    var last: UInt64 = 0
    for try await page in pages {
      for entry in page.entries {
        last = entry.transfer?.id ?? last
        for path in [entry.shown.fromAccount, entry.shown.toAccount] where firstUsed[path] == nil {
          firstUsed[path] = Chart.date(entry.transfer?.committedAtMs ?? 0)
        }
      }
    }
    return (firstUsed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, last)
  }
}

extension JournalEntry {
  /// The entry as other programs may read it: no text of it begins a line of its own.
  fileprivate var shown: JournalEntry {
    var entry = self
    entry.accountName = accountName.shown()
    entry.fromAccount = fromAccount.shown()
    entry.toAccount = toAccount.shown()
    entry.transfer?.description = transfer?.description.shown() ?? ""
    entry.transfer?.period = transfer?.period.shown() ?? ""
    entry.transfer?.forPeriod = transfer?.forPeriod.shown() ?? ""
    entry.transfer?.key = transfer?.key.shown() ?? ""
    return entry
  }
}
