internal import MeceneLedger

/// What changed of things; NULL = unchanged.
struct ThingChangeTable {
  static let table = JournalTable(
    number: .thingChange, name: "thing_change", order: .numbered,
    columns: [
      .integer("thing_id"), .text("title").orNothing.committed, .text("description").orNothing.committed,
      .integer("hidden").orNothing, .integer("retired").orNothing,
    ], own: [.integer("id").primaryKey])

  private let insert: JournalInsert

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try JournalInsert(connection, Self.table, others: ["id": "?", "commit_sequence": "?"])
  }

  /// - Parameter id: nil = the next.
  func append(
    id: Int64?, _ thing: ThingID, _ change: ThingChange, to commit: inout OpenCommit
  ) throws(StoreError) {
    try insert.append(
      [
        .integer(thing.rawValue), .init(change.title), .init(change.description), .init(change.hidden),
        .init(change.retired),
      ], .init(id), .integer(commit.sequence), to: &commit)
  }

  /// A row of a log.
  static func change(_ row: JournalRow) -> (ThingID, ThingChange) {
    (
      ThingID(row.integer(0)),
      ThingChange(
        title: row.optionalText(1), description: row.optionalText(2), hidden: row.flag(3),
        retired: row.flag(4))
    )
  }
}
