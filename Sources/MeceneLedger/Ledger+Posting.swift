// Moving money: the one place where balances change.
extension Ledger {
  /// Where a balance stands.
  private enum Place {
    case world
    case fees
    case available(AccountIndex)
    /// An account's pot of the open period.
    case openPot(AccountIndex)
    /// An account's pot of the period that is settled.
    case closedPot(AccountIndex)
    case clearing
  }

  /// Moves an amount between the two sides that the chart of accounts says, and records it. It can't be refused: what a
  /// command's checks let through is right, or the process stops.
  ///
  /// - Parameters:
  ///   - index: Whose transfer; nil for one that is of no account.
  ///   - amount: Above 0, and no more than is where it comes from.
  @discardableResult
  mutating func post(
    _ kind: Transfer.Kind, _ index: AccountIndex?, _ amount: Micros, forPeriod: Period? = nil,
    cause: Transfer.Cause? = nil
  ) -> Transfer {
    let from: Place
    let to: Place
    switch movement(kind, index, amount, forPeriod, cause) {
    case .between(let source, let target): (from, to) = (source, target)
    case .impossible(let sentence): broken(sentence)
    }
    let before = (from: balance(from), to: balance(to), pots: index.map { accounts[$0].pots } ?? .zero)
    change(from, by: Micros(0 - amount.rawValue))
    change(to, by: amount)
    invariant(
      balance(from) == before.from - amount && balance(to) == before.to + amount,
      "a \(kind) of \(amount) left \(before.from - balance(from)) and brought \(balance(to) - before.to)")
    invariant(
      potsChange(kind.line, amount) == (index.map { accounts[$0].pots } ?? .zero) - before.pots,
      "a \(kind) of \(amount) changed all pots by another amount")
    return record(kind, index, amount, forPeriod, cause)
  }

  /// Why there can be no such movement; nil when there can.
  func obstacle(
    to kind: Transfer.Kind, _ index: AccountIndex?, _ amount: Micros, forPeriod: Period?,
    cause: Transfer.Cause?
  ) -> String? {
    switch movement(kind, index, amount, forPeriod, cause) {
    case .between: nil
    case .impossible(let sentence): sentence
    }
  }

  private enum Movement {
    case between(Place, Place)
    case impossible(String)
  }

  /// The places that the chart of accounts says, when the amount can be moved between them.
  @inline(__always) private func movement(
    _ kind: Transfer.Kind, _ index: AccountIndex?, _ amount: Micros, _ forPeriod: Period?,
    _ cause: Transfer.Cause?
  ) -> Movement {
    let line = kind.line
    guard amount > .zero else { return .impossible("a \(kind) of \(amount)") }
    guard line.carries.contains(.period) == (forPeriod != nil),
      line.carries.contains(.cause) == (cause != nil)
    else {
      let period = forPeriod.map { "the period \($0)" } ?? "no period"
      return .impossible("a \(kind) with \(period) and \(cause == nil ? "no" : "a") cause")
    }
    guard let from = place(line.source(hasAccount: index != nil), index, forPeriod, isFilled: false),
      let to = place(line.to, index, forPeriod, isFilled: true)
    else {
      let whose = index.map { "account \($0.id)" } ?? "no account"
      return .impossible("a \(kind) of \(whose) has no place to move between")
    }
    let there = balance(from)
    guard isWorld(from) || amount <= there else {
      return .impossible("a \(kind) of \(amount), where \(there) is")
    }
    guard balance(to).adding(amount) != nil && (!isWorld(from) || money.adding(amount) != nil) else {
      return .impossible("a \(kind) of \(amount), which the ledger can't hold")
    }
    return .between(from, to)
  }

  private mutating func record(
    _ kind: Transfer.Kind, _ index: AccountIndex?, _ amount: Micros, _ forPeriod: Period?,
    _ cause: Transfer.Cause?
  ) -> Transfer {
    transferCount += 1
    let transfer = Transfer(
      id: TransferID(transferCount), kind: kind, account: index?.id, amount: amount, period: openPeriod,
      forPeriod: forPeriod, cause: cause, committedAt: now,
      availableAfter: index.map { accounts[$0].available } ?? fees,
      potsAfter: index.map { accounts[$0].pots } ?? .zero)
    effects.append(.transfer(transfer))
    return transfer
  }

  /// Where a side's balance stands; nil when there is no such place. A pot is filled while its month is open, and drained in its turn once
  /// its month is closed.
  private func place(
    _ side: ChartOfAccounts.Side?, _ index: AccountIndex?, _ period: Period?, isFilled: Bool
  ) -> Place? {
    switch side {
    case .world: return .world
    case .fees: return .fees
    case .available: return index.map(Place.available)
    case .pot:
      guard let index, let period else { return nil }
      // Not turned to the open month, it would show what stood in the one before.
      if isFilled {
        return period == openPeriod && standings[index].turn == open.turn ? .openPot(index) : nil
      }
      guard let closed = unsettled.first, closed.period == period, closed.pots.held(by: index.id) != nil
      else { return nil }
      return .closedPot(index)
    case .clearing: return unsettled.first?.period == period ? .clearing : nil
    case nil: return nil
    }
  }

  private func balance(_ place: Place) -> Micros {
    switch place {
    case .world: Micros(0 - money.rawValue)
    case .fees: fees
    case .available(let index): accounts[index].available
    case .openPot(let index): standings[index].openPot
    case .closedPot(let index): unsettled[0].pots.held(by: index.id) ?? .zero
    case .clearing: unsettled[0].clearing
    }
  }

  private mutating func change(_ place: Place, by amount: Micros) {
    switch place {
    case .world: money -= amount
    case .fees: fees += amount
    case .available(let index): accounts[index].available += amount
    case .openPot(let index):
      standings[index].openPot += amount
      accounts[index].pots += amount
    case .closedPot(let index):
      unsettled[0].pots.change(by: amount)
      accounts[index].pots += amount
    case .clearing: unsettled[0].clearing += amount
    }
  }

  private func isWorld(_ place: Place) -> Bool { if case .world = place { true } else { false } }

  /// What a transfer changes of the sum of its account's pots.
  private func potsChange(_ line: ChartOfAccounts.Line, _ amount: Micros) -> Micros {
    Micros((line.to == .pot ? amount.rawValue : 0) - (line.from == .pot ? amount.rawValue : 0))
  }
}
