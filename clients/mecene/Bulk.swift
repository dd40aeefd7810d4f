internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneWire
internal import SwiftCSV

/// Many rows at once, from a CSV file with a header or from standard input.
struct BulkOption: ParsableArguments {
  @Option(
    name: .customLong("from"),
    help: ArgumentHelp("Take many from a CSV file with a header; - is standard input.", valueName: "file"))
  var file: String?

  /// Calls in flight at a time.
  private static let inFlight = 64

  /// Reads the file and makes one call for each row. Refused rows are named, and the rest goes on.
  ///
  /// - Parameters:
  ///   - columns: The columns that each row needs.
  ///   - call: Makes one row's call and tells what came of it, such as "opened".
  func run(
    _ file: String, columns: [String], _ call: @escaping @Sendable ([String: String]) async throws -> String
  ) async throws {
    let rows = try read(file, columns: columns)
    let bar = ProgressBar()
    var counts: [String: Int] = [:]
    var refused: [(line: Int, sentence: String, code: Int32)] = []
    var isHopeless = false
    var start = 0
    while start < rows.count {
      let window = start..<min(start + Self.inFlight, rows.count)
      let results = await withTaskGroup(of: (Int, Result<String, any Error>).self) { group in
        for index in window {
          group.addTask {
            do {
              return (index, .success(try await call(rows[index])))
            } catch {
              return (index, .failure(error))
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
      }
      for (index, result) in results {
        switch result {
        case .success(let what): counts[what, default: 0] += 1
        case .failure(let error as MeceneError):
          isHopeless = isHopeless || error.code == .unavailable || error.reason == .diskFull
          refused.append((index + 2, error.message, 64 + error.code.rawValue))
        case .failure(let error as LocalFailure): refused.append((index + 2, error.sentence, 1))
        case .failure(let error): refused.append((index + 2, "\(error)", 1))
        }
      }
      start = window.upperBound
      bar.show("sending", UInt64(start), of: UInt64(rows.count))
      // What would stop every further row as well ends the run; what was sent before stands.
      if isHopeless, start < rows.count {
        refused.append((start + 2, "this and the lines after it were not sent", 1))
        break
      }
    }
    bar.clear()
    for row in refused { Terminal.note("line \(row.line): \(row.sentence)") }
    let done = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    print((done + ["\(refused.count) refused"]).joined(separator: ", "))
    if let first = refused.first { throw ExitCode(first.code) }
  }

  private func read(_ file: String, columns: [String]) throws -> [[String: String]] {
    let text: String
    do {
      let data =
        file == "-"
        ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(fileURLWithPath: file))
      guard let decoded = String(data: data, encoding: .utf8) else {
        throw LocalFailure(sentence: "\(file) is not UTF-8 text")
      }
      text = decoded
    } catch let failure as LocalFailure {
      throw failure
    } catch {
      throw LocalFailure(sentence: "\(file) can't be read: \(error.localizedDescription)")
    }
    let csv: CSV<Named>
    do {
      csv = try CSV<Named>(string: text, delimiter: .comma, loadColumns: false)
    } catch {
      throw LocalFailure(sentence: "\(file) is not CSV: \(error)")
    }
    let missing = columns.filter { !csv.header.contains($0) }
    guard missing.isEmpty else {
      throw LocalFailure(
        sentence:
          "\(file) lacks the column \(missing[0]); its first line has to name \(columns.joined(separator: ","))"
      )
    }
    return csv.rows
  }
}

extension [String: String] {
  /// The amount in a column.
  func amount(_ column: String, or missing: String? = nil) throws -> Int64 {
    let text = self[column].flatMap { $0.isEmpty ? nil : $0 } ?? missing ?? ""
    guard let amount = Amount(argument: text) else {
      throw LocalFailure(sentence: "\(column) is an amount such as 10.50; it was \"\(text)\"")
    }
    return amount.micros
  }
}
