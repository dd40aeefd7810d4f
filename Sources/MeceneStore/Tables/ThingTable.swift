internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof

/// Things as they were added, and derived, what is in force of them.
struct ThingTable {
  static let table = JournalTable(
    number: .thing, name: "thing", order: .numbered,
    columns: [.integer("id").primaryKey, .integer("owner_id"), .text("url").committed],
    derived: [
      .blob("fingerprint").orNothing.unique, .text("owner_name"), .text("title"), .text("description"),
      .integer("hidden"), .integer("retired"),
    ], indexes: [("thing_by_owner", ["owner_id", "id"])])

  private let insert: JournalInsert
  private let update, select: Statement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(
      connection, Self.table,
      others: [
        "commit_sequence": "?", "fingerprint": "?", "title": "?", "description": "?", "hidden": "?",
        "retired": "0", "owner_name": "coalesce((SELECT name FROM account WHERE id = ?2), '')",
      ])
    update = try connection.prepare(
      """
      UPDATE thing SET title = coalesce(?1, title), description = coalesce(?2, description),
        hidden = coalesce(?3, hidden), retired = coalesce(?4, retired)
      WHERE id = ?5
      """)
    select = try connection.prepare(
      """
      SELECT t.id, t.owner_id, t.owner_name, t.url, t.title, t.description, t.hidden, t.retired, c.time_ms
      FROM thing t
      LEFT JOIN commit_log c ON c.sequence = t.commit_sequence
      WHERE t.id = ?
      """)
  }

  func append(
    _ id: ThingID, owner: AccountID, _ thing: NewThing, to commit: inout OpenCommit
  ) throws(StoreError) {
    try insert.append(
      [.integer(id.rawValue), .integer(owner.rawValue), .text(thing.url.text)], .integer(commit.sequence),
      .blob(thing.fingerprint.bytes), .text(thing.title.text), .text(thing.description.text),
      .init(thing.hidden), to: &commit)
  }

  /// What a row of a log does, with the first change that stands beside it.
  static func effect(
    _ row: JournalRow, _ change: ThingChange, _ key: FingerprintKey
  ) throws(Finding) -> Effect {
    do throws(Refusal) {
      let (url, owner) = (try CanonicalURL(row.text(2)), AccountID(row.integer(1)))
      return .thingAdded(
        id(row), owner: owner,
        NewThing(
          owner: .id(owner), url: url, fingerprint: key.fingerprint(of: url.identity),
          title: try PlainText(change.title ?? "", field: "title", charactersMax: PlainText.titleMax),
          description: try PlainText(
            change.description ?? "", field: "description", charactersMax: PlainText.descriptionMax,
            keepsLines: true), hidden: change.hidden ?? false))
    } catch {
      throw Finding(
        table: table.name, key: "\(id(row))", expected: "a thing that can be", found: error.sentence)
    }
  }

  static func id(_ row: JournalRow) -> ThingID { ThingID(row.integer(0)) }

  func apply(_ change: ThingChange, to id: ThingID) throws(StoreError) {
    try update.run(
      .init(change.title), .init(change.description), .init(change.hidden), .init(change.retired),
      .integer(id.rawValue))
  }

  /// A thing with what was appended so far.
  func record(_ id: ThingID, in commit: OpenCommit) throws(StoreError) -> ThingRecord? {
    var record: ThingRecord?
    try select.forEachRow(.integer(id.rawValue)) { row in
      record = ThingRecord(
        id: id, owner: AccountID(row.integer(1)), ownerName: row.text(2), url: row.text(3),
        title: row.text(4), description: row.text(5), isHidden: row.integer(6) != 0,
        isRetired: row.integer(7) != 0, addedAt: commit.time(row, 8))
    }
    return record
  }

  static func readAhead(_ location: DatabaseLocation, on runtime: any Runtime) -> ReadAhead<
    ThingRow
  > {
    ReadAhead(location, on: runtime, "SELECT id, fingerprint, owner_id, retired FROM thing ORDER BY id") {
      row in
      ThingRow(
        id: ThingID(row.integer(0)), fingerprint: Fingerprint(bytes: row.blob(1)),
        owner: AccountID(row.integer(2)), isRetired: row.integer(3) != 0)
    }
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
