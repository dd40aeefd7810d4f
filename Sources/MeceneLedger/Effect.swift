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
  case accountOpened(AccountID, name: String, Fingerprint, displayName: String, budget: Micros)
  case accountChanged(id: Int64, AccountID, AccountChange)
  case thingAdded(ThingID, owner: AccountID, NewThing)
  case thingChanged(id: Int64, ThingID, ThingChange)
  case transfer(Transfer)
  case keyBound(AccountID?, RequestKey, TransferID)
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
