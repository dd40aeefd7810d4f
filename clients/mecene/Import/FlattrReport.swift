internal import Foundation
internal import MeceneLedger
internal import MeceneTerminal
internal import SwiftCSV

/// Flattr's monthly revenue report, as its users exported it: semicolons, decimal commas, UTF-8, sorted by revenue.
///
///     period;id;flattr url;url;title;clicks;revenue;clicks total
///     2013-05;1214915;"https://…";"http://…";"A title";8;0,95;168
///
/// Files of many months are read too, and what statistics programs make of them: columns such as `flattr.url`, commas between
/// fields, decimal points, a column of row numbers without a name.
struct FlattrReport {
  struct Row: Sendable {
    let line: Int
    let url: String
    let title: String
    let clicks: Int
    /// In micros.
    let revenue: Int64

    /// What a click gives, in micros: at least 1, because nobody can give nothing.
    ///
    /// - Parameter number: The click's, from 0.
    func part(of number: Int) -> Int64 {
      max(1, revenue / Int64(clicks) + (Int64(number) < revenue % Int64(clicks) ? 1 : 0))
    }

    /// The same page's row with another of its lines.
    fileprivate func adding(_ other: Row) throws(Refused) -> Row {
      let row = Row(
        line: other.line, url: url, title: title, clicks: clicks + other.clicks,
        revenue: revenue + other.revenue)
      try row.check()
      return Row(line: line, url: url, title: title, clicks: row.clicks, revenue: row.revenue)
    }

    /// Refuses what no settlement pays to the cent.
    fileprivate func check() throws(Refused) {
      guard (1...1_000_000).contains(clicks) else {
        throw Refused(
          line: line, column: "clicks", sentence: "a page has from 1 to 1000000 a month; it has \(clicks)")
      }
      guard (0..<1 << 52).contains(revenue) else {
        throw Refused(
          line: line, column: "revenue",
          sentence: "a page can't have earned \(Amount.text(revenue)) in a month")
      }
      guard Int64(clicks) - revenue < FlattrReport.halfCent else {
        throw Refused(
          line: line, column: "clicks",
          sentence: "so many clicks can't give so little: each gives at least 0.000001")
      }
    }
  }

  struct Month: Sendable {
    let period: Period
    let rows: [Row]
  }

  static let columns = ["period", "id", "flattr url", "url", "title", "clicks", "revenue", "clicks total"]
  /// In micros: sums that differ by less are the same to the cent.
  static let halfCent: Int64 = 5_000

  /// A line that is left out, and why.
  struct Refused: Error, Sendable {
    let line: Int
    let column: String
    let sentence: String
  }

  /// In their order, each with at least one row.
  let months: [Month]
  private(set) var refused: [Refused] = []
  /// The advice for a daemon that can't live through these months.
  var command: String {
    let first = months.first.map { "\($0.period)" } ?? "MONTH"
    return "start one on books of its own: mecened --data NEW --simulated-clock \(first)-01T00:00:00Z "
      + "--minimum-budget 0.000001 --fee-bps 0"
  }
  var rowCount: Int { months.reduce(0) { $0 + $1.rows.count } }

  /// Reads a report.
  ///
  /// - Throws: `LocalFailure` when the file is no report at all.
  init(_ path: String) throws {
    let file = try CSVFile(
      path, delimiter: nil, needs: Self.columns, takes: [""], spelling: { $0.replacing(".", with: " ") })
    var rows: [Period: [Row]] = [:]
    // A page that stands twice in a month earned both.
    var places: [Period: [ExactText: Int]] = [:]
    for row in file.rows {
      do throws(Refused) {
        let (period, read) = try Self.read(row)
        if let place = places[period]?[Self.page(read.url)], let first = rows[period]?[place] {
          rows[period]?[place] = try first.adding(read)
        } else {
          places[period, default: [:]][Self.page(read.url)] = rows[period]?.count ?? 0
          rows[period, default: []].append(read)
        }
      } catch { refused.append(error) }
    }
    months = rows.sorted { $0.key < $1.key }.map { Month(period: $0.key, rows: $0.value) }
    if months.isEmpty, refused.isEmpty {
      throw LocalFailure(sentence: "\(file.name) is a report without rows")
    }
  }

  /// What tells a page from others to the daemon, to which http and https are one; a URL that it will refuse stays as it is.
  static func page(_ url: String) -> ExactText {
    ExactText((try? CanonicalURL(url, field: "url", isNew: false))?.identity ?? url)
  }

  private static func read(_ row: CSVFile.Row) throws(Refused) -> (Period, Row) {
    func refused(_ column: String, _ what: String) -> Refused {
      Refused(line: row.line, column: column, sentence: "\(what); it was \"\(row[column])\"")
    }
    guard let period = Period(parsing: row["period"]) else {
      throw refused("period", "it has to be a month such as 2013-05")
    }
    guard let clicks = Int32(row["clicks"]) else { throw refused("clicks", "it has to be a number") }
    guard let revenue = Micros(parsing: row["revenue"].replacing(",", with: ".")), revenue.rawValue < 1 << 52
    else {
      throw refused("revenue", "it has to be an amount such as 0,95")
    }
    do { _ = try CanonicalURL(row["url"].withPlainHost, field: "url") } catch {
      throw Refused(line: row.line, column: "url", sentence: error.sentence)
    }
    let read = Row(
      line: row.line, url: row["url"].withPlainHost, title: CSVText.undefused(row["title"]),
      clicks: Int(clicks),
      revenue: revenue.rawValue)
    try read.check()
    return (period, read)
  }

  /// Writes a report in the same form.
  static func write(
    period: String,
    _ rows: [(id: UInt64, url: String, title: String, clicks: UInt64, revenue: Int64, total: UInt64)]
  ) -> String {
    var csv = CSVText(separator: ";")
    csv.append(columns)
    for row in rows {
      csv.append([
        .plain(period.shown()), .plain("\(row.id)"), .quoted(""), .text(row.url.shown()),
        .text(row.title.shown()),
        .plain("\(row.clicks)"), .plain(Amount.text(row.revenue).replacing(".", with: ",")),
        .plain("\(row.total)"),
      ])
    }
    return csv.text
  }
}
