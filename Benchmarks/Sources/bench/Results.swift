internal import Foundation
internal import TextTable

/// One line of the result.
struct Line: Codable {
  let step: String
  let what: String
  let figure: Double
  let unit: String
  /// What was measured in each turn; the figure is the median.
  let turns: [Double]
  /// What the figure is held against, and what it came to; nil for lines that are only told.
  var baseline: String?
  var baselineFigure: Double?
  var baselineTurns: [Double]?
  /// The median of each turn's figure by the baseline's of the same turn: what slows the machine for a while slows both.
  var ratio: Double?
  var target: String?
  var isHeld: Bool?

  /// A line that is only told.
  init(_ step: String, _ what: String, _ turns: [Double], _ unit: String) {
    self.step = step
    self.what = what
    self.turns = turns
    self.unit = unit
    figure = median(turns)
  }

  init(_ step: String, _ what: String, _ figure: Double, _ unit: String) {
    self.init(step, what, [figure], unit)
  }

  /// A line whose ratio to a baseline, measured in the same turns, has to be at least some number.
  func against(_ baseline: String, _ baselineTurns: [Double], atLeast least: Double) -> Line {
    against(baseline, baselineTurns, "at least \(text(least))") { $0 >= least }
  }

  /// A line whose ratio to a baseline, measured in the same turns, has to be at most some number.
  func against(_ baseline: String, _ baselineTurns: [Double], atMost most: Double) -> Line {
    against(baseline, baselineTurns, "at most \(text(most))") { $0 <= most }
  }

  func against(_ baseline: String, _ baselineFigure: Double, atLeast least: Double) -> Line {
    against(baseline, [baselineFigure], atLeast: least)
  }

  func against(_ baseline: String, _ baselineFigure: Double, atMost most: Double) -> Line {
    against(baseline, [baselineFigure], atMost: most)
  }

  private func against(
    _ baseline: String, _ baselineTurns: [Double], _ target: String, _ holds: (Double) -> Bool
  ) -> Line {
    var line = self
    let baselineFigure = median(baselineTurns)
    let ratio =
      turns.count == baselineTurns.count
      ? median(zip(turns, baselineTurns).map { $0 / $1 }) : figure / baselineFigure
    line.baseline = baseline
    line.baselineFigure = baselineFigure
    line.baselineTurns = baselineTurns
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
