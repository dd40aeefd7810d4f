/// One movement of money from one ledger account to another: balanced by construction.
package struct Transfer: Sendable, Hashable {
  /// What kind of movement. The numbers are those of the contract and of the journal; `ChartOfAccounts` says what each does.
  package enum Kind: Int, Sendable, Hashable, CaseIterable {
    case deposit = 1
    case withdraw = 2
    case potOpen = 3
    case potTopup = 4
    case potReturn = 5
    case fee = 6
    case give = 7
    case revenue = 8
  }

  /// What made a pot grow; it makes each top-up unique.
  package enum Cause: Sendable, Hashable {
    case credit(TransferID)
    case budget(changeID: Int64)
  }

  /// The number in the journal, from 1.
  package let id: TransferID
  package let kind: Kind
  /// Whose movement; nil when fees are withdrawn.
  package let account: AccountID?
  /// Above 0.
  package let amount: Micros
  /// The period that was open when it was committed.
  package let period: Period
  /// The period whose pot or settlement it belongs to.
  package let forPeriod: Period?
  package let cause: Cause?
  package let committedAt: Timestamp
  /// What the account (or, for a withdrawal of fees, `fees`) had available after it.
  package let availableAfter: Micros
  /// What the account had in all pots after it.
  package let potsAfter: Micros

  package init(
    id: TransferID, kind: Kind, account: AccountID?, amount: Micros, period: Period, forPeriod: Period?,
    cause: Cause?,
    committedAt: Timestamp, availableAfter: Micros, potsAfter: Micros
  ) {
    self.id = id
    self.kind = kind
    self.account = account
    self.amount = amount
    self.period = period
    self.forPeriod = forPeriod
    self.cause = cause
    self.committedAt = committedAt
    self.availableAfter = availableAfter
    self.potsAfter = potsAfter
  }

  /// The movement in words.
  package var words: String {
    let month = forPeriod.map(\.description) ?? ""
    return switch kind {
    case .deposit: "deposit"
    case .withdraw: account == nil ? "withdrawal of fees" : "withdrawal"
    case .potOpen: "set aside for \(month)"
    case .potTopup: "added to the pot of \(month)"
    case .potReturn: "pot of \(month) returned: nothing was clicked"
    case .fee: "fee for \(month)"
    case .give: "given for \(month)"
    case .revenue: "revenue of \(month)"
    }
  }
}

/// The ledger accounts that money moves between.
package enum LedgerAccount: Sendable, Hashable {
  case world
  case available(AccountID)
  case pot(AccountID, Period)
  case clearing(Period)
  case fees

  /// The account in the chart of accounts, such as `pot:anna:2026-11`.
  ///
  /// - Parameter name: The name of the account that the movement is of.
  package func path(named name: String) -> String {
    switch self {
    case .world: "world"
    case .available: "available:\(name)"
    case .pot(_, let period): "pot:\(name):\(period)"
    case .clearing(let period): "clearing:\(period)"
    case .fees: "fees"
    }
  }
}

extension Transfer {
  /// Where the money comes from and goes to, or nil when the row lacks what its kind needs.
  package var route: (from: LedgerAccount, to: LedgerAccount)? {
    let line = kind.line
    guard line.carries.contains(.period) == (forPeriod != nil),
      let from = ledgerAccount(line.source(hasAccount: account != nil)), let to = ledgerAccount(line.to)
    else { return nil }
    return (from, to)
  }
  private func ledgerAccount(_ side: ChartOfAccounts.Side?) -> LedgerAccount? {
    switch side {
    case .world: .world
    case .fees: .fees
    case .available: account.map(LedgerAccount.available)
    case .pot: if let account, let forPeriod { .pot(account, forPeriod) } else { nil }
    case .clearing: forPeriod.map(LedgerAccount.clearing)
    case nil: nil
    }
  }
}
