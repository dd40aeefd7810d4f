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
      let currency = status.settings.first { $0.name == "currency" }?.value ?? "EUR"
      let export: any JournalExport =
        switch format {
        case .hledger: HledgerExport(currency: currency)
        case .beancount: BeancountExport(currency: currency)
        case .csv: CSVExport()
        case .json: JSONExport()
        }
      let pages = client.accountService.listTransfersPages(
        ListTransfersRequest(period: period ?? "", pageSize: 1_000), options: options)
      Terminal.write(export.header(accounts: try await accounts(pages)))
      let bar = ProgressBar()
      for try await page in pages {
        bar.clear()
        Terminal.write(page.entries.map(export.entry).joined())
        bar.show("exporting", page.entries.last?.transfer?.id ?? 0, of: status.transfers)
      }
      bar.clear()
    }
  }

  /// Every ledger account that the entries name, with the day of its first use: the chart stands before the journal.
  private func accounts(
    _ pages: PageSequence<ListTransfersRequest, ListTransfersResponse>
  ) async throws -> [(path: String, firstUsed: String)] {
    guard format == .hledger || format == .beancount else { return [] }
    var firstUsed: [String: String] = [:]
    for try await page in pages {
      for entry in page.entries {
        for path in [entry.fromAccount, entry.toAccount] where firstUsed[path] == nil {
          firstUsed[path] = Chart.date(entry.transfer?.committedAtMs ?? 0)
        }
      }
    }
    return firstUsed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
