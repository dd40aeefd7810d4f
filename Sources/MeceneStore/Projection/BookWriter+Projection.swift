internal import MeceneConcurrency
internal import MeceneLedger

// Balances, pots, the transfers of each account and keys are projected from the journal in passes over all accounts by id, a slice of
// accounts between two commits. Written with each transfer they cost three pages anywhere in the file: 8,190 first
// clicks left 53 MB in the log, and now leave 0.6. Until a pass has reached an account, readers add what is in the tail.
extension BookWriter {
  /// How many transfers the projection lacks at most.
  package var transfersBehind: Int { Int(clamping: tail.withLock { $0.last } - position.through) }

  /// Projects the transfers of the next accounts. Called between commits, after `load`.
  ///
  /// - Parameter accounts: The most accounts.
  package func project(accounts limit: Int) throws(StoreError) {
    if !positionIsKnown { try readPosition() }
    guard transfersBehind > 0 else { return }
    var reached = position
    if reached.account == 0 {
      reached.next = tail.withLock { $0.last }
      recentKeys.beginPass()
    }
    let slice = tail.withLock {
      $0.accounts(behind: reached.account, limit: limit, after: reached.through, through: reached.next)
    }
    reached.account = slice.last?.account ?? reached.account
    if slice.count < limit { reached = ProjectionPosition(through: reached.next, next: reached.next) }
    do {
      try statements.begin.run()
      for (account, transfers) in slice { try project(account, transfers) }
      try statements.projection.run(reached.through, reached.next, reached.account)
      try statements.commit.run()
    } catch {
      takeBack()
      // A commit that failed may have reached the disk all the same.
      positionIsKnown = false
      throw error
    }
    // Snapshots that began before still need what this pass has worked off; the next pass's end lets go of it.
    if reached.through > position.through {
      let before = position.through
      tail.withLock { $0.removeAll(through: before) }
      recentKeys.endPass()
    }
    position = reached
  }

  private func project(_ account: Int64, _ transfers: [Int64]) throws(StoreError) {
    var balances: (available: Int64, pots: Int64) = (0, 0)
    var pots = PotChanges()
    var rows = statements.accountTransfer.begin()
    for transfer in transfers {
      var kind: Transfer.Kind?
      try statements.movement.forEachRow(.integer(transfer)) { row in
        kind = Transfer.Kind(rawValue: Int(row.integer(0)))
        pots.add(
          account: account, kind: kind, amount: row.integer(1), period: row.isNull(2) ? nil : row.integer(2))
        balances = (row.integer(3), row.integer(4))
      }
      if kind?.line.carries.contains(.key) ?? false { try statements.projectKey.run(.integer(transfer)) }
      try rows.add([account, transfer])
    }
    try rows.end()
    try statements.balance.run(balances.available, balances.pots, account)
    for change in pots.changes {
      try statements.potChange.run(
        .integer(change.period), .integer(account), .integer(change.setAside), .integer(change.held))
    }
  }
}
