internal import MeceneConcurrency
package import MeceneLedger

/// The one connection that writes: appends the rows of a commit, commits, and moves pages from the log to the file
/// between commits.
///
///     begin → append(effects) … → commit(…)     or     rollback
///
/// Owned by the writer's queue alone.
package final class BookWriter {
  /// Where the rows are read ahead.
  let location: DatabaseLocation
  private let connection: SQLiteConnection
  private let identity: BookFile.Identity
  /// Whether the ledger's own row belongs to a commit; nil when it is not known.
  private var ledgerIsCommitted: Bool?
  let statements: WriterStatements
  /// Shared with the readers.
  let tail: Locked<JournalTail>
  /// How far the projection is.
  var position = ProjectionPosition()
  var positionIsKnown = false
  /// The last transfer that is durable.
  var committedTransfers: Int64 = 0
  var recentKeys = RecentKeys()
  private var clickLog: RowsStatement?
  private var rows = CanonicalRows()
  private var clickRows: Int64 = 0
  private var sequence: Int64 = 0
  private var time = Timestamp(milliseconds: 0)
  private var settled: [Period] = []
  /// What the books hold of them; nil when it is not known.
  private var totals: (money: Micros, fees: Micros)?

  init(
    _ location: DatabaseLocation, identity: BookFile.Identity, tail: Locked<JournalTail>
  ) throws(StoreError) {
    self.location = location
    self.identity = identity
    self.tail = tail
    connection = try SQLiteConnection(location.gathering())
    try connection.execute("PRAGMA journal_mode = WAL")
    try connection.execute("PRAGMA synchronous = FULL")
    try connection.execute("PRAGMA journal_size_limit = \(BookFile.logBytesKept)")
    try connection.execute("PRAGMA secure_delete = OFF")
    try connection.execute("PRAGMA cache_size = -65536")
    try connection.execute("PRAGMA foreign_keys = OFF")
    try connection.keepLogFile()
    statements = try WriterStatements(connection)
    try checkDurability()
  }

  /// Refuses to go on with a connection that would acknowledge before the disk has it.
  private func checkDurability() throws(StoreError) {
    var synchronous: Int64 = -1
    var mode = ""
    try connection.prepare("PRAGMA synchronous").forEachRow { synchronous = $0.integer(0) }
    try connection.prepare("PRAGMA journal_mode").forEachRow { mode = $0.text(0) }
    guard synchronous == 2, mode == "wal" else {
      throw .failed("synchronous is \(synchronous) and journal_mode \(mode); they must be 2 and wal")
    }
  }

  /// The last commit's sequence, time and link; zeros before the first.
  package func lastCommit() throws(StoreError) -> (sequence: Int64, time: Timestamp, link: [UInt8]) {
    var result = (
      sequence: Int64(0), time: Timestamp(milliseconds: 0), link: [UInt8](repeating: 0, count: 32)
    )
    try connection.prepare("SELECT sequence, time_ms, link FROM commit_log ORDER BY sequence DESC LIMIT 1")
      .forEachRow { row in
        result = (row.integer(0), Timestamp(milliseconds: row.integer(1)), row.blob(2))
      }
    return result
  }

  /// Begins the commit with this sequence, at this time.
  package func begin(sequence: Int64, time: Timestamp) throws(StoreError) {
    self.sequence = sequence
    self.time = time
    clickRows = 0
    try statements.begin.run()
    try commitLedger()
  }

  /// Lets the ledger's own row belong to this commit, when it belongs to none.
  private func commitLedger() throws(StoreError) {
    if ledgerIsCommitted == true { return }
    var commit: Int64 = 0
    try query("SELECT commit_sequence FROM ledger") { commit = $0.integer(0) }
    if commit == 0 {
      rows.appendLedger(
        currency: identity.currency, secret: identity.secret, createdAt: identity.createdAt.milliseconds,
        isSimulated: identity.isSimulated ? 1 : 0)
      try statements.ledger.run(.integer(sequence))
    }
    ledgerIsCommitted = true
  }

  /// Appends rows, in their order.
  package func append(_ effects: [Effect]) throws(StoreError) {
    var transfers = statements.transfer.begin()
    for effect in effects { try append(effect, &transfers) }
    try transfers.end()
  }

  /// Appends clicks of the newest period, in their order.
  package func append(_ clicks: [ClickEffect]) throws(StoreError) {
    if clicks.isEmpty { return }
    clickRows += Int64(clicks.count)
    rows.append(clicks)
    var inserting = try clickLogStatement().begin()
    for click in clicks {
      try inserting.add([click.patron.rawValue, click.thing.rawValue, click.isUndone ? 1 : 0])
    }
    try inserting.end()
  }

  /// The canonical bytes of what was appended since `begin`, and the hash of its clicks, which stands in them.
  package func takeRowBytes(hash: ([UInt8]) -> [UInt8]) -> (bytes: [UInt8], clicksHash: [UInt8]?) {
    guard clickRows > 0 else { return (rows.take(clicks: nil), nil) }
    let clicksHash = hash(rows.takeClicks())
    return (rows.take(clicks: (clickRows, clicksHash)), clicksHash)
  }

  /// Writes the commit's own row and makes all of it durable.
  package func commit(
    rowsHash: [UInt8], clicksHash: [UInt8]?, link: [UInt8], money: Micros, fees: Micros
  ) throws(StoreError) {
    try statements.commitLog.run(
      .integer(sequence), .integer(time.milliseconds), .integer(clickRows),
      clicksHash.map(Statement.Value.blob) ?? .null, .blob(rowsHash), .blob(link))
    if totals.map({ $0 != (money, fees) }) ?? true {
      try statements.totals.run(.integer(money.rawValue), .integer(fees.rawValue))
    }
    try statements.commit.run()
    totals = (money, fees)
    committedTransfers = tail.withLock { $0.last }
  }

  /// Whether `shrinkSettledLogs` has something to do.
  package var hasSettledLogs: Bool { !settled.isEmpty }

  /// Deletes some rows of the click log of a settled period, or drops it with its last ones: dropped at once, one of ten million
  /// rows kept everybody waiting for 150 ms. Its clicks are filed; a log that stays is dropped at the next start.
  ///
  /// - Parameter limit: How many rows.
  package func shrinkSettledLogs(rows limit: Int64) throws(StoreError) {
    guard let period = settled.popLast() else { return }
    let table = Schema.clickLogTable(period)
    var (first, last) = (Int64(0), Int64(0))
    try query("SELECT coalesce(min(sequence), 0), coalesce(max(sequence), 0) FROM \(table)") {
      (first, last) = ($0.integer(0), $0.integer(1))
    }
    guard last - first > limit else { return try drop(period) }
    try connection.execute("DELETE FROM \(table) WHERE sequence < \(first + limit)")
    settled.append(period)
  }

  func drop(_ period: Period) throws(StoreError) {
    try connection.execute("DROP TABLE IF EXISTS \(Schema.clickLogTable(period))")
  }

  func query(_ sql: String, _ body: (Columns) -> Void) throws(StoreError) {
    try connection.prepare(sql).forEachRow(body: body)
  }

  /// Takes back what was appended since `begin`.
  package func rollback() {
    tail.withLock { $0.removeAll(after: committedTransfers) }
    _ = rows.take(clicks: nil)
    settled = []
    clickLog = nil
    totals = nil
    ledgerIsCommitted = nil
    takeBack()
  }

  func takeBack() {
    // An error may have rolled back already.
    try? connection.execute("ROLLBACK")
  }

  /// Pages that the last commit left in the log.
  package var logPages: Int { connection.logPages }

  /// Moves committed pages from the log to the file.
  ///
  /// - Returns: Pages in the log, and how many of them are in the file now.
  @discardableResult
  package func checkpoint() throws(StoreError) -> (pages: Int, moved: Int) { try connection.checkpoint() }

  /// Caps the file's size, in pages of 4 KiB, to let a test fill the disk.
  package func limit(pages: Int) throws(StoreError) {
    try connection.execute("PRAGMA max_page_count = \(pages)")
  }

  /// What an earlier request with this key made.
  package func keyedTransfer(_ account: AccountID?, _ key: RequestKey) throws(StoreError) -> Transfer? {
    let account = account?.rawValue ?? 0
    var found: Transfer?
    for transfer in recentKeys.candidates(account, key.text) where found == nil {
      try statements.keyedRecently.forEachRow(.integer(account), .text(key.text), .integer(transfer.rawValue))
      { row in
        found = self.transfer(row)
      }
    }
    if found == nil {
      try statements.keyed.forEachRow(.integer(account), .text(key.text)) { row in found = self.transfer(row)
      }
    }
    return found
  }

  /// An account's texts with what was appended so far, and the money that the ledger knows of.
  package func account(
    _ id: AccountID, money: AccountMoney, terms: Terms
  ) throws(StoreError) -> AccountRecord? {
    var record: AccountRecord?
    try statements.account.forEachRow(.integer(id.rawValue)) { row in
      record = AccountRecord(
        id: id, name: row.text(0), displayName: row.text(1), money: money, terms: terms,
        isClosed: row.integer(2) != 0, openedAt: self.time(row, 3))
    }
    return record
  }

  /// A thing with what was appended so far.
  package func thing(_ id: ThingID) throws(StoreError) -> ThingRecord? {
    var record: ThingRecord?
    try statements.thing.forEachRow(.integer(id.rawValue)) { row in
      record = ThingRecord(
        id: id, owner: AccountID(row.integer(1)), ownerName: row.text(2), url: row.text(3),
        title: row.text(4),
        description: row.text(5), isHidden: row.integer(6) != 0, isRetired: row.integer(7) != 0,
        addedAt: self.time(row, 8))
    }
    return record
  }

  /// A row's time; the row of the commit under way has none yet.
  private func time(_ row: Columns, _ column: Int32) -> Timestamp {
    row.isNull(column) ? time : Timestamp(milliseconds: row.integer(column))
  }

  private func transfer(_ row: Columns) -> Transfer? {
    guard let kind = Transfer.Kind(rawValue: Int(row.integer(1))) else { return nil }
    return Transfer(
      id: TransferID(row.integer(0)), kind: kind, account: row.isNull(2) ? nil : AccountID(row.integer(2)),
      amount: Micros(row.integer(3)), period: Period(number: Int(row.integer(4))), forPeriod: nil, cause: nil,
      committedAt: time(row, 7),
      availableAfter: Micros(row.integer(5)), potsAfter: Micros(row.integer(6)))
  }
}

// One row for each effect, and what follows from it except money: see `project`.
extension BookWriter {
  private func append(_ effect: Effect, _ transfers: inout RowsStatement.Rows) throws(StoreError) {
    switch effect {
    case .transfer(let transfer): try append(transfer, &transfers)
    case .keyBound(let account, let key, let transfer): try append(key, account, transfer)
    case .periodOpened(let period, let terms): try append(period, terms)
    case .accountOpened(let id, let name, let displayName, let budget):
      rows.appendAccount(id: id.rawValue, name: name)
      try statements.accountOpen.run(
        .integer(id.rawValue), .integer(sequence), .text(name), .text(displayName), .integer(budget.rawValue))
      try appendChange(
        id: nil, id, AccountChange(displayName: displayName, budget: budget, closed: nil))
    case .accountChanged(let changeID, let id, let change):
      try appendChange(id: changeID, id, change)
      try statements.accountUpdate.run(
        .init(change.displayName), .init(change.budget?.rawValue), .init(change.closed), .integer(id.rawValue)
      )
    case .thingAdded(let id, let owner, let thing): try append(id, owner: owner, thing)
    case .thingChanged(let changeID, let id, let change):
      try appendChange(id: changeID, id, change)
      try statements.thingUpdate.run(
        .init(change.title), .init(change.description), .init(change.hidden), .init(change.retired),
        .integer(id.rawValue))
    case .settlementPlanned(let plan, let seal): try append(plan, seal)
    case .potsDrained(let plan, let positions): try file(plan, patrons: positions)
    case .ownersPaid(let plan, let positions): try file(plan, owners: positions)
    case .settlementFinished(let period):
      rows.appendSettlementEnd(period: Int64(period.number))
      try statements.settlementEnd.run(.integer(sequence), .integer(Int64(period.number)))
      settled.append(period)
    }
  }

  private func clickLogStatement() throws(StoreError) -> RowsStatement {
    if let clickLog { return clickLog }
    var newest: Int64 = 0
    try connection.prepare("SELECT max(number) FROM period").forEachRow { newest = $0.integer(0) }
    let table = Schema.clickLogTable(Period(number: Int(newest)))
    let statement = try RowsStatement(
      connection, "INSERT INTO \(table) (patron_id, thing_id, undone) VALUES", columns: 3)
    clickLog = statement
    return statement
  }

  private func append(_ period: Period, _ terms: Terms) throws(StoreError) {
    let number = Int64(period.number)
    rows.appendPeriod(
      number: number, feeBps: Int64(terms.feeBps), minimum: terms.minimum.rawValue,
      receiveRequiresGiving: terms.receiveRequiresGiving ? 1 : 0)
    try statements.period.run(
      .integer(number), .text(period.description), .integer(sequence), .integer(Int64(terms.feeBps)),
      .integer(terms.minimum.rawValue), .integer(terms.receiveRequiresGiving ? 1 : 0))
    // A table that is there already holds clicks of nobody that this daemon knows.
    let table = Schema.clickLogTable(period)
    var isThere = false
    try query("SELECT 1 FROM sqlite_schema WHERE name = '\(table)'") { _ in isThere = true }
    if isThere {
      let finding = Finding(
        table: "sqlite_schema", key: table, expected: "no such table before \(period) begins", found: "one")
      throw .damaged("\(finding)")
    }
    try connection.execute(Schema.createClickLog(period))
    clickLog = nil
  }

  private func append(
    _ transfer: Transfer, _ transfers: inout RowsStatement.Rows
  ) throws(StoreError) {
    var (causeTransfer, causeChange) = (RowsStatement.nothing, RowsStatement.nothing)
    switch transfer.cause {
    case .credit(let id): causeTransfer = id.rawValue
    case .budget(let id): causeChange = id
    case nil: break
    }
    let account = transfer.account?.rawValue
    let forPeriod = transfer.forPeriod.map { Int64($0.number) }
    let row: CanonicalRows.TransferRow = [
      transfer.id.rawValue, Int64(transfer.kind.rawValue), account ?? RowsStatement.nothing,
      transfer.amount.rawValue,
      Int64(transfer.period.number), forPeriod ?? RowsStatement.nothing, causeTransfer, causeChange,
      transfer.availableAfter.rawValue, transfer.potsAfter.rawValue,
    ]
    rows.append(transfer: row)
    try transfers.add([
      row[0], sequence, row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9],
    ])
    tail.withLock { $0.append(transfer.id.rawValue, account: account ?? 0) }
  }

  private func append(
    _ key: RequestKey, _ account: AccountID?, _ transfer: TransferID
  ) throws(StoreError) {
    let number = account?.rawValue ?? 0
    rows.appendRequestKey(account: number, key: key.text, transfer: transfer.rawValue)
    try statements.key.run(.integer(transfer.rawValue), .integer(number), .text(key.text))
    if account != nil {
      recentKeys.insert(number, key.text, transfer)
    } else {
      // Passes go over accounts, and the fees have none.
      try statements.projectKey.run(.integer(transfer.rawValue))
    }
  }

  private func appendChange(id: Int64?, _ account: AccountID, _ change: AccountChange) throws(StoreError) {
    rows.appendAccountChange(
      account: account.rawValue, displayName: change.displayName, budget: change.budget?.rawValue,
      closed: change.closed.map { $0 ? 1 : 0 })
    try statements.accountChange.run(
      .init(id), .integer(sequence), .integer(account.rawValue), .init(change.displayName),
      .init(change.budget?.rawValue), .init(change.closed))
  }

  private func append(_ id: ThingID, owner: AccountID, _ thing: NewThing) throws(StoreError) {
    rows.appendThing(id: id.rawValue, owner: owner.rawValue, url: thing.url.text)
    try statements.thingAdd.run(
      .integer(id.rawValue), .integer(sequence), .integer(owner.rawValue), .text(thing.url.text),
      .blob(thing.fingerprint.bytes), .text(thing.title.text), .text(thing.description.text),
      .integer(thing.hidden ? 1 : 0))
    try appendChange(
      id: nil, id,
      ThingChange(title: thing.title.text, description: thing.description.text, hidden: thing.hidden))
  }

  private func appendChange(id: Int64?, _ thing: ThingID, _ change: ThingChange) throws(StoreError) {
    rows.appendThingChange(
      thing: thing.rawValue, title: change.title, description: change.description,
      hidden: change.hidden.map { $0 ? 1 : 0 }, retired: change.retired.map { $0 ? 1 : 0 })
    try statements.thingChange.run(
      .init(id), .integer(sequence), .integer(thing.rawValue), .init(change.title), .init(change.description),
      .init(change.hidden), .init(change.retired))
  }

  private func append(_ plan: SettlementPlan, _ seal: SettlementSeal) throws(StoreError) {
    let digest = seal.digest
    let totals = plan.totals
    let numbers: [Int64] = [
      Int64(totals.pots), Int64(totals.clicks), Int64(totals.owners), totals.potsMicros.rawValue,
      totals.feesMicros.rawValue, totals.revenueMicros.rawValue, totals.returnedMicros.rawValue,
    ]
    rows.appendSettlement(period: Int64(plan.period.number), digest: digest, numbers: numbers)
    try statements.settlement.run(
      .integer(Int64(plan.period.number)), .integer(sequence), .blob(digest), .integer(numbers[0]),
      .integer(numbers[1]), .integer(numbers[2]), .integer(numbers[3]), .integer(numbers[4]),
      .integer(numbers[5]), .integer(numbers[6]))
  }
}

extension Fingerprint {
  /// 16 bytes, big-endian, so that SQLite sorts and shows them as a hash.
  var bytes: [UInt8] {
    [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
  }

  init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    func word(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
    self.init(high: word(bytes[0..<8]), low: word(bytes[8..<16]))
  }
}
