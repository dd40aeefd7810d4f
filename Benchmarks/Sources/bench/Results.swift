internal import Foundation
internal import TextTable

/// One line of the result.
struct Line: Codable {
  let step: String
  let what: String
  let figure: Double
  let unit: String
  /// What the figure is held against, and what it came to; nil for lines that are only told.
  var baseline: String?
  var baselineFigure: Double?
  /// Figure by baseline, or the figure itself where the target is absolute.
  var ratio: Double?
  var target: String?
  var isHeld: Bool?

  /// A line that is only told.
  init(_ step: String, _ what: String, _ figure: Double, _ unit: String) {
    self.step = step
    self.what = what
    self.figure = figure
    self.unit = unit
  }

  /// A line whose ratio to a baseline has to be at least some number.
  func against(_ baseline: String, _ baselineFigure: Double, atLeast least: Double) -> Line {
    against(baseline, baselineFigure, "at least \(text(least))") { $0 >= least }
  }

  /// A line whose ratio to a baseline has to be at most some number.
  func against(_ baseline: String, _ baselineFigure: Double, atMost most: Double) -> Line {
    against(baseline, baselineFigure, "at most \(text(most))") { $0 <= most }
  }

  private func against(
    _ baseline: String, _ baselineFigure: Double, _ target: String, _ holds: (Double) -> Bool
  ) -> Line {
    var line = self
    let ratio = figure / baselineFigure
    line.baseline = baseline
    line.baselineFigure = baselineFigure
    line.ratio = ratio
    line.target = target
    line.isHeld = holds(ratio)
    return line
  }

  /// A line whose figure has to stay below a limit.
  func below(_ limit: Double) -> Line {
    var line = self
    line.target = "below \(text(limit)) \(unit)"
    line.isHeld = figure < limit
    return line
  }
}

/// Prints a line at once, also into a pipe.
func show(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

/// Three significant digits, thousands apart.
func text(_ number: Double) -> String {
  if number >= 100 {
    let digits = String(Int(number.rounded()))
    var out = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { out += "," }
      out.append(digit)
    }
    return out
  }
  return String(format: number >= 10 ? "%.1f" : number >= 1 ? "%.2f" : "%.3f", number)
}

/// Lines as they come, and what is printed and written at the end.
struct Results: Codable {
  var machine: String
  var population: String
  var lines: [Line] = []
  var curves: [Curve] = []

  mutating func add(_ line: Line) {
    lines.append(line)
    let ratio =
      line.ratio.map { ", \(text($0)) of \(line.baseline ?? "") (\(text(line.baselineFigure ?? 0)))" } ?? ""
    show("  \(line.what): \(text(line.figure)) \(line.unit)\(ratio)")
  }

  var table: String {
    let table = TextTable<Line> { line in
      [
        Column("step" <- line.step), Column("what" <- line.what),
        Column("figure" <- "\(text(line.figure)) \(line.unit)", align: .right),
        Column("baseline" <- line.baseline ?? ""),
        Column("its figure" <- line.baselineFigure.map(text) ?? "", align: .right),
        Column("ratio" <- line.ratio.map(text) ?? "", align: .right),
        Column("target" <- line.target ?? ""),
        Column("held" <- line.isHeld.map { $0 ? "yes" : "NO" } ?? ""),
      ]
    }
    return table.string(for: lines) ?? ""
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path))
  }
}

/// Points of the picture: what a server reached at one load.
struct Curve: Codable {
  struct Point: Codable {
    let load: String
    let callsPerSecond: Double
    let medianMs: Double
    let p99Ms: Double
  }
  let name: String
  var points: [Point] = []
}
