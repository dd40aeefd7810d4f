internal import Foundation
internal import MeceneWire

/// The journal in the form of another program, entry by entry.
protocol JournalExport {
  /// What stands before the entries.
  ///
  /// - Parameter accounts: Every ledger account that the entries name, in order.
  func header(accounts: [(path: String, firstUsed: String)]) -> String
  func entry(_ entry: JournalEntry) -> String
  /// What stands behind them.
  var footer: String { get }
}

/// The chart of accounts from the operator's side: what people have is owed to them, and the money itself lies in the
/// bank. The daemon's `world` is that bank, seen from the other side.
enum Chart {
  static func name(_ path: String) -> String {
    switch path {
    case "world": "assets:bank"
    case "fees": "income:fees"
    default: "liabilities:" + path
    }
  }

  static func date(_ milliseconds: Int64) -> String { String(Tables.time(milliseconds).prefix(10)) }
}

/// For hledger, https://hledger.org/hledger.html#journal.
struct HledgerExport: JournalExport {
  let currency: String

  func header(accounts: [(path: String, firstUsed: String)]) -> String {
    "; The journal of a Mecene ledger.\n\ncommodity 1000.000000 \(currency)\n\n"
      + accounts.map { "account \(Chart.name($0.path))\n" }.joined() + "\n"
  }

  func entry(_ entry: JournalEntry) -> String {
    let transfer = entry.transfer ?? Transfer()
    let amount = Amount.text(transfer.amountMicros)
    // A tag's value ends at a comma, and what follows could be another tag.
    let key = transfer.key.isEmpty ? "" : "  ; key: \(transfer.key.replacing(",", with: "%2C"))"
    return """
      \(Chart.date(transfer.committedAtMs)) * (\(transfer.id)) \(transfer.description)\(key)
          \(Chart.name(entry.toAccount))  -\(amount) \(currency)
          \(Chart.name(entry.fromAccount))  \(amount) \(currency)


      """
  }

  let footer = ""
}

/// For beancount, https://beancount.github.io/docs/beancount_language_syntax.html. Its account names take neither small
/// letters at their beginning nor underscores, so each name gets an X before it, a dash becomes two, an underscore -u.
struct BeancountExport: JournalExport {
  let currency: String

  private func name(_ path: String) -> String {
    Chart.name(path).split(separator: ":").enumerated().map { position, part in
      position < 2
        ? part.prefix(1).uppercased() + part.dropFirst()
        : "X" + part.replacing("-", with: "--").replacing("_", with: "-u")
    }.joined(separator: ":")
  }

  func header(accounts: [(path: String, firstUsed: String)]) -> String {
    "; The journal of a Mecene ledger.\noption \"operating_currency\" \"\(currency)\"\n\n"
      + accounts.map { "\($0.firstUsed) open \(name($0.path)) \(currency)\n" }.joined() + "\n"
  }

  func entry(_ entry: JournalEntry) -> String {
    let transfer = entry.transfer ?? Transfer()
    let amount = Amount.text(transfer.amountMicros)
    let key =
      transfer.key.isEmpty
      ? "" : "\n  key: \"\(transfer.key.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    return """
      \(Chart.date(transfer.committedAtMs)) * "\(transfer.description)"
        transfer: "\(transfer.id)"\(key)
        \(name(entry.toAccount))  -\(amount) \(currency)
        \(name(entry.fromAccount))  \(amount) \(currency)


      """
  }

  let footer = ""
}

/// Comma-separated, with a header.
struct CSVExport: JournalExport {
  func header(accounts: [(path: String, firstUsed: String)]) -> String {
    var csv = CSVText()
    csv.append([
      "transfer", "time", "period", "kind", "from", "to", "amount", "for_period", "account",
      "available_after", "pots_after", "key",
    ])
    return csv.text
  }

  func entry(_ entry: JournalEntry) -> String {
    let transfer = entry.transfer ?? Transfer()
    let kind = transfer.kind.name?.replacing("TRANSFER_KIND_", with: "").lowercased() ?? ""
    let numbers = [
      "\(transfer.id)", Tables.time(transfer.committedAtMs), transfer.period, kind, entry.fromAccount,
      entry.toAccount,
      Amount.text(transfer.amountMicros), transfer.forPeriod, entry.accountName,
      Amount.text(transfer.availableAfterMicros), Amount.text(transfer.potsAfterMicros),
    ]
    var csv = CSVText()
    csv.append(numbers.map(CSVText.Field.plain) + [transfer.key.isEmpty ? .plain("") : .text(transfer.key)])
    return csv.text
  }

  let footer = ""
}

/// One JSON object of one entry a line.
struct JSONExport: JournalExport {
  func header(accounts: [(path: String, firstUsed: String)]) -> String { "" }
  func entry(_ entry: JournalEntry) -> String { entry.json(writingEmpty: true) + "\n" }
  let footer = ""
}
