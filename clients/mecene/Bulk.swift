internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneConcurrency
internal import MeceneTerminal
internal import MeceneWire

/// Many rows at once, from a CSV file with a header or from standard input.
struct BulkOption: ParsableArguments {
  @Option(
    name: .customLong("from"),
    help: ArgumentHelp("Take many from a CSV file with a header; - is standard input.", valueName: "file"))
  var file: String?

  /// Calls in flight at a time.
  private static let inFlight = 64

  /// Refuses options that are for one row beside a file, whose columns say the same.
  func excludes(_ options: KeyValuePairs<String, Bool>, _ columns: String) throws {
    guard file != nil, let option = options.first(where: \.value)?.key else { return }
    throw ValidationError("\(option) does not go with --from: the file has \(columns) for that.")
  }

  /// Reads the file and makes one call for each row. Refused rows are named, and the rest goes on.
  ///
  /// - Parameters:
  ///   - needs: The columns that the file has to have.
  ///   - takes: The columns that it may have.
  ///   - done: What a row that did something is called, such as "opened".
  ///   - call: Makes one row's call and tells what came of it.
  func run(
    _ file: String, needs: [String], takes: [String], done: String, json: Bool,
    _ call: @escaping @Sendable (CSVFile.Row) async throws -> String
  ) async throws {
    let rows = try CSVFile(file, needs: needs, takes: takes).rows
    let bar = ProgressBar()
    var report = Report(done: done)
    var start = 0
    let next = Locked(rows.first?.line ?? 1)
    let interruption = Interruption {
      ProgressBar.leave()
      Terminal.note(
        "stopped: what came before line \(next.withLock { $0 }) is done or named above; of the next \(Self.inFlight) lines some may be"
      )
    }
    defer { interruption.end() }
    while start < rows.count, !report.isHopeless {
      let window = rows[start..<min(start + Self.inFlight, rows.count)]
      for outcome in await Self.send(window, call) { report.add(outcome) }
      start = window.endIndex
      if start < rows.count { next.withLock { $0 = rows[start].line } }
      bar.show("sending", UInt64(start), of: UInt64(rows.count))
    }
    bar.clear()
    // What would stop every further row as well ended the run; what was sent before stands.
    if start < rows.count {
      report.notSent(rows.count - start, from: rows[start].line)
    }
    report.show(json: json)
    if let code = report.exitCode { throw ExitCode(code) }
  }

  /// What one row's call came to.
  private struct Outcome: Sendable {
    let line: Int
    let result: Result<String, any Error>
  }

  /// Makes the calls of some rows at once, and answers in the order of their lines.
  private static func send(
    _ rows: ArraySlice<CSVFile.Row>, _ call: @escaping @Sendable (CSVFile.Row) async throws -> String
  ) async -> [Outcome] {
    let executor = InOrderExecutor(label: "mecene.calls")
    return await withTaskGroup(of: Outcome.self) { group in
      for row in rows {
        group.addTask(executorPreference: executor) {
          do {
            return Outcome(line: row.line, result: .success(try await call(row)))
          } catch {
            return Outcome(line: row.line, result: .failure(error))
          }
        }
      }
      var outcomes: [Outcome] = []
      for await outcome in group { outcomes.append(outcome) }
      return outcomes.sorted { $0.line < $1.line }
    }
  }

  /// What became of the rows.
  private struct Report {
    private struct Refused {
      let line: Int
      let sentence: String
      let code: Int32
    }

    private var counts: [String: Int]
    private var refused: [Refused] = []
    /// Rows that may have been done, with the keys that tell.
    private var inDoubt: [(line: Int, key: String?)] = []
    private(set) var isHopeless = false

    init(done: String) { counts = [done: 0] }

    mutating func notSent(_ count: Int, from line: Int) {
      Terminal.note("line \(line) and all after it were not sent")
      counts["not sent"] = count
    }

    private(set) var exitCode: Int32?

    mutating func refuse(_ line: Int, _ sentence: String, _ code: Int32) {
      refused.append(Refused(line: line, sentence: sentence, code: code))
      exitCode = exitCode ?? code
    }

    mutating func add(_ outcome: Outcome) {
      let line = outcome.line
      switch outcome.result {
      case .success(let what): counts[what, default: 0] += 1
      case .failure(let error as MeceneError):
        isHopeless = isHopeless || error.code == .unavailable || error.reason == .diskFull
        if error.inDoubt {
          inDoubt.append((line, error.key))
          exitCode = exitCode ?? 64 + error.code.rawValue
          Terminal.note("line \(line): \(error.message.shown())")
          return
        }
        refuse(line, error.message, 64 + error.code.rawValue)
      case .failure(let error as LocalFailure): refuse(line, error.sentence, 1)
      case .failure(let error): refuse(line, "\(error)", 1)
      }
    }

    private static func quoted(_ text: String) -> String {
      (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    /// Refused lines on standard error and counts as the result; or both as one line of JSON.
    func show(json: Bool) {
      for row in refused { Terminal.note("line \(row.line): \(row.sentence.shown())") }
      var counted = counts.sorted { $0.key < $1.key } + [("refused", refused.count)]
      if json || !inDoubt.isEmpty { counted.append(("in doubt", inDoubt.count)) }
      if json {
        let members = counted.map { "\"\($0.0.replacing(" ", with: "_"))\":\($0.1)" }
        let lines = refused.map { "\($0.line)" }.joined(separator: ",")
        let doubts = inDoubt.map { "{\"line\":\($0.line),\"key\":\(Self.quoted($0.key ?? ""))}" }.joined(
          separator: ",")
        Terminal.print(
          "{\(members.joined(separator: ",")),\"refused_lines\":[\(lines)],\"in_doubt_lines\":[\(doubts)]}")
      } else {
        Terminal.print(counted.map { "\($0.1) \($0.0)" }.joined(separator: ", "))
      }
    }
  }
}

extension CSVFile.Row {
  /// The amount in a column.
  func amount(_ column: String, or missing: String = "") throws -> Int64 {
    let found = self[column].trimmingCharacters(in: .whitespaces)
    let text = found.isEmpty ? missing : found
    // Where a point stands between thousands, this is a thousand.
    if text.firstMatch(of: /^[1-9][0-9]{0,2}\.[0-9]{3}$/) != nil {
      let plain = text.replacing(".", with: "")
      throw LocalFailure(
        sentence: "\(column) is \(text), which some read as \(plain); write \(text)000 or \(plain).00",
        column: column)
    }
    guard let amount = try? Amount.parse(text) else {
      throw LocalFailure(sentence: "\(column) is an amount such as 10.50; it was \"\(text)\"", column: column)
    }
    return amount.micros
  }

  /// The account in a column, by name or number.
  func account(_ column: String) throws -> AccountReference {
    let text = self[column].trimmingCharacters(in: .whitespaces)
    guard !text.isEmpty, let account = AccountArgument(argument: text) else {
      throw LocalFailure(
        sentence: "\(column) names an account by name or number; it was empty", column: column)
    }
    return account.reference
  }

  /// The key of a movement of money: the column's, or one that follows from the file and the line, so that the same file can be
  /// sent again.
  func key(_ column: String) throws -> String {
    let key = self[column]
    if key.isEmpty { return "\(fileDigest)-\(line)" }
    guard key.trimmingCharacters(in: .whitespaces).unicodeScalars.count == key.unicodeScalars.count else {
      throw LocalFailure(
        sentence: "a key neither begins nor ends with a blank, which editors add and drop; it was \"\(key)\"",
        column: column)
    }
    return key
  }

  /// The thing in a column, by URL or number.
  func thing(_ column: String) throws -> ThingReference {
    guard !self[column].isEmpty, let thing = ThingArgument(argument: self[column]) else {
      throw LocalFailure(sentence: "\(column) names a thing by URL or number; it was empty", column: column)
    }
    return thing.reference
  }

  /// The mark in a column; empty = false.
  func flag(_ column: String) throws -> Bool {
    switch self[column].lowercased() {
    case "true", "yes", "1": return true
    case "false", "no", "0", "": return false
    default:
      throw LocalFailure(sentence: "\(column) is true or false; it was \"\(self[column])\"", column: column)
    }
  }
}
