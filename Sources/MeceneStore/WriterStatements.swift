/// The writer's prepared statements, compiled once.
struct WriterStatements {
  let begin, commit, commitLog, totals, ledger: Statement
  let period, key, projectKey, keyed, keyedRecently: Statement
  let movement, balance, potChange, projection: Statement
  let accountOpen, accountUpdate, accountChange, account: Statement
  let thingAdd, thingUpdate, thingChange, thing: Statement
  let settlement, block, settlementEnd, drainedThrough, paidThrough: Statement
  let transfer, accountTransfer, clickFile, revenueFile: RowsStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    begin = try connection.prepare("BEGIN IMMEDIATE")
    commit = try connection.prepare("COMMIT")
    commitLog = try connection.prepare(
      """
      INSERT INTO commit_log (sequence, time_ms, click_rows, clicks_hash, rows_hash, link) VALUES (?, ?, ?, ?, ?, ?)
      """)
    totals = try connection.prepare(
      """
      UPDATE ledger SET money_micros = ?1, fees_micros = ?2
      WHERE id = 1 AND (money_micros <> ?1 OR fees_micros <> ?2)
      """)
    ledger = try connection.prepare("UPDATE ledger SET commit_sequence = ? WHERE id = 1")
    period = try connection.prepare(
      """
      INSERT INTO period (number, name, commit_sequence, fee_bps, minimum_micros, receive_requires_giving)
      VALUES (?, ?, ?, ?, ?, ?)
      """)
    transfer = try RowsStatement(
      connection,
      """
      INSERT INTO transfer (id, commit_sequence, kind, account_id, amount_micros, period, for_period,
        cause_transfer_id, cause_change_id, available_after_micros, pots_after_micros) VALUES
      """, columns: 11)
    balance = try connection.prepare(
      "UPDATE account SET available_micros = ?, pots_micros = ? WHERE id = ?")
    potChange = try connection.prepare(
      """
      INSERT INTO pot (period, account_id, set_aside_micros, held_micros) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (period, account_id) DO UPDATE SET
        set_aside_micros = set_aside_micros + ?3, held_micros = held_micros + ?4
      """)
    movement = try connection.prepare(
      """
      SELECT kind, amount_micros, for_period, available_after_micros, pots_after_micros FROM transfer WHERE id = ?
      """)
    // A row that is there already is damage that `verify` names.
    accountTransfer = try RowsStatement(
      connection, "INSERT OR IGNORE INTO account_transfer (account_id, transfer_id) VALUES", columns: 2)
    projection = try connection.prepare(
      "UPDATE projection SET through_transfer = ?, next_transfer = ?, through_account = ? WHERE id = 1")
    key = try connection.prepare("INSERT INTO request_key (transfer_id, account_id, key) VALUES (?, ?, ?)")
    // Two of one key are damage that `verify` names.
    projectKey = try connection.prepare(
      """
      INSERT OR IGNORE INTO key_transfer (account_id, key, transfer_id)
      SELECT account_id, key, transfer_id FROM request_key WHERE transfer_id = ?
      """)
    let transferColumns = """
      t.id, t.kind, t.account_id, t.amount_micros, t.period, t.available_after_micros, t.pots_after_micros, c.time_ms
      """
    keyed = try connection.prepare(
      """
      SELECT \(transferColumns)
      FROM key_transfer k JOIN transfer t ON t.id = k.transfer_id
      LEFT JOIN commit_log c ON c.sequence = t.commit_sequence
      WHERE k.account_id = ? AND k.key = ?
      """)
    keyedRecently = try connection.prepare(
      """
      SELECT \(transferColumns)
      FROM request_key k JOIN transfer t ON t.id = k.transfer_id
      LEFT JOIN commit_log c ON c.sequence = t.commit_sequence
      WHERE k.transfer_id = ?3 AND k.account_id = ?1 AND k.key = ?2
      """)
    accountOpen = try connection.prepare(
      """
      INSERT INTO account (id, commit_sequence, name, display_name, budget_micros, available_micros, pots_micros,
        closed)
      VALUES (?, ?, ?, ?, ?, 0, 0, 0)
      """)
    accountUpdate = try connection.prepare(
      """
      UPDATE account SET display_name = coalesce(?1, display_name), budget_micros = coalesce(?2, budget_micros),
        closed = coalesce(?3, closed)
      WHERE id = ?4
      """)
    accountChange = try connection.prepare(
      """
      INSERT INTO account_change (id, commit_sequence, account_id, display_name, budget_micros, closed)
      VALUES (?, ?, ?, ?, ?, ?)
      """)
    account = try connection.prepare(
      """
      SELECT a.name, a.display_name, a.closed, c.time_ms
      FROM account a LEFT JOIN commit_log c ON c.sequence = a.commit_sequence
      WHERE a.id = ?
      """)
    thingAdd = try connection.prepare(
      """
      INSERT INTO thing (id, commit_sequence, owner_id, url, fingerprint, title, description, hidden, retired,
        owner_name)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, coalesce((SELECT name FROM account WHERE id = ?3), ''))
      """)
    thingUpdate = try connection.prepare(
      """
      UPDATE thing SET title = coalesce(?1, title), description = coalesce(?2, description),
        hidden = coalesce(?3, hidden), retired = coalesce(?4, retired)
      WHERE id = ?5
      """)
    thingChange = try connection.prepare(
      """
      INSERT INTO thing_change (id, commit_sequence, thing_id, title, description, hidden, retired)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """)
    thing = try connection.prepare(
      """
      SELECT t.id, t.owner_id, t.owner_name, t.url, t.title, t.description, t.hidden, t.retired, c.time_ms
      FROM thing t
      LEFT JOIN commit_log c ON c.sequence = t.commit_sequence
      WHERE t.id = ?
      """)
    settlement = try connection.prepare(
      """
      INSERT INTO settlement (period, commit_sequence, digest, pots, clicks, owners, pots_micros, fees_micros,
        revenue_micros, returned_micros, drained_through, paid_through)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
      """)
    // Derived, so a resumed settlement writes what it computes.
    block = try connection.prepare(
      "INSERT OR REPLACE INTO settlement_block (period, tree, first_account_id, hash) VALUES (?, ?, ?, ?)")
    settlementEnd = try connection.prepare("UPDATE settlement SET settled_sequence = ? WHERE period = ?")
    drainedThrough = try connection.prepare("UPDATE settlement SET drained_through = ? WHERE period = ?")
    paidThrough = try connection.prepare("UPDATE settlement SET paid_through = ? WHERE period = ?")
    // A step that is repeated after a crash files the same rows again.
    clickFile = try RowsStatement(
      connection, "INSERT OR IGNORE INTO click (period, patron_id, thing_id, share_micros) VALUES", columns: 4
    )
    revenueFile = try RowsStatement(
      connection, "INSERT OR IGNORE INTO revenue (period, owner_id, thing_id, clicks, micros) VALUES",
      columns: 5)
  }
}
