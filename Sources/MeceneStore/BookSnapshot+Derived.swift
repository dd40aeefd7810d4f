internal import GRDB
package import MeceneLedger

// Holds the derived columns against what they follow from.
extension BookSnapshot {
  /// Compares every derived column with the journal that `audit` has read to its end, and with the rows of changes.
  ///
  /// - Throws: `Finding` for the first row that differs.
  package func checkDerivedColumns(against audit: BookAudit) throws {
    try checkPosition()
    try checkPeriods()
    let tail = try tailChanges()
    try checkBalances(audit, tail)
    try checkThings()
    try checkPots(audit, tail)
    try checkFiledPeriods()
    try checkChanges()
    try checkKeys(tail)
    try checkAccountTransfers(tail)
    let sums = try first("SELECT money_micros, fees_micros FROM ledger") { ($0.integer(0), $0.integer(1)) }
    let money = Micros.zero - audit.balance(.world)
    try expect("ledger", "money_micros", money.rawValue, sums?.0 ?? -1)
    try expect("ledger", "fees_micros", audit.balance(.fees).rawValue, sums?.1 ?? -1)
  }

  /// One position, and in the middle of a pass that of an account which has something to project.
  private func checkPosition() throws {
    let ids = try all("SELECT id FROM projection") { $0.integer(0) }
    try expect("projection", "id", "one row, 1", ids == [1] ? "one row, 1" : "\(ids)")
    let position = projection.position
    guard !position.isBetweenPasses else { return }
    let hasTransfer = try hasRow(
      "SELECT 1 FROM transfer WHERE id > ? AND id <= ? AND account_id = ? LIMIT 1",
      [position.through.rawValue, position.next.rawValue, position.account.rawValue])
    if !hasTransfer {
      throw Finding(
        table: "projection", key: "1 through_account", expected: "an account with a transfer of the pass",
        found: "\(position.account)")
    }
  }

  /// What the projection lacks: it has to be what the whole journal gives, less this.
  private struct TailChanges {
    var count: Int64 = 0
    /// Deposits and withdrawals among them.
    var keys: Int64 = 0
    var available: [Int64: Int64] = [:]
    var pots: [Int64: Int64] = [:]
    var byPeriod = PotChanges()
  }

  private func tailChanges() throws -> TailChanges {
    var changes = TailChanges()
    try forEachTailTransfer { transfer in
      guard let account = transfer.account?.rawValue, let (from, to) = transfer.route else { return }
      changes.count += 1
      if transfer.kind.line.carries.contains(.key) { changes.keys += 1 }
      for (side, amount) in [(from, 0 - transfer.amount.rawValue), (to, transfer.amount.rawValue)] {
        switch side {
        case .available: changes.available[account, default: 0] += amount
        case .pot, .world, .clearing, .fees: break
        }
      }
      changes.byPeriod.add(transfer)
    }
    changes.byPeriod.combine()
    for pot in changes.byPeriod.changes { changes.pots[pot.account, default: 0] += pot.held }
    return changes
  }

  private func checkBalances(_ audit: BookAudit, _ tail: TailChanges) throws {
    var next: Int64 = 1
    try forEachRow("SELECT id, available_micros, pots_micros FROM account ORDER BY id") { row in
      let id = row.integer(0)
      try expect("account", "id", next, id)
      next += 1
      let available = audit.balance(.available(AccountID(id))).rawValue - (tail.available[id] ?? 0)
      let pots = audit.pots(AccountID(id)).rawValue - (tail.pots[id] ?? 0)
      try expect("account", "\(id) available_micros", available, row.integer(1))
      try expect("account", "\(id) pots_micros", pots, row.integer(2))
    }
  }

  /// `ProjectionPosition.through` of the account of a row `x`.
  private static let projected = "CASE WHEN x.account_id <= ? THEN ? ELSE ? END"

  private var projectedArguments: StatementArguments {
    [
      projection.position.account.rawValue, projection.position.next.rawValue,
      projection.position.through.rawValue,
    ]
  }

  /// Each account's transfers, as far as they are projected, and no others.
  private func checkAccountTransfers(_ tail: TailChanges) throws {
    let wrong = try first(
      """
      SELECT x.account_id, x.transfer_id FROM account_transfer x LEFT JOIN transfer t ON t.id = x.transfer_id
      WHERE t.account_id IS NOT x.account_id
        OR x.transfer_id > \(Self.projected) LIMIT 1
      """, projectedArguments
    ) { "\($0.integer(0)) \($0.integer(1))" }
    if let wrong {
      throw Finding(
        table: "account_transfer", key: wrong, expected: "a transfer of the account that is projected",
        found: "another")
    }
    let expected = try integer("SELECT count(*) FROM transfer WHERE id > 0 AND account_id IS NOT NULL")
    try expect(
      "account_transfer", "count", expected - tail.count, integer("SELECT count(*) FROM account_transfer"))
  }

  /// Months without a gap, each with terms that can be.
  private func checkPeriods() throws {
    var next: Int64?
    try forEachRow("SELECT number, name, fee_bps, minimum_micros FROM period ORDER BY number") { row in
      let number = row.integer(0)
      let (fee, minimum) = (row.integer(2), row.integer(3))
      let isMonth = (0...Int64(Period.last.number)).contains(number) && number == next ?? number
      guard isMonth, (0...10_000).contains(fee), minimum > 0 else {
        throw Finding(
          table: "period", key: "\(number)",
          expected: "the month after the one before, a fee of 0 to 10000, a minimum above 0",
          found: "a fee of \(fee) and a minimum of \(minimum)")
      }
      try expect("period", "\(number) name", Period(number: Int(number)).description, row.text(1))
      next = number + 1
    }
  }

  /// Numbers without a gap, each with an owner.
  private func checkThings() throws {
    var next: Int64 = 1
    try forEachRow(
      """
      SELECT t.id, t.owner_id, a.name, t.owner_name FROM thing t LEFT JOIN account a ON a.id = t.owner_id
      ORDER BY t.id
      """
    ) { row in
      try expect("thing", "id", next, row.integer(0))
      guard !row.isNull(2) else {
        throw Finding(
          table: "thing", key: "\(next) owner_id", expected: "an account", found: "\(row.integer(1))")
      }
      try expect("thing", "\(next) owner_name", row.text(2), row.text(3))
      next += 1
    }
  }

  private func checkPots(_ audit: BookAudit, _ tail: TailChanges) throws {
    // Those that hold money, in the order of the rows; without those that opened since, and have none yet.
    var due = potsWithRows(audit, tail)[...]
    var behind = tail.byPeriod.changes[...]
    try forEachRow(
      """
      SELECT p.period, p.account_id, p.held_micros, p.set_aside_micros, a.id, s.period
      FROM pot p LEFT JOIN account a ON a.id = p.account_id LEFT JOIN settlement s ON s.period = p.period
      ORDER BY p.period, p.account_id
      """
    ) { row in
      let (number, account) = (row.integer(0), row.integer(1))
      if let next = due.first, next <= (number, account) {
        guard next == (number, account) else { throw Self.missingPot(next) }
        due.removeFirst()
      }
      guard !row.isNull(4) else {
        throw Finding(table: "pot", key: "\(number) \(account)", expected: "an account", found: "none")
      }
      // A pot that opened since has no row yet.
      behind = behind.drop { ($0.period, $0.account) < (number, account) }
      let period = Period(number: Int(number))
      let key = "\(period) \(account)"
      let whole = audit.balance(.pot(AccountID(account), period)).rawValue
      var (holds, setAside) = (whole, whole)
      if let change = behind.first, (change.period, change.account) == (number, account) {
        holds -= change.held
        setAside -= change.setAside
      }
      try expect("pot", "\(key) held_micros", holds, row.integer(2))
      if row.isNull(5) { try expect("pot", "\(key) set_aside_micros", setAside, row.integer(3)) }
    }
    if let next = due.first { throw Self.missingPot(next) }
    try checkOpenPots(audit)
  }

  private func potsWithRows(_ audit: BookAudit, _ tail: TailChanges) -> [(Int64, Int64)] {
    var behind = tail.byPeriod.changes[...]
    return audit.heldPots.map { (Int64($0.period.number), $0.account.rawValue, $0.held.rawValue) }
      .sorted { $0 < $1 }.compactMap { number, account, held in
        behind = behind.drop { ($0.period, $0.account) < (number, account) }
        if let change = behind.first, (change.period, change.account, change.held) == (number, account, held)
        {
          return nil
        }
        return (number, account)
      }
  }

  private static func missingPot(_ place: (Int64, Int64)) -> Finding {
    Finding(
      table: "pot", key: "\(Period(number: Int(place.0))) \(place.1)",
      expected: "a row, because it holds money",
      found: "none")
  }

  /// An open pot is at least the minimum, and not below its account's budget unless nothing is available.
  private func checkOpenPots(_ audit: BookAudit) throws {
    let open = try openPeriod()
    try forEachRow("SELECT id, budget_micros FROM account ORDER BY id") { row in
      let id = AccountID(row.integer(0))
      let budget = Micros(row.integer(1))
      let held = audit.balance(.pot(id, open.period))
      guard held != .zero else { return }
      let key = "\(open.period) \(id)"
      if held < open.terms.minimum {
        throw Finding(
          table: "pot", key: key, expected: "at least the minimum of \(open.terms.minimum)", found: "\(held)")
      }
      if held < budget, audit.balance(.available(id)) > .zero {
        throw Finding(
          table: "pot", key: key, expected: "the budget of \(budget), as there is money available",
          found: "\(held)")
      }
    }
  }

  /// Clicks and revenue are filed of months whose settlement has begun, and of no others.
  private func checkFiledPeriods() throws {
    let periods = try periods().map(\.period)
    for table in ["click", "revenue", "settlement_block"] {
      for period in periods where try settlement(period) == nil {
        let isThere = try hasRow("SELECT 1 FROM \(table) WHERE period = ? LIMIT 1", [period.number])
        try expect(
          table, "\(period)", "no rows before its settlement",
          isThere ? "some" : "no rows before its settlement")
      }
      let stray = try first(
        "SELECT period FROM \(table) WHERE period < ? OR period > ? LIMIT 1",
        [periods.first?.number ?? 0, periods.last?.number ?? 0]
      ) { $0.integer(0) }
      if let stray {
        throw Finding(
          table: table, key: "\(stray)",
          expected: "a month that the ledger has lived through",
          found: "another")
      }
    }
  }

  /// Every text, budget and mark in force is the newest of its changes.
  private func checkChanges() throws {
    for (table, changes, owner, columns) in [
      ("account", "account_change", "account_id", ["display_name", "budget_micros", "closed"]),
      ("thing", "thing_change", "thing_id", ["title", "description", "hidden", "retired"]),
    ] {
      for column in columns {
        let wrong = try first(
          """
          WITH newest AS (
            SELECT \(owner) AS id, \(column) AS value, max(id) FROM \(changes)
            WHERE \(column) IS NOT NULL GROUP BY \(owner))
          SELECT t.id, quote(n.value), quote(t.\(column)) FROM \(table) t LEFT JOIN newest n ON n.id = t.id
          WHERE t.\(column) IS NOT coalesce(n.value, 0) ORDER BY t.id LIMIT 1
          """
        ) {
          Finding(
            table: table, key: "\($0.integer(0)) \(column)", expected: $0.text(1), found: $0.text(2))
        }
        if let wrong { throw wrong }
      }
    }
  }

  /// Every deposit and withdrawal has one key, and every key is one of theirs.
  private func checkKeys(_ tail: TailChanges) throws {
    let wrong = try first(
      """
      SELECT t.id FROM transfer t LEFT JOIN request_key k ON k.transfer_id = t.id
        AND k.account_id = coalesce(t.account_id, 0)
      WHERE t.kind IN (\(Transfer.Kind.keyed)) AND k.key IS NULL ORDER BY t.id LIMIT 1
      """
    ) { $0.integer(0) }
    if let wrong {
      throw Finding(table: "request_key", key: "\(wrong)", expected: "one key", found: "not one")
    }
    let stray = try first(
      """
      SELECT k.transfer_id FROM request_key k LEFT JOIN transfer t ON t.id = k.transfer_id
      WHERE t.kind IS NULL OR t.kind NOT IN (\(Transfer.Kind.keyed)) LIMIT 1
      """
    ) { $0.integer(0) }
    if let stray {
      throw Finding(
        table: "request_key", key: "\(stray)", expected: "a deposit or a withdrawal", found: "none")
    }
    let keyed = try integer(
      "SELECT count(*) FROM transfer WHERE id > 0 AND kind IN (\(Transfer.Kind.keyed))")
    try expect("request_key", "count", keyed, integer("SELECT count(*) FROM request_key"))
    try checkKeyTransfers()
    try expect("key_transfer", "count", keyed - tail.keys, integer("SELECT count(*) FROM key_transfer"))
  }

  /// No key stands for two transfers.
  private func checkKeyTransfers() throws {
    let key: (Columns) -> String = { "\($0.integer(0)) \($0.text(1))" }
    let wrong =
      try first(
        """
        SELECT x.account_id, x.key FROM key_transfer x LEFT JOIN request_key k ON k.transfer_id = x.transfer_id
        WHERE k.account_id IS NOT x.account_id OR k.key IS NOT x.key
          OR x.account_id > 0 AND x.transfer_id > \(Self.projected) LIMIT 1
        """, projectedArguments, key)
      ?? first(
        """
        SELECT k.account_id, k.key FROM request_key k
        LEFT JOIN key_transfer x ON x.account_id = k.account_id AND x.key = k.key
        WHERE k.transfer_id > ?
        GROUP BY k.account_id, k.key HAVING count(*) > 1 OR max(x.transfer_id) <> max(k.transfer_id) LIMIT 1
        """, [projection.position.through.rawValue], key)
    if let wrong {
      throw Finding(
        table: "key_transfer", key: wrong, expected: "the one transfer of the key", found: "another")
    }
  }

  private func expect(_ table: String, _ key: String, _ expected: Int64, _ found: Int64) throws {
    try expect(table, key, "\(expected)", "\(found)")
  }

  private func expect(_ table: String, _ key: String, _ expected: String, _ found: String) throws {
    if expected != found { throw Finding(table: table, key: key, expected: expected, found: found) }
  }
}
