internal import MeceneClient
internal import MeceneLedger
internal import MeceneTerminal
internal import MeceneWire

/// Brings a file's rows into the ledger. What is there already stays as it is, so a file can be imported again after an
/// interruption: the second time changes nothing.
struct Importer {
  /// What a file holds, as its header tells.
  enum Kind: CaseIterable {
    case accounts, things, clicks

    var needs: [String] {
      switch self {
      case .accounts: ["name"]
      case .things: ["owner", "url"]
      case .clicks: ["patron", "thing"]
      }
    }

    var takes: [String] {
      switch self {
      case .accounts: ["display_name", "budget", "deposit"]
      case .things: ["title", "description", "hidden"]
      case .clicks: ["period"]
      }
    }
  }

  private static let clicksPerCall = 8_192
  let client: MeceneClient
  let options: CallOptions
  let bar = ProgressBar()

  /// Imports a file of accounts, things or clicks.
  func run(_ path: String) async throws -> ImportReport {
    let file = try CSVFile(path, needs: [], takes: nil)
    guard let kind = Kind.allCases.first(where: { $0.needs.allSatisfy(file.header.contains) }) else {
      let all = Kind.allCases.map { ($0.needs + $0.takes).joined(separator: ",") }.joined(separator: "; or ")
      throw LocalFailure(sentence: "\(file.name) has none of the headers that are known: \(all)")
    }
    if let unknown = file.header.first(where: { !(kind.needs + kind.takes).contains($0) }) {
      throw LocalFailure(sentence: "\(file.name) has a column \(unknown), which means nothing here")
    }
    switch kind {
    case .accounts: return try await accounts(file.rows)
    case .things: return try await things(file.rows)
    case .clicks: return try await clicks(file.rows)
    }
  }

  private func accounts(_ rows: [CSVFile.Row]) async throws -> ImportReport {
    let report = ImportReport(["opened", "there before", "deposited"])
    let client = client
    let options = options
    var seen: [ExactText: Int] = [:]
    for row in rows {
      let name = ExactText(row["name"])
      if let line = seen[name] {
        await report.refuse(row.line, column: "name", "the account is on line \(line) too")
      } else {
        seen[name] = row.line
      }
    }
    let firsts = Set(seen.values)
    try await each(rows.filter { firsts.contains($0.line) }) { row in
      do {
        // All of the row first: a row that is refused opens no account.
        let budget = try row.amount("budget", or: "0")
        let deposit = row["deposit"].isEmpty ? nil : try row.amount("deposit")
        do {
          _ = try await client.accountService.openAccount(
            .init(name: row["name"], displayName: row["display_name"], budgetMicros: budget), options: options
          )
          await report.count("opened")
        } catch let error as MeceneError where error.reason == .nameTaken {
          try await Self.compare(row, budget, client, options)
          await report.count("there before")
        }
        if let deposit {
          // One key for each account: importing again pays nothing in again.
          let response = try await client.accountService.deposit(
            .init(account: .name(row["name"]), amountMicros: deposit, key: "import"), options: options)
          if !response.replayed { await report.count("deposited") }
        }
      } catch let error as Difference {
        await report.refuse(row.line, column: error.column, error.sentence)
      } catch {
        try await report.refuse(
          row.line, error,
          columns: ["budget_micros": "budget", "amount_micros": "deposit", "account": "name"])
      }
    }
    return report
  }

  private struct Difference: Error {
    let column: String
    let sentence: String
  }

  /// An account that is there has to be the one that the row describes.
  private static func compare(
    _ row: CSVFile.Row, _ budget: Int64, _ client: MeceneClient, _ options: CallOptions
  ) async throws {
    let found = try await client.accountService.getAccount(
      .init(account: .name(row["name"])), options: options
    ).account
    // The daemon trims what it stores.
    let displayName = try PlainText(
      row["display_name"], field: "display_name", charactersMax: PlainText.displayNameMax
    ).text
    // What the file does not tell is no claim.
    if let found, row.has("display_name"), ExactText(found.displayName) != ExactText(displayName) {
      throw Difference(
        column: "display_name",
        sentence: "the account \(row["name"]) is there, and is called \"\(found.displayName)\"")
    }
    if let found, row.has("budget"), found.budgetMicros != budget {
      throw Difference(
        column: "budget",
        sentence: "the account \(row["name"]) is there, and has the budget \(Amount.text(found.budgetMicros))"
      )
    }
  }

  private func things(_ rows: [CSVFile.Row]) async throws -> ImportReport {
    let report = ImportReport(["added", "there before"])
    let client = client
    let options = options
    try await each(rows) { row in
      do {
        let response = try await client.thingService.addThing(
          .init(
            owner: try row.account("owner"), url: row["url"].withPlainHost, title: row["title"],
            description: row["description"],
            hidden: try row.flag("hidden")), options: options)
        await report.count(response.alreadyAdded ? "there before" : "added")
      } catch { try await report.refuse(row.line, error, columns: [:]) }
    }
    return report
  }

  private func clicks(_ rows: [CSVFile.Row]) async throws -> ImportReport {
    let report = ImportReport(["clicked", "clicked before"])
    let numbers = Numbers()
    let client = client
    let options = options
    let patrons = Dictionary(grouping: rows, by: { ExactText($0["patron"]) }).mapValues { $0[0] }
    let things = Dictionary(grouping: rows, by: { ExactText($0["thing"]) }).mapValues { $0[0] }
    // Names and URLs are looked up once each; a row whose name is unknown is refused on its own below.
    try await each(Array(patrons.values)) { row in
      guard let reference = try? row.account("patron") else { return }
      do {
        let found = try await client.accountService.getAccount(.init(account: reference), options: options)
        await numbers.setPatron(row["patron"], found.account?.id)
      } catch let error as MeceneError where error.code == .notFound || error.code == .invalidArgument {}
    }
    try await each(Array(things.values)) { row in
      guard let reference = try? row.thing("thing") else { return }
      do {
        let found = try await client.thingService.getThing(.init(thing: reference), options: options)
        await numbers.setThing(row["thing"], found.thing?.id)
      } catch let error as MeceneError where error.code == .notFound || error.code == .invalidArgument {}
    }
    let periods = Dictionary(grouping: rows, by: { ExactText($0["period"]) }).sorted { $0.key < $1.key }
    for (period, ofPeriod) in periods {
      for start in stride(from: 0, to: ofPeriod.count, by: Self.clicksPerCall) {
        let piece = Array(ofPeriod[start..<min(start + Self.clicksPerCall, ofPeriod.count)])
        try await click(piece, period.text, numbers, report)
        bar.show("clicking", UInt64(start + piece.count), of: UInt64(ofPeriod.count))
      }
    }
    bar.clear()
    return report
  }

  private func click(
    _ rows: [CSVFile.Row], _ period: String, _ numbers: Numbers, _ report: ImportReport
  ) async throws {
    var known: [(row: CSVFile.Row, patron: UInt64, thing: UInt64)] = []
    for row in rows {
      guard let patron = await numbers.patrons[ExactText(row["patron"])] else {
        await report.refuse(row.line, column: "patron", "there is no account \"\(row["patron"])\"")
        continue
      }
      guard let thing = await numbers.things[ExactText(row["thing"])] else {
        await report.refuse(row.line, column: "thing", "there is no thing \"\(row["thing"])\"")
        continue
      }
      known.append((row, patron, thing))
    }
    do {
      let response = try await client.clickService.clickMany(
        .init(patronIDs: known.map(\.patron), thingIDs: known.map(\.thing), period: period), options: options)
      await report.count("clicked", Int(response.clicked))
      await report.count("clicked before", Int(response.alreadyClicked))
      for (index, reason) in zip(response.refusedIndexes, response.refusedReasons)
      where Int(index) < known.count {
        await report.refuse(known[Int(index)].row.line, column: Self.column(reason), Self.words(reason))
      }
    } catch {
      for (row, _, _) in known { try await report.refuse(row.line, error, columns: [:]) }
    }
  }

  private static func column(_ reason: MeceneWire.Reason) -> String {
    reason == .patronInactive || reason == .accountNotFound ? "patron" : "thing"
  }

  private static func words(_ reason: MeceneWire.Reason) -> String {
    (reason.name ?? "\(reason.rawValue)").replacing("REASON_", with: "").replacing("_", with: " ")
      .lowercased()
  }

  /// Works on all rows, many at a time, with a bar.
  func each(
    _ rows: [CSVFile.Row], _ body: @escaping @Sendable (CSVFile.Row) async throws -> Void
  ) async throws {
    for start in stride(from: 0, to: rows.count, by: 2_048) {
      let end = min(start + 2_048, rows.count)
      try await forEachConcurrently(rows[start..<end], body)
      bar.show("importing", UInt64(end), of: UInt64(rows.count))
    }
    bar.clear()
  }
}

/// Numbers of patrons and things by what the file calls them.
private actor Numbers {
  private(set) var patrons: [ExactText: UInt64] = [:]
  private(set) var things: [ExactText: UInt64] = [:]
  func setPatron(_ label: String, _ id: UInt64?) { patrons[ExactText(label)] = id }
  func setThing(_ label: String, _ id: UInt64?) { things[ExactText(label)] = id }
}
