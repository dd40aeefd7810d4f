internal import MeceneLedger
internal import MeceneProof

/// The canonical bytes of a commit's append-only rows, over which the commit's `rows_hash` is taken.
///
/// Rows stand table by table in the order of `Number`, within a table in the order of their keys. A row is its
/// table's number and its columns: whole numbers as little-endian 64-bit words, nothing as the word of `Int64.min`,
/// texts and blobs as their length in bytes and then the bytes. For what somebody typed, and for secrets, a salted commitment
/// stands, which is a blob: so they can be erased. Derived columns don't count. Filed clicks and revenue don't either: the
/// settlement's digest stands for them.
///
/// Clicks are hashed apart, and in their place stands one row of their number and hash: so the other rows of a commit
/// can still be checked when its clicks were filed and their log dropped.
struct CanonicalRows {
  enum Number: Int, CaseIterable, Sendable {
    case period = 1
    case account, accountChange, thing, thingChange, transfer, requestKey, click, settlement, settlementEnd
    case ledger
  }

  static let nothing = Int64.min

  private var tables = [[UInt8]](repeating: [], count: Number.allCases.count)
  /// What is behind the commitments, by table in the order of its rows: for each row with such columns its salt and the columns,
  /// each as its length in bytes and the bytes, nothing as in the rows themselves.
  private var texts = [[UInt8]](repeating: [], count: Number.allCases.count)

  /// The rows there are most of, a whole row at a time.
  mutating func append(_ clicks: [ClickEffect]) {
    let table = Number.click.rawValue - 1
    tables[table].append(addingCapacity: Self.clickBytes * clicks.count) { span in
      for click in clicks { Self.append(click, to: &span) }
    }
  }

  /// One row of them.
  mutating func append(_ click: ClickEffect) {
    tables[Number.click.rawValue - 1].append(addingCapacity: Self.clickBytes) { Self.append(click, to: &$0) }
  }

  /// How many bytes a click takes.
  static let clickBytes = 25

  static func append(_ click: ClickEffect, to span: inout OutputSpan<UInt8>) {
    span.append(UInt8(Number.click.rawValue))
    append(click.patron.rawValue, to: &span)
    append(click.thing.rawValue, to: &span)
    append(click.isUndone ? 1 : 0, to: &span)
  }

  /// In one store: byte by byte a click took 200 instructions, and takes 40.
  private static func append(_ word: Int64, to span: inout OutputSpan<UInt8>) {
    precondition(span.freeCapacity >= 8)
    unsafe span.withUnsafeMutableBufferPointer { buffer, count in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      unsafe bytes.storeBytes(of: word.littleEndian, toByteOffset: count, as: Int64.self)
      count += 8
    }
  }

  /// The bytes of the clicks alone, and no clicks any more.
  mutating func takeClicks() -> [UInt8] { take(.click) }

  /// All bytes, and an empty start.
  ///
  /// - Parameter clicks: The number of clicks and their hash, when there are some.
  mutating func take(clicks: (count: Int64, hash: [UInt8])?) -> [UInt8] {
    _ = takeClicks()
    if let clicks {
      append(ClickLogTable.table, [.integer(clicks.count), .blob(clicks.hash)])
    }
    return Number.allCases.reduce(into: []) { $0 += take($1) }
  }

  /// The texts, salts and secrets behind the commitments, table by table, and none any more.
  mutating func takeTexts() -> [UInt8] {
    guard texts.contains(where: { !$0.isEmpty }) else { return [] }
    defer { texts = [[UInt8]](repeating: [], count: texts.count) }
    return Array(texts.joined())
  }

  private mutating func take(_ table: Number) -> [UInt8] {
    var bytes: [UInt8] = []
    swap(&bytes, &tables[table.rawValue - 1])
    return bytes
  }

  /// A row by its columns' values.
  ///
  /// - Parameter salt: The row's, if it has commitments.
  mutating func append(_ table: JournalTable, _ row: [Statement.Value], salt: [UInt8] = []) {
    let number = table.number.rawValue - 1
    tables[number].append(UInt8(table.number.rawValue))
    for (column, value) in zip(table.columns, row) {
      let commitment = column.isCommitted ? value.bytes.map { Commitment.of($0, salt: salt) } : nil
      Self.append(commitment.map(Statement.Value.blob) ?? value, to: &tables[number])
    }
    guard table.hasCommitments else { return }
    Self.append(salt.isEmpty ? .null : .blob(salt), to: &texts[number])
    for (column, value) in zip(table.columns, row) where column.isCommitted {
      Self.append(value, to: &texts[number])
    }
  }

  /// A row by the columns of `chainList`, which stand behind the first `skipped` of a statement's.
  ///
  /// - Throws: A `Finding` for a salt that can't be: with another length bytes of a text could be taken for bytes of its salt.
  mutating func append(_ table: JournalTable, _ row: Columns, behind skipped: Int) throws(Finding) {
    guard table.hasCommitments else {
      return append(table, table.columns.indices.map { row.value(Int32(skipped + $0)) })
    }
    let values = table.columns.indices.map { row.value(Int32(skipped + 1 + $0)) }
    let salt = row.blob(Int32(skipped))
    guard salt.count == table.saltBytes(values), salt.isEmpty == row.isNull(Int32(skipped)) else {
      throw Finding(
        table: table.name, key: "\(row.integer(0)) salt", expected: "\(table.saltBytes(values)) bytes",
        found: "\(salt.count)")
    }
    append(table, values, salt: salt)
  }

  /// A transfer's columns, as `TransferTable` has them; `nothing` where there is none.
  typealias TransferRow = InlineArray<10, Int64>

  mutating func append(transfer row: TransferRow) {
    let table = Number.transfer.rawValue - 1
    tables[table].append(addingCapacity: 81) { span in
      span.append(UInt8(Number.transfer.rawValue))
      for column in row.indices { Self.append(row[column], to: &span) }
    }
  }

  private static func append(_ value: Statement.Value, to bytes: inout [UInt8]) {
    switch value {
    case .null: append(nothing, to: &bytes)
    case .integer(let value): append(value, to: &bytes)
    case .text(let text):
      append(Int64(text.utf8.count), to: &bytes)
      bytes += text.utf8
    case .blob(let blob):
      append(Int64(blob.count), to: &bytes)
      bytes += blob
    }
  }

  private static func append(_ word: Int64, to bytes: inout [UInt8]) {
    bytes.append(addingCapacity: 8) { append(word, to: &$0) }
  }
}
