/// The chart of accounts: between which sides each kind of transfer moves money, and what it carries.
///
/// What a transfer does to balances, what the audit expects of it, which rows the store's
/// queries select and the signs that clients show follow from it.
package enum ChartOfAccounts {
  /// A sort of ledger account.
  package enum Side: Sendable, Hashable {
    /// What is outside: its balance is the opposite of all money in the ledger.
    case world
    /// An account's money that is not set aside.
    case available
    /// An account's money that is set aside for one period.
    case pot
    /// What was given in one period and not yet received.
    case clearing
    case fees

    /// Whether it is a part of an account's own money.
    package var isOwn: Bool { self == .available || self == .pot }
  }

  /// What a kind of transfer carries beside its amount.
  package struct Contents: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The period whose pot or settlement it belongs to.
    package static let period = Contents(rawValue: 1)
    /// The idempotency key of the request that asked for it.
    package static let key = Contents(rawValue: 2)
    /// What made a pot grow.
    package static let cause = Contents(rawValue: 4)
  }

  /// One kind of transfer.
  package struct Line: Sendable, Hashable {
    package let from: Side
    package let to: Side
    package let carries: Contents
    /// Where the money comes from when the transfer is of no account; nil when it has to be of one.
    package let fromWithoutAccount: Side?

    fileprivate init(_ from: Side, _ to: Side, _ carries: Contents, withoutAccount: Side? = nil) {
      self.from = from
      self.to = to
      self.carries = carries
      fromWithoutAccount = withoutAccount
    }

    /// Where the money comes from; nil for a transfer that has to be of an account and is of none.
    func source(hasAccount: Bool) -> Side? { hasAccount ? from : fromWithoutAccount }
  }

  /// The line of a kind.
  package static func line(_ kind: Transfer.Kind) -> Line {
    switch kind {
    case .deposit: Line(.world, .available, .key)
    case .withdraw: Line(.available, .world, .key, withoutAccount: .fees)
    case .potOpen: Line(.available, .pot, .period)
    case .potTopup: Line(.available, .pot, [.period, .cause])
    case .potReturn: Line(.pot, .available, .period)
    case .fee: Line(.pot, .fees, .period)
    case .give: Line(.pot, .clearing, .period)
    case .revenue: Line(.clearing, .available, .period)
    }
  }

  /// The kinds whose line has something, in the order of their numbers.
  package static func kinds(where has: (Line) -> Bool) -> [Transfer.Kind] {
    Transfer.Kind.allCases.filter { has(line($0)) }
  }
}

extension Transfer.Kind {
  /// Its line in the chart of accounts.
  package var line: ChartOfAccounts.Line { ChartOfAccounts.line(self) }
}
