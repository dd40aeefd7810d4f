package import MeceneLedger

/// Where a settlement files what it is made of.
struct FilingStatements {
  static let clickTable = StoredTable(
    name: "click",
    columns: [
      .integer("period"), .integer("patron_id"), .integer("thing_id"), .integer("share_micros"),
    ], key: ["period", "patron_id", "thing_id"])
  static let revenueTable = StoredTable(
    name: "revenue",
    columns: [
      .integer("period"), .integer("owner_id"), .integer("thing_id"), .integer("clicks"), .integer("micros"),
    ], key: ["period", "owner_id", "thing_id"])
  /// Roots of the trees' complete blocks of leaves.
  static let blockTable = StoredTable(
    name: "settlement_block",
    derived: [.integer("period"), .integer("tree"), .integer("first_account_id"), .blob("hash")],
    key: ["period", "tree", "first_account_id"])

  let block: Statement
  let clicks, revenue: RowsStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    // Derived, so a resumed settlement writes what it computes.
    block = try connection.prepare(
      "INSERT OR REPLACE INTO settlement_block (period, tree, first_account_id, hash) VALUES (?, ?, ?, ?)")
    // A step that is repeated after a crash files the same rows again.
    clicks = try RowsStatement(
      connection, "INSERT OR IGNORE INTO click (\(Self.clickTable.columnList)) VALUES",
      columns: Self.clickTable.columns.count)
    revenue = try RowsStatement(
      connection, "INSERT OR IGNORE INTO revenue (\(Self.revenueTable.columnList)) VALUES",
      columns: Self.revenueTable.columns.count)
  }
}

// What a settlement files: who clicked what and what it was worth, and what each thing earned.
extension BookWriter {
  /// Files a piece ahead of the money, in a transaction of its own. It is not part of a commit: the plan's digest, which is,
  /// stands for it. A settlement that is taken up again files it again.
  package func file(_ plan: SettlementPlan, _ piece: SettlementPlan.Piece) throws(StoreError) {
    do {
      try begin()
      switch piece {
      case .clicks(let patron, let positions):
        var rows = filing.clicks.begin()
        try add(plan, clicksOf: patron, positions, to: &rows)
        try rows.end()
      case .revenue(let owner, let positions):
        var rows = filing.revenue.begin()
        try add(plan, revenueOf: owner, positions, to: &rows)
        try rows.end()
      case .blocks(let seal, let positions):
        for block in seal.blocks[positions] {
          try filing.block.run(
            .integer(Int64(plan.period.number)), .integer(block.tree.rawValue),
            .integer(block.first.rawValue), .blob(block.hash))
        }
      }
      try commit()
    } catch {
      takeBack()
      throw error
    }
  }

  func file(_ plan: SettlementPlan, patrons positions: Range<Int>) throws(StoreError) {
    var rows = filing.clicks.begin()
    for patron in plan.patrons[positions] where patron.clicks.count <= SettlementPlan.rowsAtOnce {
      try add(plan, clicksOf: patron.id, patron.clicks, to: &rows)
    }
    try rows.end()
    guard let last = plan.patrons[positions].last else { return }
    try settlements.setDrained(through: last.id, plan.period)
  }

  func file(_ plan: SettlementPlan, owners positions: Range<Int>) throws(StoreError) {
    var rows = filing.revenue.begin()
    for owner in plan.owners[positions] where owner.things.count <= SettlementPlan.rowsAtOnce {
      try add(plan, revenueOf: owner.id, owner.things, to: &rows)
    }
    try rows.end()
    guard let last = plan.owners[positions].last else { return }
    try settlements.setPaid(through: last.id, plan.period)
  }

  private func add(
    _ plan: SettlementPlan, clicksOf patron: AccountID, _ positions: Range<Int>,
    to rows: inout RowsStatement.Rows
  ) throws(StoreError) {
    let period = Int64(plan.period.number)
    for click in positions {
      try rows.add([period, patron.rawValue, plan.things[click].rawValue, plan.shares[click].rawValue])
    }
  }

  private func add(
    _ plan: SettlementPlan, revenueOf owner: AccountID, _ positions: Range<Int>,
    to rows: inout RowsStatement.Rows
  ) throws(StoreError) {
    let period = Int64(plan.period.number)
    for thing in plan.revenue[positions] {
      try rows.add([
        period, owner.rawValue, thing.thing.rawValue, Int64(thing.clicks), thing.micros.rawValue,
      ])
    }
  }
}
