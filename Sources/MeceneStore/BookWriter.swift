internal import MeceneConcurrency
package import MeceneLedger
internal import MeceneProof

/// The one connection that writes: appends the rows of a commit, commits, and moves pages from the log to the file
/// between commits.
///
///     begin → append(effects) … → write(sums) → seal → commit(entry)     or     rollback
///
/// Owned by the writer's queue alone.
package final class BookWriter {
  /// Where the rows are read ahead, and on what.
  let location: DatabaseLocation
  let runtime: any Runtime
  private let connection: SQLiteConnection
  let identity: BookFile.Identity
  private let beginning, committing: Statement
  let filing: FilingStatements
  var projection: Projection
  private let commits: CommitTable
  private var ledger: LedgerTable
  private let periods: PeriodTable
  private let accounts: AccountTable
  private let accountChanges: AccountChangeTable
  private let things: ThingTable
  private let thingChanges: ThingChangeTable
  private let transfers: TransferTable
  var keys: RequestKeyTable
  private var clickLog: ClickLogTable
  let settlements: SettlementTable
  private var open: OpenCommit
  private var settled: [Period] = []

  init(
    _ location: DatabaseLocation, identity: BookFile.Identity, tail: Locked<JournalTail>,
    runtime: any Runtime
  ) throws(StoreError) {
    self.location = location
    self.runtime = runtime
    self.identity = identity
    open = OpenCommit(random: RandomBytes(areZero: identity.isSimulated, runtime))
    connection = try SQLiteConnection(location.gathering())
    try connection.execute("PRAGMA journal_mode = WAL")
    try connection.execute("PRAGMA synchronous = FULL")
    try connection.execute("PRAGMA journal_size_limit = \(BookFile.logBytesKept)")
    try connection.execute("PRAGMA secure_delete = OFF")
    try connection.execute("PRAGMA cache_size = -65536")
    try connection.execute("PRAGMA foreign_keys = OFF")
    try connection.keepLogFile()
    beginning = try connection.prepare("BEGIN IMMEDIATE")
    committing = try connection.prepare("COMMIT")
    filing = try FilingStatements(connection)
    projection = try Projection(connection, tail)
    commits = try CommitTable(connection)
    ledger = try LedgerTable(connection)
    periods = try PeriodTable(connection)
    accounts = try AccountTable(connection)
    accountChanges = try AccountChangeTable(connection)
    things = try ThingTable(connection)
    thingChanges = try ThingChangeTable(connection)
    transfers = try TransferTable(connection)
    keys = try RequestKeyTable(connection)
    clickLog = ClickLogTable(connection)
    settlements = try SettlementTable(connection)
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
    guard let last = try commits.newest() else {
      return (0, Timestamp(milliseconds: 0), [UInt8](repeating: 0, count: 32))
    }
    return (last.sequence, last.time, last.link)
  }

  /// The open period; nil before the first.
  func openPeriod() throws(StoreError) -> Period? { try periods.newest() }

  /// Begins the commit with this sequence, at this time.
  package func begin(sequence: Int64, time: Timestamp) throws(StoreError) {
    open.given = nil
    open.sequence = sequence
    open.time = time
    open.clickRows = 0
    try begin()
    if ledger.isCommitted != true { try ledger.join(&open) }
  }

  /// Begins the commit of a log's entry, whose salts it has.
  package func begin(_ logged: LoggedCommit) throws(StoreError) {
    try begin(sequence: logged.commit.sequence, time: logged.commit.time)
    open.given = logged.salts
  }

  /// Begins a transaction, of a commit or beside them.
  func begin() throws(StoreError) { try beginning.run() }

  func commit() throws(StoreError) { try committing.run() }

  /// Appends rows, in their order.
  package func append(_ effects: [Effect]) throws(StoreError) {
    // Taken out: what lies in a class is guarded at run time whenever it is passed on.
    var commit = OpenCommit(random: RandomBytes(areZero: true, runtime))
    swap(&commit, &open)
    defer { swap(&commit, &open) }
    var inserting = transfers.begin()
    for effect in effects { try append(effect, &commit, &inserting) }
    try inserting.end()
  }

  /// Appends clicks of the newest period, in their order.
  package func append(_ clicks: [ClickEffect]) throws(StoreError) {
    if clicks.isEmpty { return }
    try clickLog.append(clicks, to: &open, period: openPeriod)
  }

  /// Notes what all money in the ledger, and that of the fees, are after this commit.
  package func write(money: Micros, fees: Micros) throws(StoreError) {
    try ledger.write(money: money, fees: fees)
  }

  /// What was appended since `begin`, as it is handed to a log.
  ///
  /// - Parameter link: The link of the commit before.
  package func seal(after link: [UInt8]) -> LogEntry {
    let clicks = open.rows.takeClicks()
    let clicksHash = open.clickRows > 0 ? CommitChain.rowsHash(clicks) : nil
    let texts = open.rows.takeTexts()
    let rows = open.rows.take(clicks: clicksHash.map { (open.clickRows, $0) })
    let rowsHash = CommitChain.rowsHash(rows)
    return LogEntry(
      commit: CommitRecord(
        sequence: open.sequence, time: open.time, clickRows: open.clickRows, clicksHash: clicksHash,
        rowsHash: rowsHash,
        link: CommitChain.link(
          previous: link, sequence: open.sequence, time: open.time, rowsHash: rowsHash)), rows: rows,
      clicks: clicks, texts: texts)
  }

  /// Writes the commit's own row and makes all of it durable.
  package func commit(_ entry: LogEntry) throws(StoreError) {
    try commits.append(entry.commit)
    try commit()
    ledger.committed()
    projection.commit()
  }

  /// Whether `shrinkSettledLogs` has something to do.
  package var hasSettledLogs: Bool { !settled.isEmpty }

  /// Deletes some rows of the click log of a settled period, or drops it with its last ones. Its clicks are filed; a log that stays
  /// is dropped at the next start.
  ///
  /// - Parameter limit: How many rows.
  package func shrinkSettledLogs(rows limit: Int64) throws(StoreError) {
    guard let period = settled.popLast() else { return }
    if try !clickLog.shrink(period, rows: limit) { settled.append(period) }
  }

  /// Drops the click logs that a crash left behind after their settlement had ended.
  package func dropLeftoverLogs() throws(StoreError) {
    for period in try SettlementTable.settled(in: self) { try clickLog.drop(period) }
  }

  func query(_ sql: String, _ body: (Columns) -> Void) throws(StoreError) {
    try connection.prepare(sql).forEachRow(body: body)
  }

  /// Takes back what was appended since `begin`.
  package func rollback() {
    projection.rollback()
    open.rows = CanonicalRows()
    settled = []
    clickLog.forget()
    ledger.forget()
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
    try keys.transfer(account, key, in: open)
  }

  /// An account's texts with what was appended so far, and the money that the ledger knows of.
  package func account(
    _ id: AccountID, money: AccountMoney, terms: Terms
  ) throws(StoreError) -> AccountRecord? {
    try accounts.record(id, money: money, terms: terms, in: open)
  }

  /// A thing with what was appended so far.
  package func thing(_ id: ThingID) throws(StoreError) -> ThingRecord? { try things.record(id, in: open) }
}

// One row for each effect, and what follows from it except money: see `project`.
extension BookWriter {
  private func append(
    _ effect: Effect, _ commit: inout OpenCommit, _ inserting: inout RowsStatement.Rows
  ) throws(StoreError) {
    switch effect {
    case .transfer(let transfer):
      try transfers.append(transfer, to: &commit, &inserting)
      projection.tail.withLock { $0.append(transfer.id, account: transfer.account) }
    case .keyBound(let account, let key, let transfer):
      try keys.append(key, account, transfer, to: &commit)
    case .periodOpened(let period, let terms):
      try periods.append(period, terms, to: &commit)
      try clickLog.open(period)
    case .accountOpened(let id, let name, let fingerprint, let displayName, let budget):
      try accounts.append(id, name: name, fingerprint, displayName: displayName, budget: budget, to: &commit)
      try accountChanges.append(
        id: nil, id, AccountChange(displayName: displayName, budget: budget), to: &commit)
    case .accountChanged(let changeID, let id, let change):
      try accountChanges.append(id: changeID, id, change, to: &commit)
      try accounts.apply(change, to: id)
    case .thingAdded(let id, let owner, let thing):
      try things.append(id, owner: owner, thing, to: &commit)
      try thingChanges.append(
        id: nil, id,
        ThingChange(title: thing.title.text, description: thing.description.text, hidden: thing.hidden),
        to: &commit)
    case .thingChanged(let changeID, let id, let change):
      try thingChanges.append(id: changeID, id, change, to: &commit)
      try things.apply(change, to: id)
    case .settlementPlanned(let plan, let seal): try settlements.append(plan, seal, to: &commit)
    case .potsDrained(let plan, let positions): try file(plan, patrons: positions)
    case .ownersPaid(let plan, let positions): try file(plan, owners: positions)
    case .settlementFinished(let period):
      try settlements.end(period, in: &commit)
      settled.append(period)
    }
  }
}
