/// What can be asked of the ledger. One command is decided at one instant, whole or not at all.
///
/// Large cases stand behind a pointer: a click, the command there are most of, is copied several times on its way, and
/// would be 150 bytes otherwise.
package enum Command: Sendable {
  indirect case openAccount(
    name: AccountName, fingerprint: Fingerprint, displayName: PlainText, budget: Micros)
  indirect case updateAccount(AccountReference, displayName: PlainText?)
  case setBudget(AccountReference, Micros)
  indirect case deposit(AccountReference, Micros, RequestKey)
  indirect case withdraw(MoneySource, Micros, RequestKey)
  case closeAccount(AccountReference)

  indirect case addThing(NewThing)
  indirect case updateThing(ThingReference, title: PlainText?, description: PlainText?, hidden: Bool?)
  case retireThing(ThingReference)
  case reviveThing(ThingReference)

  case click(AccountReference, ThingReference, Period?)
  /// - Parameter positions: Which of them are decided now; nil = all.
  indirect case clickMany(patrons: [UInt64], things: [UInt64], Period?, positions: Range<Int>? = nil)
  case undoClick(AccountReference, ThingReference, Period?)

  /// Compares the next rows of a plan, so many at the most, with what the ledger knows, which `planSettlement` does to the end.
  indirect case checkPlan(SettlementPlan, rows: Int)
  /// Fixes the plan of the oldest closed period.
  indirect case planSettlement(SettlementPlan, SettlementSeal)
  /// Pass 1 for the plan's patrons at these positions.
  indirect case drainPots(SettlementPlan, Range<Int>)
  /// Pass 2 for the plan's owners at these positions.
  indirect case payOwners(SettlementPlan, Range<Int>)
  /// Ends the settlement.
  case finishSettlement(SettlementPlan)

  /// Does nothing but let time pass.
  case tick
}

/// What `addThing` needs.
package struct NewThing: Sendable {
  package let owner: AccountReference
  package let url: CanonicalURL
  package let fingerprint: Fingerprint
  package let title: PlainText
  package let description: PlainText
  package let hidden: Bool

  package init(
    owner: AccountReference, url: CanonicalURL, fingerprint: Fingerprint, title: PlainText,
    description: PlainText,
    hidden: Bool
  ) {
    self.owner = owner
    self.url = url
    self.fingerprint = fingerprint
    self.title = title
    self.description = description
    self.hidden = hidden
  }
}

/// What an earlier request with the same key made: looked up before a keyed command is decided.
package struct KeyedTransfer: Sendable, Hashable {
  package let transfer: Transfer
  package init(transfer: Transfer) { self.transfer = transfer }
}

/// What a command came to. Refusals are thrown.
package enum Outcome: Sendable {
  /// An account was opened or changed.
  case account(AccountID)
  case thing(ThingID, alreadyAdded: Bool)
  indirect case transfer(Transfer, replayed: Bool)
  case clicked(PatronStanding, alreadyClicked: Bool)
  case undone(PatronStanding, wasClicked: Bool)
  indirect case clickedMany(ClickManyOutcome)
  /// A step of a settlement, or time passing.
  case done
}

/// Where a patron stands in the open period.
package struct PatronStanding: Sendable, Hashable {
  package let period: Period
  package let clicks: Int
  /// What each click is worth at least.
  package let share: Micros
  package let pot: Micros

  package init(period: Period, clicks: Int, share: Micros, pot: Micros) {
    self.period = period
    self.clicks = clicks
    self.share = share
    self.pot = pot
  }
}

/// What became of many clicks.
package struct ClickManyOutcome: Sendable, Hashable {
  package let period: Period
  package var clicked = 0
  package var alreadyClicked = 0
  package var refusedIndexes: [UInt32] = []
  package var refusedReasons: [Refusal.Reason] = []

  /// Adds what became of later ones.
  package mutating func add(_ later: ClickManyOutcome) {
    clicked += later.clicked
    alreadyClicked += later.alreadyClicked
    refusedIndexes += later.refusedIndexes
    refusedReasons += later.refusedReasons
  }

  /// Adds clicks that came too late for the period.
  package mutating func addLate(_ positions: Range<Int>) {
    refusedIndexes += positions.map { UInt32($0) }
    refusedReasons += positions.map { _ in .periodClosed }
  }
}

/// A page of a patron's clicks of one period, by thing id, with what each is or was worth.
package struct ClickPage: Sendable, Hashable {
  package let period: Period
  package let patron: AccountID
  package let things: [ThingID]
  package let shares: [Micros]
  package let hasMore: Bool
  package let clicksTotal: Int
  package let pot: Micros
  package let fee: Micros
  package let settled: Bool

  /// A page of clicks with their shares.
  package init(
    period: Period, patron: AccountID, clicks: [(thing: ThingID, share: Micros)], hasMore: Bool, total: Int,
    pot: Micros, fee: Micros, settled: Bool
  ) {
    self.period = period
    self.patron = patron
    things = clicks.map(\.thing)
    shares = clicks.map(\.share)
    self.hasMore = hasMore
    clicksTotal = total
    self.pot = pot
    self.fee = fee
    self.settled = settled
  }
}

/// A click that was made or undone, as a row to append to the books. These are most of all rows, so they have a list of
/// their own.
package struct ClickEffect: Sendable, Hashable {
  package let patron: AccountID
  package let thing: ThingID
  package let isUndone: Bool

  package init(patron: AccountID, thing: ThingID, isUndone: Bool) {
    self.patron = patron
    self.thing = thing
    self.isUndone = isUndone
  }
}

/// Another row to append to the books. Everything that happened is one of these or a click, and state follows from
/// them alone.
package enum Effect: Sendable {
  case periodOpened(Period, Terms)
  case accountOpened(AccountID, name: String, displayName: String, budget: Micros)
  case accountChanged(id: Int64, AccountID, AccountChange)
  case thingAdded(ThingID, owner: AccountID, NewThing)
  case thingChanged(id: Int64, ThingID, ThingChange)
  case transfer(Transfer)
  case keyBound(AccountID?, RequestKey, transferID: Int64)
  case settlementPlanned(SettlementPlan, SettlementSeal)
  /// Pass 1 reached these patrons; their clicks are filed.
  case potsDrained(SettlementPlan, Range<Int>)
  /// Pass 2 reached these owners; their revenue is filed.
  case ownersPaid(SettlementPlan, Range<Int>)
  case settlementFinished(Period)
}

/// What changed of an account; nil = unchanged.
package struct AccountChange: Sendable, Hashable {
  package var displayName: String?
  package var budget: Micros?
  package var closed: Bool?

  package init(displayName: String? = nil, budget: Micros? = nil, closed: Bool? = nil) {
    self.displayName = displayName
    self.budget = budget
    self.closed = closed
  }
}

/// What changed of a thing; nil = unchanged.
package struct ThingChange: Sendable, Hashable {
  package var title: String?
  package var description: String?
  package var hidden: Bool?
  package var retired: Bool?

  package init(title: String? = nil, description: String? = nil, hidden: Bool? = nil, retired: Bool? = nil) {
    self.title = title
    self.description = description
    self.hidden = hidden
    self.retired = retired
  }
}
