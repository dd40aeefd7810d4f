internal import MeceneLedger
internal import MeceneProof

/// A row of a journal table as an entry has it, with what is behind its commitments in their place.
struct JournalRow {
  fileprivate(set) var values: [Statement.Value]
  /// Empty when the row has no text.
  fileprivate(set) var salt: [UInt8] = []

  /// The column's number; 0 when there is none.
  func integer(_ column: Int) -> Int64 { optional(column) ?? 0 }

  func optional(_ column: Int) -> Int64? {
    if case .integer(let value) = values[column] { value } else { nil }
  }

  func bytes(_ column: Int) -> [UInt8] { values[column].bytes ?? [] }

  func text(_ column: Int) -> String { optionalText(column) ?? "" }

  func optionalText(_ column: Int) -> String? {
    values[column].bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  func flag(_ column: Int) -> Bool? { optional(column).map { $0 != 0 } }
}

/// The rows of an entry, by table.
struct EntryRows {
  private var rows: [CanonicalRows.Number: [JournalRow]] = [:]
  let clicks: [ClickEffect]

  subscript(_ table: CanonicalRows.Number) -> [JournalRow] { rows[table] ?? [] }

  /// Reads an entry's bytes, and holds each text against its commitment.
  ///
  /// - Throws: A `Finding` when the bytes are not those of a log's entry.
  init(_ entry: LogEntry) throws(Finding) {
    let wrong = Finding(
      table: "commit_log", key: "\(entry.commit.sequence)", expected: "rows of the tables of a log",
      found: "other bytes")
    var bytes = EntryBytes(entry.rows, wrong)
    while let number = try bytes.number() {
      let table = JournalTable.all[number.rawValue - 1]
      if number == .click {
        guard try bytes.word() == entry.commit.clickRows, try bytes.blob() == entry.commit.clicksHash else {
          throw wrong
        }
        continue
      }
      var row = JournalRow(values: [])
      for column in table.columns { row.values.append(try bytes.value(of: column)) }
      rows[number, default: []].append(row)
    }
    var texts = EntryBytes(entry.texts, wrong)
    for table in JournalTable.all where table.hasCommitments {
      for position in rows[table.number, default: []].indices {
        try Self.fill(&rows[table.number, default: []][position], table, from: &texts)
      }
    }
    var clicks = EntryBytes(entry.clicks, wrong)
    var found: [ClickEffect] = []
    while let number = try clicks.number() {
      guard number == .click else { throw wrong }
      found.append(
        ClickEffect(
          patron: AccountID(try clicks.word()), thing: ThingID(try clicks.word()),
          isUndone: try clicks.word() != 0))
    }
    guard texts.isAtEnd, found.count == entry.commit.clickRows else { throw wrong }
    self.clicks = found
  }

  /// Puts what is behind a row's commitments into their place.
  private static func fill(
    _ row: inout JournalRow, _ table: JournalTable, from texts: inout EntryBytes
  ) throws(Finding) {
    row.salt = try texts.blob() ?? []
    guard row.salt.count == table.saltBytes(row.values) else {
      throw Finding(
        table: table.name, key: "salt", expected: "\(table.saltBytes(row.values)) bytes",
        found: "\(row.salt.count)")
    }
    for (position, column) in table.columns.enumerated() where column.isCommitted {
      let text = try texts.blob()
      let commitment = text.map { Commitment.of($0, salt: row.salt) }
      guard commitment == row.values[position].bytes else {
        throw Finding(
          table: table.name, key: column.name, expected: "what is behind its commitment",
          found: text == nil ? "nothing" : "another")
      }
      row.values[position] = text.map(Statement.Value.blob) ?? .null
    }
  }
}

/// Canonical bytes on their way back.
private struct EntryBytes {
  private let bytes: [UInt8]
  private var position = 0
  private let wrong: Finding

  init(_ bytes: [UInt8], _ wrong: Finding) {
    self.bytes = bytes
    self.wrong = wrong
  }

  var isAtEnd: Bool { position == bytes.count }

  /// The next row's table; nil at the end.
  mutating func number() throws(Finding) -> CanonicalRows.Number? {
    if isAtEnd { return nil }
    guard let number = CanonicalRows.Number(rawValue: Int(bytes[position])) else { throw wrong }
    position += 1
    return number
  }

  mutating func word() throws(Finding) -> Int64 {
    guard bytes.count - position >= 8 else { throw wrong }
    defer { position += 8 }
    return Int64(
      bitPattern: (0..<8).reduce(0 as UInt64) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) })
  }

  /// nil for nothing.
  mutating func blob() throws(Finding) -> [UInt8]? {
    let count = try word()
    if count == CanonicalRows.nothing { return nil }
    guard count >= 0, count <= bytes.count - position else { throw wrong }
    defer { position += Int(count) }
    return Array(bytes[position..<position + Int(count)])
  }

  mutating func value(of column: Column) throws(Finding) -> Statement.Value {
    let value: Statement.Value
    switch column.kind {
    case .integer where !column.isCommitted:
      let word = try word()
      value = word == CanonicalRows.nothing ? .null : .integer(word)
    case .integer, .text, .blob: value = try blob().map(Statement.Value.blob) ?? .null
    }
    guard !value.isNull || column.isOptional else { throw wrong }
    return value
  }
}
