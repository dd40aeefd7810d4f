internal import MeceneLedger

/// The canonical bytes of a commit's append-only rows, over which the commit's `rows_hash` is taken.
///
/// Rows stand table by table in the order of `Table`, within a table in the order of their keys. A row is its
/// table's number and its columns: whole numbers as little-endian 64-bit words, nothing as the word of `Int64.min`,
/// texts and blobs as their length in bytes and then the bytes. Derived columns don't count. Filed clicks and
/// revenue don't either: the settlement's digest stands for them.
///
/// Clicks are hashed apart, and in their place stands one row of their number and hash: so the other rows of a commit
/// can still be checked when its clicks were filed and their log dropped.
struct CanonicalRows {
  enum Table: Int, CaseIterable {
    case period = 1
    case account, accountChange, thing, thingChange, transfer, requestKey, click, settlement, settlementEnd
    case ledger
  }

  static let nothing = Int64.min

  private var tables = [[UInt8]](repeating: [], count: Table.allCases.count)

  private mutating func append(_ table: Table, _ columns: Column...) {
    tables[table.rawValue - 1].append(UInt8(table.rawValue))
    for column in columns { append(column, table) }
  }

  /// The rows there are most of, a whole row at a time.
  mutating func append(_ clicks: [ClickEffect]) {
    let table = Table.click.rawValue - 1
    tables[table].append(addingCapacity: Self.clickBytes * clicks.count) { span in
      for click in clicks { Self.append(click, to: &span) }
    }
  }

  /// One row of them.
  mutating func append(_ click: ClickEffect) {
    tables[Table.click.rawValue - 1].append(addingCapacity: Self.clickBytes) { Self.append(click, to: &$0) }
  }

  /// How many bytes a click takes.
  static let clickBytes = 25

  static func append(_ click: ClickEffect, to span: inout OutputSpan<UInt8>) {
    span.append(UInt8(Table.click.rawValue))
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
    if let clicks { append(.click, .integer(clicks.count), .blob(clicks.hash)) }
    return Table.allCases.reduce(into: []) { $0 += take($1) }
  }

  private mutating func take(_ table: Table) -> [UInt8] {
    var bytes: [UInt8] = []
    swap(&bytes, &tables[table.rawValue - 1])
    return bytes
  }

  private enum Column {
    case integer(Int64)
    case optional(Int64?)
    case text(String?)
    case blob([UInt8])
  }

  private mutating func append(_ column: Column, _ table: Table) {
    switch column {
    case .integer(let value): append(word: value, table)
    case .optional(let value): append(word: value ?? Self.nothing, table)
    case .text(nil): append(word: Self.nothing, table)
    case .text(let text?):
      append(word: Int64(text.utf8.count), table)
      tables[table.rawValue - 1] += Array(text.utf8)
    case .blob(let bytes):
      append(word: Int64(bytes.count), table)
      tables[table.rawValue - 1] += bytes
    }
  }

  private mutating func append(word: Int64, _ table: Table) {
    tables[table.rawValue - 1].append(addingCapacity: 8) { Self.append(word, to: &$0) }
  }
}

// The columns of each table, in their order.
extension CanonicalRows {
  mutating func appendPeriod(number: Int64, feeBps: Int64, minimum: Int64, receiveRequiresGiving: Int64) {
    append(.period, .integer(number), .integer(feeBps), .integer(minimum), .integer(receiveRequiresGiving))
  }

  mutating func appendAccount(id: Int64, name: String) { append(.account, .integer(id), .text(name)) }

  mutating func appendAccountChange(account: Int64, displayName: String?, budget: Int64?, closed: Int64?) {
    append(.accountChange, .integer(account), .text(displayName), .optional(budget), .optional(closed))
  }

  mutating func appendThing(id: Int64, owner: Int64, url: String) {
    append(.thing, .integer(id), .integer(owner), .text(url))
  }

  mutating func appendThingChange(
    thing: Int64, title: String?, description: String?, hidden: Int64?, retired: Int64?
  ) {
    append(
      .thingChange, .integer(thing), .text(title), .text(description), .optional(hidden), .optional(retired))
  }

  /// A transfer's columns: id, kind, account, amount, period, for_period, causing transfer, causing change, available and
  /// pots after it; `nothing` where there is none.
  typealias TransferRow = InlineArray<10, Int64>

  mutating func append(transfer row: TransferRow) {
    let table = Table.transfer.rawValue - 1
    tables[table].append(addingCapacity: 81) { span in
      span.append(UInt8(Table.transfer.rawValue))
      for column in row.indices { Self.append(row[column], to: &span) }
    }
  }

  mutating func appendRequestKey(account: Int64, key: String, transfer: Int64) {
    append(.requestKey, .integer(account), .text(key), .integer(transfer))
  }

  mutating func appendSettlement(period: Int64, digest: [UInt8], numbers: [Int64]) {
    append(.settlement, .integer(period), .blob(digest))
    for number in numbers { append(.settlement, .integer(number)) }
  }

  mutating func appendSettlementEnd(period: Int64) { append(.settlementEnd, .integer(period)) }

  /// What never changes of the ledger: its secret and the rest of its identity.
  mutating func appendLedger(currency: String, secret: [UInt8], createdAt: Int64, isSimulated: Int64) {
    append(.ledger, .text(currency), .blob(secret), .integer(createdAt), .integer(isSimulated))
  }
}
