internal import Foundation
internal import GRDB
package import MeceneLedger
package import MeceneProof

// Long reads. Each is cut into pieces of one short snapshot: a snapshot held for seconds would keep the write-ahead
// log from being reused. What is read in pieces is append-only, up to a bound that the first piece fixes.
extension BookFile {
  /// Rows that one piece reads at the most.
  private static let pieceRows = 100_000

  /// Everything that a period's settlement follows from.
  package struct PeriodData {
    package let terms: Terms
    package let pots: [(patron: AccountID, pot: Micros)]
    package let clicks: [(patron: AccountID, thing: ThingID)]
  }

  /// Reads an unsettled period's pots and standing clicks, as of one commit.
  ///
  /// - Parameters:
  ///   - provesClicks: Whether the clicks are held against the hashes of their commits.
  ///   - progress: Called with rows read and rows in all.
  /// - Throws: A `Refusal` when the ledger has not lived through the period, a `Finding` for a row that can't be, or that is
  ///   not what was committed, `CancellationError`.
  package func periodData(
    _ period: Period, provesClicks: Bool = false, progress: (Int, Int) -> Void
  ) throws -> PeriodData {
    let table = ClickLogTable.name(period)
    let (terms, pots, rows, commits) = try read { snapshot in
      let terms = try snapshot.terms(of: period)
      guard try snapshot.hasTable(table) else {
        throw Finding(table: table, key: "table", expected: "the clicks of \(period)", found: "no table")
      }
      // One by one: together they would look at each row, which took 0.7 s for ten million.
      let count = Int(try snapshot.integer("SELECT count(*) FROM \(table)"))
      let newest = Int(try snapshot.integer("SELECT max(sequence) FROM \(table)"))
      guard count == newest else {
        throw Finding(
          table: table, key: "sequence", expected: "1, 2, 3 and so on, without a gap",
          found: "\(count) rows up to \(newest)")
      }
      return (terms, try snapshot.pots(of: period), count, try snapshot.commits(of: period))
    }
    let keys: [UInt64]
    do {
      // Half the time that rows of GRDB take.
      let connection = try SQLiteConnection(location, isReadOnly: true)
      var proof =
        provesClicks ? try ClickProof(connection, table: table, commits, rows: rows) : nil
      keys = try clickKeys(connection, table, rows, &proof, progress)
    } catch let error as StoreError {
      throw noted(error)
    }
    return PeriodData(terms: terms, pots: pots, clicks: Self.standing(keys))
  }

  /// Each row's patron and thing in one word.
  private func clickKeys(
    _ connection: SQLiteConnection, _ table: String, _ rows: Int, _ proof: inout ClickProof?,
    _ progress: (Int, Int) -> Void
  ) throws -> [UInt64] {
    var keys: [UInt64] = []
    keys.reserveCapacity(rows)
    var finding: (any Error)?
    let piece = try connection.prepare(
      "SELECT patron_id, thing_id, undone FROM \(table) WHERE sequence > ? ORDER BY sequence")
    while keys.count < rows {
      try Task.checkCancellation()
      let through = min(keys.count + Self.pieceRows, rows)
      // Without a bound to hold each row against.
      try piece.forEachRow(first: through - keys.count, Int64(keys.count)) { row in
        if finding != nil { return }
        do {
          let (patron, thing) = (row.integer(0), row.integer(1))
          keys.append(try Self.key(patron: patron, thing: thing, table))
          try proof?.add(patron: patron, thing: thing, undone: row.integer(2))
        } catch { finding = error }
      }
      if let finding { throw finding }
      guard keys.count == through else {
        throw Finding(
          table: table, key: "sequence", expected: "\(through) rows", found: "\(keys.count)")
      }
      progress(through, rows)
    }
    try proof?.end()
    return keys
  }

  /// Patron and thing in one word, which sorts as they do.
  private static func key(patron: Int64, thing: Int64, _ table: String) throws(Finding) -> UInt64 {
    guard let high = UInt32(exactly: patron), let low = UInt32(exactly: thing) else {
      throw Finding(
        table: table, key: "\(patron) \(thing)", expected: "a patron and a thing",
        found: "numbers that nothing has")
    }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// A click and its undo alternate in the log, so a pair that stands occurs an odd number of times.
  private static func standing(_ keys: [UInt64]) -> [(patron: AccountID, thing: ThingID)] {
    let sorted = RadixSort.sorted(keys)
    var result: [(patron: AccountID, thing: ThingID)] = []
    result.reserveCapacity(sorted.count)
    var start = 0
    while start < sorted.count {
      var end = start + 1
      while end < sorted.count, sorted[end] == sorted[start] { end += 1 }
      if (end - start) % 2 == 1 {
        result.append((AccountID(Int64(sorted[start] >> 32)), ThingID(Int64(sorted[start] & 0xffff_ffff))))
      }
      start = end
    }
    return result
  }

  /// What movements set aside for a period, by account: position 0 is nobody's.
  package func potsFilled(_ period: Period) throws -> [Micros] {
    do {
      // Pots are filled in the month itself: by transfers of commits from the one that opened it on.
      let (count, transfers) = try read { snapshot in
        let commits = try snapshot.commits(of: period)
        return (
          Int(try snapshot.integer("SELECT max(id) FROM account")),
          try snapshot.firstTransfer(
            from: commits.lowerBound)..<snapshot.firstTransfer(from: commits.upperBound)
        )
      }
      var filled = [Micros](repeating: .zero, count: count + 1)
      var finding: Finding?
      try SQLiteConnection(location, isReadOnly: true).prepare(
        """
        SELECT id, account_id, amount_micros FROM transfer
        WHERE id >= ? AND id < ? AND for_period = ? AND kind IN (\(Transfer.Kind.intoPots))
        """
      ).forEachRow(
        .integer(transfers.lowerBound), .integer(transfers.upperBound), .integer(Int64(period.number))
      ) { row in
        guard let account = Int(exactly: row.integer(1)), filled.indices.contains(account),
          let sum = filled[account].adding(Micros(row.integer(2)))
        else {
          finding = Finding(
            table: "transfer", key: "\(row.integer(0))", expected: "an account, and an amount that fits",
            found: "account \(row.integer(1))")
          return
        }
        filled[account] = sum
      }
      if let finding { throw finding }
      return filled
    } catch let error as StoreError {
      throw noted(error)
    }
  }

  /// Owners by thing: the owner of thing `id` at `id - 1`.
  package func owners() throws -> [AccountID] {
    var owners: [AccountID] = []
    try extend(&owners)
    return owners
  }

  /// Adds the owners of things that were added since the list was read.
  package func extend(_ owners: inout [AccountID]) throws {
    while true {
      try Task.checkCancellation()
      let piece = try read { snapshot in
        try snapshot.all(
          "SELECT owner_id FROM thing WHERE id > ? ORDER BY id LIMIT ?", [owners.count, Self.pieceRows]
        ) { AccountID($0.integer(0)) }
      }
      owners += piece
      if piece.count < Self.pieceRows { return }
    }
  }

  /// What is found by the fingerprint of a text.
  package enum Fingerprinted: String, CaseIterable, Sendable {
    case account
    case thing

    fileprivate var text: String {
      switch self {
      case .account: "name"
      case .thing: "url"
      }
    }
  }

  /// Every account or thing with its text and its fingerprint, by id, in pieces.
  ///
  /// - Parameter body: Gets the id, the text, the fingerprint (nil when it is none), and the last id.
  package func forEachFingerprint(
    of table: Fingerprinted, _ body: (Int64, String, Fingerprint?, _ last: Int64) throws -> Void
  ) throws {
    var after: Int64 = .min
    while true {
      try Task.checkCancellation()
      let piece = try read { snapshot in
        let last = try snapshot.integer("SELECT max(id) FROM \(table)")
        return try snapshot.all(
          "SELECT id, \(table.text), fingerprint FROM \(table) WHERE id > ? ORDER BY id LIMIT ?",
          [after, Self.pieceRows]
        ) { ($0.integer(0), $0.text(1), Fingerprint(bytes: $0.blob(2)), last) }
      }
      for row in piece { try body(row.0, row.1, row.2, row.3) }
      guard let last = piece.last, piece.count == Self.pieceRows else { return }
      after = last.0
    }
  }

  /// What blinds the leaves of all accounts.
  ///
  /// - Throws: A `Finding` for one that can't be.
  package func accountSecrets() throws -> AccountSecrets {
    var secrets = AccountSecrets()
    while true {
      try Task.checkCancellation()
      let piece = try read { snapshot in
        try snapshot.all(
          "SELECT id, secret FROM account WHERE id > ? ORDER BY id LIMIT ?", [secrets.count, Self.pieceRows]
        ) { ($0.integer(0), $0.blob(1)) }
      }
      for (id, secret) in piece where id != secrets.count + 1 || !secrets.add(secret) {
        throw Finding(
          table: "account", key: "\(id) secret", expected: "32 bytes, of each account",
          found: "another number")
      }
      if piece.count < Self.pieceRows { return secrets }
    }
  }

  /// The names of all tables.
  package func tables() throws -> [String] {
    try read { snapshot in
      try snapshot.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") { $0.text(0) }
    }
  }

  /// Lets SQLite look through a table's pages, and hold each column against its kind.
  ///
  /// - Throws: A `Finding` with what is wrong. A table that is gone meanwhile is a dropped click log.
  package func checkIntegrity(of table: String) throws {
    try read { snapshot in
      guard try snapshot.hasTable(table) else { return }
      let found = try snapshot.first("SELECT quick_check FROM pragma_quick_check(?) LIMIT 1", [table]) {
        $0.text(0)
      }
      if let found, found != "ok" {
        throw Finding(table: table, key: "pages", expected: "what SQLite wrote", found: found)
      }
    }
  }

  /// How far a settlement is.
  package struct SettlementCursors: Sendable, Hashable {
    package let drainedThrough: AccountID
    package let paidThrough: AccountID
    /// The last account whose pot was drained, by the journal.
    package let lastDrained: AccountID
  }

  /// A period's filed clicks with their shares, by patron and thing, in pieces: all of a settled period, and those of the
  /// drained pots while its settlement is under way.
  ///
  /// - Returns: How far the settlement was when the last of them was read.
  @discardableResult
  package func forEachFiledClick(
    _ period: Period, _ body: (AccountID, ThingID, Micros) -> Void
  ) throws -> SettlementCursors {
    var (patron, thing): (Int64, Int64) = (.min, .min)
    while true {
      try Task.checkCancellation()
      let (piece, cursors) = try read { snapshot in
        let rows = try snapshot.all(
          """
          SELECT patron_id, thing_id, share_micros FROM click
          WHERE period = ? AND (patron_id, thing_id) > (?, ?) ORDER BY patron_id, thing_id LIMIT ?
          """, [period.number, patron, thing, Self.pieceRows]
        ) { ($0.integer(0), $0.integer(1), $0.integer(2)) }
        let isLast = rows.count < Self.pieceRows
        return (rows, isLast ? try snapshot.settlementCursors(period) : nil)
      }
      for row in piece { body(AccountID(row.0), ThingID(row.1), Micros(row.2)) }
      if let cursors { return cursors }
      guard let last = piece.last else { continue }
      (patron, thing) = (last.0, last.1)
    }
  }

  /// A period's filed revenue, by owner and thing, and how far its settlement is.
  package func filedRevenue(_ period: Period) throws -> (
    rows: [(owner: AccountID, revenue: SettlementPlan.ThingRevenue)], cursors: SettlementCursors
  ) {
    try read { snapshot in
      let rows = try snapshot.all(
        "SELECT owner_id, thing_id, clicks, micros FROM revenue WHERE period = ? ORDER BY owner_id, thing_id",
        [period.number]
      ) {
        (
          owner: AccountID($0.integer(0)),
          revenue: SettlementPlan.ThingRevenue(
            thing: ThingID($0.integer(1)), clicks: Int($0.integer(2)), micros: Micros($0.integer(3)))
        )
      }
      return (rows, try snapshot.settlementCursors(period))
    }
  }

  /// Bytes of the file and of its log, and bytes that are free beside them for the daemon's user.
  package func sizes() -> (database: Int, log: Int, free: Int) {
    func size(_ path: String) -> Int {
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
    let system = try? FileManager.default.attributesOfFileSystem(forPath: location.path)
    let free = (system?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
    return (size(location.path), size(location.path + "-wal"), free)
  }
}

extension BookSnapshot {
  fileprivate func settlementCursors(_ period: Period) throws -> BookFile.SettlementCursors {
    let found = try first(
      "SELECT drained_through, paid_through, commit_sequence FROM settlement WHERE period = ?",
      [period.number]
    ) { (drained: $0.integer(0), paid: $0.integer(1), commit: $0.integer(2)) }
    let lastDrained = try integer(
      """
      SELECT max(account_id) FROM transfer
      WHERE id >= ? AND for_period = ? AND kind IN (\(Transfer.Kind.outOfPots))
      """, [firstTransfer(from: found?.commit ?? 0), period.number])
    return BookFile.SettlementCursors(
      drainedThrough: AccountID(found?.drained ?? 0), paidThrough: AccountID(found?.paid ?? 0),
      lastDrained: AccountID(lastDrained))
  }
}
