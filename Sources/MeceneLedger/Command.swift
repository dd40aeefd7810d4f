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
  /// Asks for a page of a patron's clicks of the open period, which only the ledger knows fast.
  indirect case openClicks(AccountReference, Period?, after: ThingID?, limit: Int)

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
