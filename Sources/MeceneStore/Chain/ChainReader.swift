internal import GRDB
internal import MeceneLedger

/// Puts the rows of one table back to the commits that left them, from front to back.
protocol ChainReader {
  /// Begins behind a commit.
  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) throws

  /// Reads the rows of the next commits.
  ///
  /// - Throws: A `Finding` for a row that none of them can have left.
  mutating func read(
    _ commits: [CommitRecord], _ snapshot: BookSnapshot, into gathered: inout GatheredCommits
  ) throws

  /// - Throws: A `Finding` for a row that no commit up to this one, the last, can have left.
  func checkNothingIsLeft(behind commit: Int64, _ snapshot: BookSnapshot) throws
}

/// See `JournalTable.Order.numbered`.
struct NumberedRowsReader: ChainReader {
  private let table: JournalTable
  /// The last row that was read.
  private var newest: Int64 = 0

  init(_ table: JournalTable) { self.table = table }

  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) throws {
    newest = 0
    try snapshot.readRows("SELECT id, commit_sequence FROM \(table.name) ORDER BY id DESC", []) { row in
      guard row.integer(1) <= commit else { return true }
      newest = row.integer(0)
      return false
    }
  }

  mutating func read(
    _ commits: [CommitRecord], _ snapshot: BookSnapshot, into gathered: inout GatheredCommits
  ) throws {
    var name: (commit: Int64, first: Int64) = (0, 0)
    var newest = newest
    func finishName(_ gathered: inout GatheredCommits) {
      guard name.commit > 0 else { return }
      gathered.name(
        "\(table.name) \(name.first)" + (newest > name.first ? " to \(newest)" : ""), in: name.commit)
    }
    // Read up to the first row of a later commit: there is no index on commits, and none is needed.
    try snapshot.readRows(
      "SELECT id, commit_sequence, \(table.chainList()) FROM \(table.name) WHERE id > ? ORDER BY id", [newest]
    ) { row in
      let (id, commit) = (row.integer(0), row.integer(1))
      if commit > gathered.last { return false }
      guard id == newest + 1 else {
        throw Finding(table: table.name, key: "id", expected: "\(newest + 1)", found: "\(id)")
      }
      if commit != name.commit {
        finishName(&gathered)
        name = (commit, id)
      }
      newest = id
      guard gathered.contains(commit) else {
        throw Finding(
          table: table.name, key: "\(id) commit_sequence", expected: "a commit after \(gathered.before)",
          found: "\(commit)")
      }
      try gathered.add(to: commit) { try $0.append(table, row, behind: 2) }
      return true
    }
    finishName(&gathered)
    self.newest = newest
  }

  func checkNothingIsLeft(behind commit: Int64, _ snapshot: BookSnapshot) throws {
    let extra = try snapshot.first(
      "SELECT id, commit_sequence FROM \(table.name) WHERE id > ? OR id < 1 ORDER BY id LIMIT 1", [newest]
    ) { (id: $0.integer(0), commit: $0.integer(1)) }
    if let extra {
      throw Finding(
        table: table.name, key: "\(extra.id) commit_sequence", expected: "a commit up to \(commit)",
        found: "\(extra.commit)")
    }
  }
}

/// See `JournalTable.Order.few`.
struct FewRowsReader: ChainReader {
  private let table: JournalTable
  private let key, commit: String

  init(_ table: JournalTable, key: String, commit: String) {
    self.table = table
    self.key = key
    self.commit = commit
  }

  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) {}

  mutating func read(
    _ commits: [CommitRecord], _ snapshot: BookSnapshot, into gathered: inout GatheredCommits
  ) throws {
    try snapshot.forEachRow(
      """
      SELECT \(key), \(commit), \(table.chainList()) FROM \(table.name) WHERE \(commit) > ? AND \(commit) <= ?
      ORDER BY \(key)
      """, [gathered.before, gathered.last]
    ) { row in
      let (key, commit) = (row.integer(0), row.integer(1))
      try gathered.add(to: commit) { try $0.append(table, row, behind: 2) }
      gathered.name(
        "\(table.name) \(key)" + (self.commit == "commit_sequence" ? "" : " \(self.commit)"), in: commit)
      if table.number == .period { gathered.open(Period(number: Int(key)), in: commit) }
    }
  }

  func checkNothingIsLeft(behind last: Int64, _ snapshot: BookSnapshot) throws {
    // The ledger's own row is there before its first commit.
    let least = table.number == .ledger ? 0 : 1
    let extra = try snapshot.first(
      "SELECT \(key), \(commit) FROM \(table.name) WHERE \(commit) < ? OR \(commit) > ? LIMIT 1",
      [least, max(0, last)]
    ) { (key: $0.integer(0), commit: $0.integer(1)) }
    if let extra {
      throw Finding(
        table: table.name, key: "\(extra.key) \(commit)", expected: "a commit up to \(max(0, last))",
        found: "\(extra.commit)")
    }
    if table.number == .ledger { try checkIsOne(snapshot) }
  }

  private func checkIsOne(_ snapshot: BookSnapshot) throws {
    let ids = try snapshot.all("SELECT id FROM ledger ORDER BY id") { $0.integer(0) }
    guard ids == [1] else {
      throw Finding(table: "ledger", key: "id", expected: "one row, 1", found: "\(ids.count) rows")
    }
  }
}

/// See `JournalTable.Order.transfers`.
struct TransferKeysReader: ChainReader {
  private let table: JournalTable
  /// The last transfer whose key was looked for.
  private var newest: Int64 = 0

  init(_ table: JournalTable) { self.table = table }

  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) throws {
    newest = try snapshot.firstTransfer(from: commit + 1) - 1
  }

  mutating func read(
    _ commits: [CommitRecord], _ snapshot: BookSnapshot, into gathered: inout GatheredCommits
  ) throws {
    let last = try snapshot.firstTransfer(from: gathered.last &+ 1) - 1
    try snapshot.forEachRow(
      """
      SELECT t.commit_sequence, \(table.chainList("k.")) FROM \(table.name) k JOIN transfer t ON t.id = k.transfer_id
      WHERE k.transfer_id > ? AND k.transfer_id <= ? AND t.kind IN (\(Transfer.Kind.keyed)) ORDER BY k.transfer_id
      """, [newest, last]
    ) { row in
      try gathered.add(to: row.integer(0)) { try $0.append(table, row, behind: 1) }
    }
    newest = last
  }

  /// Keys of no transfer are found with what is derived of them.
  func checkNothingIsLeft(behind commit: Int64, _ snapshot: BookSnapshot) {}
}

/// See `JournalTable.Order.clicks`.
struct ClicksReader: ChainReader {
  private let table: JournalTable
  private let readsClicks: Bool
  private var open: Period?
  /// The last click of the open month that was read.
  private var newest: Int64 = 0

  init(_ table: JournalTable, readsClicks: Bool) {
    self.table = table
    self.readsClicks = readsClicks
  }

  mutating func skip(through commit: Int64, _ snapshot: BookSnapshot) throws {
    let opening = try snapshot.first(
      "SELECT number, commit_sequence FROM period WHERE commit_sequence <= ? ORDER BY number DESC LIMIT 1",
      [commit]
    ) { (period: Period(number: Int($0.integer(0))), commit: $0.integer(1)) }
    guard let opening else { return }
    open = opening.period
    newest = try snapshot.integer(
      "SELECT sum(click_rows) FROM commit_log WHERE sequence BETWEEN ? AND ?", [opening.commit, commit])
  }

  mutating func read(
    _ commits: [CommitRecord], _ snapshot: BookSnapshot, into gathered: inout GatheredCommits
  ) throws {
    for commit in commits {
      if let period = gathered.opened(in: commit.sequence) {
        try checkNoMoreClicks(snapshot)
        open = period
        newest = 0
      }
      guard commit.clickRows > 0, let open else { continue }
      guard readsClicks, try snapshot.hasClickLog(open) else {
        gathered.missClicks(of: commit.sequence)
        continue
      }
      let name = ClickLogTable.name(open)
      let first = newest + 1
      try gathered.add(to: commit.sequence) { rows in
        try snapshot.forEachRow(
          "SELECT \(table.columnList) FROM \(name) WHERE sequence > ? ORDER BY sequence LIMIT ?",
          [newest, commit.clickRows]
        ) { row in
          newest += 1
          let undone = row.integer(2)
          guard undone == 0 || undone == 1 else {
            throw Finding(table: name, key: "\(newest) undone", expected: "0 or 1", found: "\(undone)")
          }
          rows.append(
            ClickEffect(
              patron: AccountID(row.integer(0)), thing: ThingID(row.integer(1)), isUndone: undone == 1))
        }
      }
      gathered.name("\(name) \(first) to \(newest)", in: commit.sequence)
    }
  }

  func checkNothingIsLeft(behind commit: Int64, _ snapshot: BookSnapshot) throws {
    try checkNoMoreClicks(snapshot)
  }

  private func checkNoMoreClicks(_ snapshot: BookSnapshot) throws {
    guard readsClicks, let open, try snapshot.hasClickLog(open) else { return }
    let name = ClickLogTable.name(open)
    let extra = try snapshot.first(
      "SELECT sequence FROM \(name) WHERE sequence > ? OR sequence < 1 LIMIT 1", [newest]
    ) { $0.integer(0) }
    if let extra {
      throw Finding(
        table: name, key: "\(extra)", expected: "no click that no commit has left", found: "one")
    }
  }
}
