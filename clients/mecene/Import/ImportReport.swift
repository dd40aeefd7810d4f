internal import MeceneClient
internal import MeceneTerminal
internal import MeceneWire

/// What an import did, and the lines that it left out.
actor ImportReport {
  private var counts: [String: Int]
  private var refused: [(line: Int, sentence: String)] = []

  /// - Parameter names: What is counted, so that zeros are shown too.
  init(_ names: [String]) {
    counts = Dictionary(names.map { ($0, 0) }, uniquingKeysWith: { first, _ in first })
  }

  func count(_ name: String, _ more: Int = 1) { counts[name, default: 0] += more }

  func refuse(_ line: Int, column: String, _ sentence: String) {
    refused.append((line, column.isEmpty ? sentence : "column \(column): \(sentence)"))
  }

  /// Refuses a line for what the daemon said of it; throws what would stop every further line too.
  func refuse(_ line: Int, _ error: any Error, columns: [String: String]) throws {
    switch error {
    case let error as MeceneError:
      if error.code == .unavailable || error.code == .deadlineExceeded || error.reason == .diskFull {
        throw error
      }
      let field = error.field.split(separator: ".").first.map(String.init) ?? ""
      refuse(line, column: columns[field] ?? field, error.message)
    case let error as LocalFailure: refuse(line, column: error.column, error.sentence)
    default: throw error
    }
  }

  /// Prints the report.
  ///
  /// - Returns: Whether every line was taken.
  func show(json: Bool) -> Bool {
    for row in refused.sorted(by: { $0.line < $1.line }) {
      Terminal.note("line \(row.line), \(row.sentence.shown())")
    }
    let all = counts.sorted { $0.key < $1.key } + [("refused", refused.count)]
    if json {
      let members = all.map { "\"\($0.0.replacing(" ", with: "_"))\":\($0.1)" }
      Terminal.print("{\(members.joined(separator: ","))}")
    } else {
      Terminal.print(all.map { "\($0.1) \($0.0)" }.joined(separator: ", "))
    }
    return refused.isEmpty
  }
}
