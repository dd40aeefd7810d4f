package import MeceneLedger

// What a settlement files: who clicked what and what it was worth, and what each thing earned.
extension BookWriter {
  /// Files a piece ahead of the money, in a transaction of its own. It is not part of a commit: the plan's digest, which is,
  /// stands for it. A settlement that is taken up again files it again.
  package func file(_ plan: SettlementPlan, _ piece: SettlementPlan.Piece) throws(StoreError) {
    do {
      try statements.begin.run()
      switch piece {
      case .clicks(let patron, let positions):
        var rows = statements.clickFile.begin()
        try add(plan, clicksOf: patron, positions, to: &rows)
        try rows.end()
      case .revenue(let owner, let positions):
        var rows = statements.revenueFile.begin()
        try add(plan, revenueOf: owner, positions, to: &rows)
        try rows.end()
      case .blocks(let seal, let positions):
        for block in seal.blocks[positions] {
          try statements.block.run(
            .integer(Int64(plan.period.number)), .integer(block.tree.rawValue),
            .integer(block.first.rawValue), .blob(block.hash))
        }
      }
      try statements.commit.run()
    } catch {
      takeBack()
      throw error
    }
  }

  func file(_ plan: SettlementPlan, patrons positions: Range<Int>) throws(StoreError) {
    var rows = statements.clickFile.begin()
    for patron in plan.patrons[positions] where patron.clicks.count <= SettlementPlan.rowsAtOnce {
      try add(plan, clicksOf: patron.id, patron.clicks, to: &rows)
    }
    try rows.end()
    guard let last = plan.patrons[positions].last else { return }
    try statements.drainedThrough.run(.integer(last.id.rawValue), .integer(Int64(plan.period.number)))
  }

  func file(_ plan: SettlementPlan, owners positions: Range<Int>) throws(StoreError) {
    var rows = statements.revenueFile.begin()
    for owner in plan.owners[positions] where owner.things.count <= SettlementPlan.rowsAtOnce {
      try add(plan, revenueOf: owner.id, owner.things, to: &rows)
    }
    try rows.end()
    guard let last = plan.owners[positions].last else { return }
    try statements.paidThrough.run(.integer(last.id.rawValue), .integer(Int64(plan.period.number)))
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
