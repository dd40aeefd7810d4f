// What the books show of accounts, things, periods and settlements.

/// An account's money, in micros.
package struct AccountMoney: Sendable, Hashable {
  package var budget: Micros
  package var available: Micros
  /// Set aside for the open period.
  package var pot: Micros
  /// Set aside in all unsettled periods.
  package var pots: Micros

  package init(budget: Micros, available: Micros, pot: Micros, pots: Micros) {
    self.budget = budget
    self.available = available
    self.pot = pot
    self.pots = pots
  }
}

/// An account as it stands.
package struct AccountRecord: Sendable, Hashable {
  package let id: AccountID
  package let name: String
  package let displayName: String
  package let money: AccountMoney
  package let isActive: Bool
  package let isClosed: Bool
  package let openedAt: Timestamp

  /// - Parameter terms: The open period's, which say who is active.
  package init(
    id: AccountID, name: String, displayName: String, money: AccountMoney, terms: Terms, isClosed: Bool,
    openedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.displayName = displayName
    self.money = money
    self.isClosed = isClosed
    self.openedAt = openedAt
    isActive =
      !isClosed && terms.isActive(pot: money.pot, budget: money.budget, available: money.available)
  }
}

/// A thing as it stands.
package struct ThingRecord: Sendable, Hashable {
  package let id: ThingID
  package let owner: AccountID
  package let ownerName: String
  package let url: String
  package let title: String
  package let description: String
  package let isHidden: Bool
  package let isRetired: Bool
  package let addedAt: Timestamp

  package init(
    id: ThingID, owner: AccountID, ownerName: String, url: String, title: String, description: String,
    isHidden: Bool, isRetired: Bool, addedAt: Timestamp
  ) {
    self.id = id
    self.owner = owner
    self.ownerName = ownerName
    self.url = url
    self.title = title
    self.description = description
    self.isHidden = isHidden
    self.isRetired = isRetired
    self.addedAt = addedAt
  }
}

/// Where a period stands.
package enum PeriodState: Sendable, Hashable {
  case open
  case closed
  case planned
  case settled
}

/// A settlement's totals.
package struct SettlementRecord: Sendable, Hashable {
  package let period: Period
  package let state: PeriodState
  package let feeBps: Int
  package let totals: SettlementPlan.Totals
  /// 32 bytes.
  package let digest: [UInt8]
  /// nil before the settlement has ended.
  package let settledAt: Timestamp?
  /// The commit that ended it; nil before.
  package let commit: CommitPoint?

  package init(
    period: Period, state: PeriodState, feeBps: Int, totals: SettlementPlan.Totals, digest: [UInt8],
    settledAt: Timestamp? = nil, commit: CommitPoint? = nil
  ) {
    self.period = period
    self.state = state
    self.feeBps = feeBps
    self.totals = totals
    self.digest = digest
    self.settledAt = settledAt
    self.commit = commit
  }
}

/// What a list shows of a thing.
package struct ThingLabel: Sendable, Hashable {
  package let id: ThingID
  package let url: String
  package let title: String
  package let ownerName: String

  package init(id: ThingID, url: String, title: String, ownerName: String) {
    self.id = id
    self.url = url
    self.title = title
    self.ownerName = ownerName
  }
}

/// A movement as it stands in the journal.
package struct BookedTransfer: Sendable, Hashable {
  package let transfer: Transfer
  /// What it was asked for with; empty for what the ledger moved by itself.
  package let key: String
  /// Whose movement; empty when fees are withdrawn.
  package let accountName: String

  package init(transfer: Transfer, key: String, accountName: String) {
    self.transfer = transfer
    self.key = key
    self.accountName = accountName
  }
}

/// A page of things.
package struct ThingPage: Sendable, Hashable {
  package let things: [ThingRecord]
  package let hasMore: Bool

  package init(things: [ThingRecord], hasMore: Bool) {
    self.things = things
    self.hasMore = hasMore
  }
}

/// A page of an account's movements.
package struct StatementPage: Sendable, Hashable {
  package let account: AccountRecord
  package let openingAvailable: Micros
  package let openingPots: Micros
  package let entries: [BookedTransfer]
  package let hasMore: Bool

  package init(
    account: AccountRecord, openingAvailable: Micros, openingPots: Micros, entries: [BookedTransfer],
    hasMore: Bool
  ) {
    self.account = account
    self.openingAvailable = openingAvailable
    self.openingPots = openingPots
    self.entries = entries
    self.hasMore = hasMore
  }
}

/// What an owner's things earned in a period.
package struct RevenuePage: Sendable, Hashable {
  package let period: Period
  package let things: [SettlementPlan.ThingRevenue]
  package let hasMore: Bool
  package let clicksTotal: Int
  package let microsTotal: Micros
  package let settled: Bool

  package init(
    period: Period, things: [SettlementPlan.ThingRevenue], hasMore: Bool, clicksTotal: Int,
    microsTotal: Micros,
    settled: Bool
  ) {
    self.period = period
    self.things = things
    self.hasMore = hasMore
    self.clicksTotal = clicksTotal
    self.microsTotal = microsTotal
    self.settled = settled
  }
}

/// Counts and sums of the whole ledger.
package struct LedgerStatus: Sendable, Hashable {
  package var now: Timestamp
  package var openPeriod: Period
  package var oldestUnsettled: Period?
  package var accounts = 0
  package var things = 0
  package var openClicks = 0
  package var transfers = 0
  /// How many of them the projection lacks at most.
  package var transfersBehind = 0
  package var lastCommit = CommitPoint.beginning
  /// Set while the clock is not believed.
  package var clockDoubt: ClockGuard.Doubt?
  package var settlements = 0
  package var databaseBytes = 0
  package var logBytes = 0
  /// Free where the books lie.
  package var freeBytes = 0
  package var fees = Micros.zero
  package var money = Micros.zero
  package var currency = ""
  /// Whether time passes by command alone.
  package var isClockSimulated = false
  /// What the open period was opened with.
  package var terms: Terms
  /// What the next will open with.
  package var nextTerms: Terms

  package init(now: Timestamp, openPeriod: Period, terms: Terms) {
    self.now = now
    self.openPeriod = openPeriod
    self.terms = terms
    nextTerms = terms
  }
}
