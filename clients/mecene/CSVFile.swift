internal import Foundation
internal import MeceneGzip
internal import MeceneProof
internal import MeceneTerminal
internal import SwiftCSV

/// A CSV file with a header, read whole and held against the columns that are expected.
struct CSVFile {
  /// A row's fields under their columns' names, and the line of the file that it begins on.
  struct Row: Sendable {
    let line: Int
    fileprivate let fields: [String]
    fileprivate let columns: [String: Int]
    /// The first 32 hexadecimal digits of the SHA-256 of the file's text, with plain line ends.
    let fileDigest: String

    /// Whether the file has the column.
    func has(_ column: String) -> Bool { columns[column] != nil }

    /// A field; empty when the file lacks the column.
    subscript(column: String) -> String {
      columns[column].map { $0 < fields.count ? fields[$0] : "" } ?? ""
    }
  }

  let name: String
  let header: [String]
  let rows: [Row]

  /// Reads a file, or standard input for `-`.
  ///
  /// - Parameters:
  ///   - delimiter: What stands between fields; nil = the semicolon if the first line has one, and else the comma.
  ///   - needs: Columns that have to be there.
  ///   - takes: Columns that may be there; nil = any.
  ///   - spelling: What a column of the file is called here.
  /// - Throws: `LocalFailure` when the file can't be read, is no CSV, or has other columns. A row with too few or too
  ///   many fields is such a failure too, with its line.
  init(
    _ path: String, delimiter asked: CSVDelimiter? = .comma, needs: [String], takes: [String]?,
    spelling: (String) -> String = { $0 }
  ) throws {
    name = path == "-" ? "standard input" : path
    let original = try InputFile.text(path)
    let delimiter =
      asked ?? (original.prefix { !$0.isNewline }.unicodeScalars.contains(";") ? .semicolon : .comma)
    let digest = String(
      CommitChain.rowsHash(Array(original.replacing("\r\n", with: "\n").utf8)).hexadecimal.prefix(32))
    var (text, seam) = Self.withSeams(original)
    // Without its line break the library drops an empty field at the end of the last row.
    if text.unicodeScalars.last != "\n" { text += "\n" }
    // The library takes what follows an unclosed quote for one field, to the end of the file.
    if let line = Self.lineOfOpenQuote(text) {
      throw LocalFailure(sentence: "\(name) line \(line): a quote is opened and never closed")
    }
    var lines: [[String]] = []
    do {
      let csv = try CSV<Enumerated>(string: text, delimiter: delimiter, loadColumns: false, rowLimit: 0)
      try csv.enumerateAsArray(startAt: 0, rowLimit: nil) { fields in
        lines.append(fields.map { Self.withoutSeams($0, seam) })
      }
    } catch {
      if let line = Self.lineBehindQuote(original, delimiter) {
        throw LocalFailure(
          sentence:
            "\(name) line \(line): text stands behind a closing quote; a quote within quotes is written twice"
        )
      }
      throw LocalFailure(sentence: "\(name) is not CSV: \(Self.problem(error))")
    }
    header = (lines.first ?? []).map { spelling($0.trimmingCharacters(in: .whitespaces).lowercased()) }
    try Self.checkSeparator(header, name, is: delimiter)
    try Self.check(header, name, needs: needs, takes: takes)
    let columns = Dictionary(header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    rows = try Self.rows(lines, columns, name, digest: digest)
  }

  /// The library reads characters, and a quote with a mark behind it is one that is no quote. So a code point that nothing joins,
  /// and that the text does not have, goes between all that separates fields and what is not ASCII.
  private static func withSeams(_ text: String) -> (text: String, seam: Unicode.Scalar) {
    let scalars = text.unicodeScalars
    guard !scalars.allSatisfy(\.isASCII) else { return (text, "\u{e000}") }
    let there = Set(scalars.filter { ("\u{e000}"..."\u{f8ff}").contains($0) })
    let seam =
      (0xe000...0xf8ff).lazy.compactMap(Unicode.Scalar.init).first { !there.contains($0) } ?? "\u{e000}"
    var result = String.UnicodeScalarView()
    var previous: Unicode.Scalar = "\n"
    for scalar in scalars {
      let separates: (Unicode.Scalar) -> Bool = { $0 == "\"" || $0 == "," || $0 == ";" }
      if separates(previous) && !scalar.isASCII || separates(scalar) && !previous.isASCII {
        result.append(seam)
      }
      result.append(scalar)
      previous = scalar
    }
    return (String(result), seam)
  }

  private static func withoutSeams(_ field: String, _ seam: Unicode.Scalar) -> String {
    field.unicodeScalars.contains(seam) ? String(field.unicodeScalars.filter { $0 != seam }) : field
  }

  /// The line of the last quote that is opened, when none closes it.
  private static func lineOfOpenQuote(_ text: String) -> Int? {
    var (line, opened) = (1, nil as Int?)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): opened = opened == nil ? line : nil
      case UInt8(ascii: "\n"): line += 1
      default: break
      }
    }
    return opened
  }

  /// The first line where a field goes on behind its closing quote.
  private static func lineBehindQuote(_ text: String, _ delimiter: CSVDelimiter) -> Int? {
    let ends = [UInt8(ascii: "\n"), UInt8(ascii: "\r"), delimiter.rawValue.asciiValue]
    var (line, isQuoted, begins) = (1, false, true)
    var bytes = text.utf8.makeIterator()
    var next = bytes.next()
    while let byte = next {
      next = bytes.next()
      if byte == UInt8(ascii: "\n") { line += 1 }
      if isQuoted, byte == UInt8(ascii: "\"") {
        if next == UInt8(ascii: "\"") {
          next = bytes.next()
        } else {
          isQuoted = false
          if let next, !ends.contains(next) { return line }
        }
      } else if !isQuoted {
        isQuoted = begins && byte == UInt8(ascii: "\"")
        begins = ends.contains(byte)
      }
    }
    return nil
  }

  /// Spreadsheets of many countries separate by something else, and a file of one column is seldom meant.
  private static func checkSeparator(_ header: [String], _ name: String, is delimiter: CSVDelimiter) throws {
    guard header.count == 1, let only = header.first else { return }
    for (separator, words) in [(";", "semicolons"), ("\t", "tabs"), (",", "commas")]
    where delimiter.rawValue != Character(separator) && only.contains(separator) {
      throw LocalFailure(
        sentence: "\(name) separates its columns by \(words); save it with commas"
          + (only.hasPrefix("sep=") ? ", and without the line \(only)" : ""))
    }
  }

  private static func problem(_ error: any Error) -> String {
    switch error {
    case CSVParseError.quotation(let message), CSVParseError.generic(let message): message
    default: "\(error)"
    }
  }

  private static func check(_ header: [String], _ name: String, needs: [String], takes: [String]?) throws {
    let all = (needs + (takes ?? [])).joined(separator: ", ")
    if let missing = needs.first(where: { !header.contains($0) }) {
      throw LocalFailure(
        sentence: "\(name) lacks the column \(missing); its first line names columns out of \(all)")
    }
    if let twice = header.first(where: { column in header.count(where: { $0 == column }) > 1 }) {
      throw LocalFailure(sentence: "\(name) has the column \(twice) twice")
    }
    if let takes, let unknown = header.first(where: { !needs.contains($0) && !takes.contains($0) }) {
      throw LocalFailure(
        sentence: "\(name) has a column \(unknown), which means nothing here; there are \(all)")
    }
  }

  /// Finds each row's line: a quoted line break makes a row longer than a line. Lines without a value are left out.
  private static func rows(
    _ lines: [[String]], _ columns: [String: Int], _ name: String, digest: String
  ) throws -> [Row] {
    var line = 1
    var rows: [Row] = []
    rows.reserveCapacity(lines.count)
    for (index, fields) in lines.enumerated() {
      defer { line += 1 + fields.reduce(0) { $0 + $1.count(where: \.isNewline) } }
      if index == 0 || fields.allSatisfy(\.isEmpty) { continue }
      guard fields.count == columns.count else {
        throw LocalFailure(
          sentence: "\(name) line \(line): it has \(fields.count) fields under \(columns.count) columns")
      }
      rows.append(Row(line: line, fields: fields, columns: columns, fileDigest: digest))
    }
    return rows
  }
}

/// Files that the user names.
enum InputFile {
  /// The most that a compressed file may hold, in bytes.
  private static let bytesMax = 4 << 30

  /// A file's text, or standard input's for `-`; compressed ones are decompressed.
  static func text(_ path: String) throws -> String {
    let name = path == "-" ? "standard input" : path
    var bytes = [UInt8](try bytes(path))
    if Gzip.isCompressed(bytes) {
      do throws(Gzip.Problem) {
        bytes = try Gzip.decompress(bytes, bytesMax: bytesMax)
      } catch { throw LocalFailure(sentence: "\(name) can't be decompressed: \(error)") }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LocalFailure(sentence: "\(name) is not UTF-8 text")
    }
    return text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  private static func bytes(_ path: String) throws -> Data {
    do {
      if path == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
      let file = URL(fileURLWithPath: path)
      if try file.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true {
        throw LocalFailure(sentence: "\(path) is a directory; name a file")
      }
      // Not `Data(contentsOf:)`, which takes no pipe.
      let handle = try FileHandle(forReadingFrom: file)
      return try handle.readToEnd() ?? Data()
    } catch let failure as LocalFailure {
      throw failure
    } catch {
      throw LocalFailure(sentence: "\(path) can't be read: \(Output.reason(of: error))")
    }
  }
}
