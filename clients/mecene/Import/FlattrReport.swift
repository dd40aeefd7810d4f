internal import Foundation
internal import MeceneLedger
internal import SwiftCSV

/// Flattr's monthly revenue report, as its users exported it: semicolons, decimal commas, UTF-8, sorted by revenue.
///
///     period;id;flattr url;url;title;clicks;revenue;clicks total
///     2013-05;1214915;"https://…";"http://…";"A title";8;0,95;168
struct FlattrReport {
  struct Row: Sendable {
    let line: Int
    let url: String
    let title: String
    let clicks: Int
    /// In micros.
    let revenue: Int64
  }

  static let columns = ["period", "id", "flattr url", "url", "title", "clicks", "revenue", "clicks total"]

  /// A line that is left out, and why.
  struct Refused: Error, Sendable {
    let line: Int
    let column: String
    let sentence: String
  }

  let period: Period
  private(set) var rows: [Row] = []
  private(set) var refused: [Refused] = []

  /// Reads a report.
  ///
  /// - Throws: `LocalFailure` when the file is no report at all.
  init(_ path: String) throws {
    let file = try CSVFile(path, delimiter: .semicolon, needs: Self.columns, takes: [])
    guard let first = file.rows.first, let period = Period(parsing: first["period"]) else {
      throw LocalFailure(sentence: "\(file.name) is no report: its first row names no period such as 2013-05")
    }
    self.period = period
    for row in file.rows {
      do throws(Refused) {
        rows.append(try Self.read(row, period))
      } catch { refused.append(error) }
    }
  }

  private static func read(_ row: CSVFile.Row, _ period: Period) throws(Refused) -> Row {
    func refused(_ column: String, _ what: String) -> Refused {
      Refused(line: row.line, column: column, sentence: "\(what); it was \"\(row[column])\"")
    }
    guard row["period"] == period.description else { throw refused("period", "all rows are of \(period)") }
    guard let clicks = Int(row["clicks"]), (1...1_000_000).contains(clicks) else {
      throw refused("clicks", "it has to be a number from 1 to 1000000")
    }
    guard let revenue = Micros(parsing: row["revenue"].replacing(",", with: ".")), revenue >= .zero,
      revenue < .max
    else { throw refused("revenue", "it has to be an amount such as 0,95") }
    return Row(
      line: row.line, url: row["url"], title: CSVText.undefused(row["title"]), clicks: clicks,
      revenue: revenue.rawValue)
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
        .plain(period), .plain("\(row.id)"), .quoted(""), .text(row.url), .text(row.title),
        .plain("\(row.clicks)"), .plain(Amount.text(row.revenue).replacing(".", with: ",")),
        .plain("\(row.total)"),
      ])
    }
    return csv.text
  }
}
