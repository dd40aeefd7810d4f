/// What a command came to. Refusals are thrown. Large cases stand behind a pointer: see `Command`.
///
/// Texts stay in the books: a record is nil until they have added how the account or thing stands.
package enum Outcome: Sendable {
  /// An account was opened or changed.
  indirect case account(AccountID, AccountRecord? = nil)
  indirect case thing(ThingID, ThingRecord? = nil, alreadyAdded: Bool)
  indirect case transfer(Transfer, replayed: Bool)
  case clicked(PatronStanding, alreadyClicked: Bool)
  case undone(PatronStanding, wasClicked: Bool)
  indirect case clickedMany(ClickManyOutcome)
  indirect case clicks(ClickPage)
  /// Time moved to this.
  case clock(Timestamp, openPeriod: Period)
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
