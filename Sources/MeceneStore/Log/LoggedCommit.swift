package import MeceneLedger
internal import MeceneProof

/// What an entry of a log does to books that follow it. A settlement's plan stands in no entry: whoever follows makes it from
/// the books.
package struct LoggedCommit {
  package let commit: CommitRecord
  /// All but those of settlements.
  package private(set) var effects: [Effect] = []
  package let clicks: [ClickEffect]
  /// The settlement that it planned, and the plan's digest.
  package let planned: (period: Period, digest: [UInt8])?
  /// The settlement that it ended.
  package let finished: Period?
  let salts: GivenSalts
  /// The ledger's own row, in the first.
  package let identity: BookFile.Identity?

  /// - Parameters:
  ///   - changes: The last numbers of changes before it; moved on.
  ///   - secret: The ledger's; nil before the first entry.
  /// - Throws: A `Finding` when the bytes are not those of a log's entry.
  package init(_ entry: LogEntry, after changes: inout ChangeNumbers, secret: [UInt8]?) throws(Finding) {
    let rows = try EntryRows(entry)
    commit = entry.commit
    clicks = rows.clicks
    identity = rows[.ledger].first.map(LedgerTable.identity)
    planned = rows[.settlement].first.map(SettlementTable.planned)
    finished = rows[.settlementEnd].first.map { Period(number: Int(clamping: $0.integer(0))) }
    salts = Self.salts(of: rows)
    effects = rows[.period].map(PeriodTable.effect)
    try addAccounts(rows, &changes)
    try addThings(rows, FingerprintKey(secret: secret ?? identity?.secret ?? []), &changes)
    for row in rows[.transfer] { effects.append(.transfer(try TransferTable.transfer(row, at: commit.time))) }
    for row in rows[.requestKey] { effects.append(try RequestKeyTable.effect(row)) }
  }

  private static func salts(of rows: EntryRows) -> GivenSalts {
    var given = GivenSalts()
    for table in JournalTable.all where table.hasCommitments {
      given.salts[table.number] = rows[table.number].map(\.salt)[...]
    }
    given.secrets = rows[.account].map(AccountTable.secret)[...]
    return given
  }

  /// An account that opens has its first change in the same commit.
  private mutating func addAccounts(_ rows: EntryRows, _ changes: inout ChangeNumbers) throws(Finding) {
    var opened = rows[.account][...]
    for row in rows[.accountChange] {
      changes.account += 1
      let (id, change) = AccountChangeTable.change(row)
      if let account = opened.first, AccountTable.id(account) == id {
        opened.removeFirst()
        effects.append(try AccountTable.effect(account, change))
      } else {
        effects.append(.accountChanged(id: changes.account, id, change))
      }
    }
    if let left = opened.first { throw Self.withoutChange("account", AccountTable.id(left).rawValue) }
  }

  private mutating func addThings(
    _ rows: EntryRows, _ key: FingerprintKey, _ changes: inout ChangeNumbers
  ) throws(Finding) {
    var added = rows[.thing][...]
    for row in rows[.thingChange] {
      changes.thing += 1
      let (id, change) = ThingChangeTable.change(row)
      if let thing = added.first, ThingTable.id(thing) == id {
        added.removeFirst()
        effects.append(try ThingTable.effect(thing, change, key))
      } else {
        effects.append(.thingChanged(id: changes.thing, id, change))
      }
    }
    if let left = added.first { throw Self.withoutChange("thing", ThingTable.id(left).rawValue) }
  }

  private static func withoutChange(_ table: String, _ id: Int64) -> Finding {
    Finding(table: "\(table)_change", key: "\(id)", expected: "a first change in its commit", found: "none")
  }
}

/// The last numbers of changes.
package struct ChangeNumbers: Sendable {
  var account: Int64 = 0
  var thing: Int64 = 0

  package init() {}
}
