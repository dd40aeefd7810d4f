internal import GRDB
internal import MeceneLedger

/// The tables, and how they came to be. `docs/data-model.md` tells what each is for, and the files of
/// `Tables` who writes and reads those of the journal.
///
/// What happened is in append-only rows, each with the `commit_sequence` of the commit that wrote it. Columns under
/// "derived" follow from those rows and can be recomputed.
enum Schema {
  /// "MCN1", in the file's header, so that `file` and other programs can tell the file.
  static let applicationID: Int32 = 0x4d43_4e31

  static func migrator() -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: version1)
    }
    migrator.registerMigration("2") { db in try db.execute(sql: version2) }
    migrator.registerMigration("3") { db in try db.execute(sql: version3) }
    migrator.registerMigration("4") { db in try db.execute(sql: version4) }
    return migrator
  }

  /// The ledger's own row becomes a row of the chain: of the first commit, or of the first after this migration.
  private static let version4 = "ALTER TABLE ledger ADD COLUMN commit_sequence INTEGER NOT NULL DEFAULT 0;"

  /// What follows from the journal and lies anywhere in the file is written in passes over all accounts: see
  /// `BookWriter.project`.
  private static let version3 = """
    -- derived: the transfers of each account
    CREATE TABLE account_transfer (
      account_id INTEGER NOT NULL,
      transfer_id INTEGER NOT NULL,
      PRIMARY KEY (account_id, transfer_id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO account_transfer
      SELECT account_id, id FROM transfer WHERE account_id IS NOT NULL ORDER BY account_id, id;
    DROP INDEX transfer_by_account;

    -- derived: names never change, and every reader of a thing wants its owner's
    ALTER TABLE thing ADD COLUMN owner_name TEXT NOT NULL DEFAULT '';
    UPDATE thing SET owner_name = coalesce((SELECT name FROM account WHERE id = owner_id), '');

    -- derived: the transfer of each key
    DROP INDEX request_key_by_transfer;
    ALTER TABLE request_key RENAME TO key_transfer;
    CREATE TABLE request_key (
      transfer_id INTEGER PRIMARY KEY,
      account_id INTEGER NOT NULL,
      key TEXT NOT NULL
    ) STRICT;
    INSERT INTO request_key SELECT transfer_id, account_id, key FROM key_transfer ORDER BY transfer_id;

    -- derived: the last transfers that account, pot, account_transfer and key_transfer have
    -- followed
    CREATE TABLE projection (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      through_transfer INTEGER NOT NULL,
      next_transfer INTEGER NOT NULL,
      through_account INTEGER NOT NULL
    ) STRICT;
    INSERT INTO projection SELECT 1, coalesce(max(id), 0), coalesce(max(id), 0), 0 FROM transfer;
    """

  /// Keys found by their transfer and clicks hashed apart, for `verify`; the settlement trees' lower nodes, for receipts.
  private static let version2 = """
    CREATE INDEX request_key_by_transfer ON request_key (transfer_id);

    ALTER TABLE commit_log ADD COLUMN clicks_hash BLOB;

    -- derived: roots of the trees' complete blocks of leaves
    CREATE TABLE settlement_block (
      period INTEGER NOT NULL,
      tree INTEGER NOT NULL,
      first_account_id INTEGER NOT NULL,
      hash BLOB NOT NULL,
      PRIMARY KEY (period, tree, first_account_id)
    ) STRICT, WITHOUT ROWID;
    """

  /// Holds every table, index, trigger and view against what this version makes, the click logs of the months that the
  /// ledger has lived through among them, and refuses all others.
  ///
  /// - Throws: A `Finding` with the name of the first that differs.
  static func check(_ db: Database) throws {
    let fresh = try DatabaseQueue()
    try migrator().migrate(fresh)
    let found = try objects(db)
    var expected = try fresh.read(objects)
    for (period, mayBeGone) in try periodsWithLogs(db) {
      let name = ClickLogTable.name(period)
      let key = ObjectKey(type: "table", name: name)
      if mayBeGone, found[key] == nil { continue }
      expected[key] = Object(table: name, sql: ClickLogTable.create(period))
    }
    for (key, object) in expected.sorted(by: { $0.key.name < $1.key.name }) where found[key] != object {
      throw Finding(
        table: "sqlite_schema", key: key.name, expected: "the \(key.type) that this version makes",
        found: found[key] == nil ? "none" : "another definition")
    }
    for key in found.keys.sorted(by: { $0.name < $1.name }) where expected[key] == nil {
      throw Finding(
        table: "sqlite_schema", key: key.name, expected: "nothing that this version does not make",
        found: "a \(key.type)")
    }
    let version = try db.integer("PRAGMA user_version")
    guard version == 0 else {
      throw Finding(table: "sqlite_schema", key: "user_version", expected: "0", found: "\(version)")
    }
  }

  private struct ObjectKey: Hashable {
    let type: String
    let name: String
  }

  private struct Object: Hashable {
    let table: String
    /// Empty for the indexes that SQLite makes by itself.
    let sql: String
  }

  private static func objects(_ db: Database) throws -> [ObjectKey: Object] {
    let rows = try db.all("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master") {
      (ObjectKey(type: $0.text(0), name: $0.text(1)), Object(table: $0.text(2), sql: $0.text(3)))
    }
    return Dictionary(
      rows,
      uniquingKeysWith: { first, _ in Object(table: first.table, sql: "two of one name") })
  }

  /// The months that have a click log: those that are not settled, and perhaps the last that were.
  private static func periodsWithLogs(_ db: Database) throws -> [(Period, mayBeGone: Bool)] {
    try db.all(
      """
      SELECT p.number, s.settled_sequence FROM period p LEFT JOIN settlement s ON s.period = p.number
      WHERE p.number BETWEEN 0 AND ?
      """, [Period.last.number]
    ) { (Period(number: Int($0.integer(0))), !$0.isNull(1)) }
  }

  private static let version1 = """
    CREATE TABLE ledger (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      currency TEXT NOT NULL,
      secret BLOB NOT NULL,
      created_at_ms INTEGER NOT NULL,
      simulated_clock INTEGER NOT NULL,
      -- derived
      money_micros INTEGER NOT NULL,
      fees_micros INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE commit_log (
      sequence INTEGER PRIMARY KEY,
      time_ms INTEGER NOT NULL,
      click_rows INTEGER NOT NULL,
      rows_hash BLOB NOT NULL,
      link BLOB NOT NULL
    ) STRICT;

    CREATE TABLE period (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      commit_sequence INTEGER NOT NULL,
      fee_bps INTEGER NOT NULL,
      minimum_micros INTEGER NOT NULL,
      receive_requires_giving INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE account (
      id INTEGER PRIMARY KEY,
      commit_sequence INTEGER NOT NULL,
      name TEXT NOT NULL UNIQUE,
      -- derived
      display_name TEXT NOT NULL,
      budget_micros INTEGER NOT NULL,
      available_micros INTEGER NOT NULL,
      pots_micros INTEGER NOT NULL,
      closed INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE account_change (
      id INTEGER PRIMARY KEY,
      commit_sequence INTEGER NOT NULL,
      account_id INTEGER NOT NULL,
      display_name TEXT,
      budget_micros INTEGER,
      closed INTEGER
    ) STRICT;

    CREATE TABLE thing (
      id INTEGER PRIMARY KEY,
      commit_sequence INTEGER NOT NULL,
      owner_id INTEGER NOT NULL,
      url TEXT NOT NULL,
      fingerprint BLOB NOT NULL UNIQUE,
      -- derived
      title TEXT NOT NULL,
      description TEXT NOT NULL,
      hidden INTEGER NOT NULL,
      retired INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX thing_by_owner ON thing (owner_id, id);

    CREATE TABLE thing_change (
      id INTEGER PRIMARY KEY,
      commit_sequence INTEGER NOT NULL,
      thing_id INTEGER NOT NULL,
      title TEXT,
      description TEXT,
      hidden INTEGER,
      retired INTEGER
    ) STRICT;

    CREATE TABLE transfer (
      id INTEGER PRIMARY KEY,
      commit_sequence INTEGER NOT NULL,
      kind INTEGER NOT NULL,
      account_id INTEGER,
      amount_micros INTEGER NOT NULL,
      period INTEGER NOT NULL,
      for_period INTEGER,
      cause_transfer_id INTEGER,
      cause_change_id INTEGER,
      available_after_micros INTEGER NOT NULL,
      pots_after_micros INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX transfer_by_account ON transfer (account_id, id);

    CREATE TABLE request_key (
      account_id INTEGER NOT NULL,
      key TEXT NOT NULL,
      transfer_id INTEGER NOT NULL,
      PRIMARY KEY (account_id, key)
    ) STRICT, WITHOUT ROWID;

    -- derived, but for the clicks of settled periods
    CREATE TABLE pot (
      period INTEGER NOT NULL,
      account_id INTEGER NOT NULL,
      set_aside_micros INTEGER NOT NULL,
      held_micros INTEGER NOT NULL,
      PRIMARY KEY (period, account_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE settlement (
      period INTEGER PRIMARY KEY,
      commit_sequence INTEGER NOT NULL,
      digest BLOB NOT NULL,
      pots INTEGER NOT NULL,
      clicks INTEGER NOT NULL,
      owners INTEGER NOT NULL,
      pots_micros INTEGER NOT NULL,
      fees_micros INTEGER NOT NULL,
      revenue_micros INTEGER NOT NULL,
      returned_micros INTEGER NOT NULL,
      settled_sequence INTEGER,
      -- derived
      drained_through INTEGER NOT NULL,
      paid_through INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE click (
      period INTEGER NOT NULL,
      patron_id INTEGER NOT NULL,
      thing_id INTEGER NOT NULL,
      share_micros INTEGER NOT NULL,
      PRIMARY KEY (period, patron_id, thing_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE revenue (
      period INTEGER NOT NULL,
      owner_id INTEGER NOT NULL,
      thing_id INTEGER NOT NULL,
      clicks INTEGER NOT NULL,
      micros INTEGER NOT NULL,
      PRIMARY KEY (period, owner_id, thing_id)
    ) STRICT, WITHOUT ROWID;
    """
}
