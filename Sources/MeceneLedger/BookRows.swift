/// An account as the books have it.
package struct AccountRow: Sendable {
  let id: AccountID
  let fingerprint: Fingerprint?
  let budget: Micros
  let available: Micros
  let pots: Micros
  let isClosed: Bool

  /// - Parameter fingerprint: nil when the row has none that can be.
  package init(
    id: AccountID, fingerprint: Fingerprint?, budget: Micros, available: Micros, pots: Micros,
    isClosed: Bool
  ) {
    self.id = id
    self.fingerprint = fingerprint
    self.budget = budget
    self.available = available
    self.pots = pots
    self.isClosed = isClosed
  }
}

/// A thing as the books have it.
package struct ThingRow: Sendable {
  let id: ThingID
  let fingerprint: Fingerprint?
  let owner: AccountID
  let isRetired: Bool

  /// - Parameter fingerprint: nil when the row has none that can be.
  package init(id: ThingID, fingerprint: Fingerprint?, owner: AccountID, isRetired: Bool) {
    self.id = id
    self.fingerprint = fingerprint
    self.owner = owner
    self.isRetired = isRetired
  }
}
