/// What an operator sets. A period keeps a copy of its terms from the moment it opens.
package struct Terms: Sendable, Hashable, CustomStringConvertible {
  /// The fee's rate, in hundredths of a per cent, 0 to 10,000.
  package var feeBps: Int
  /// The least budget and the least pot.
  package var minimum: Micros
  /// Whether an owner has to be active to be clicked.
  package var receiveRequiresGiving: Bool

  package init(feeBps: Int = 0, minimum: Micros = Micros(2_000_000), receiveRequiresGiving: Bool = true) {
    self.feeBps = feeBps
    self.minimum = minimum
    self.receiveRequiresGiving = receiveRequiresGiving
  }

  package var description: String {
    "fee_bps \(feeBps), minimum \(minimum), receive_requires_giving \(receiveRequiresGiving ? 1 : 0)"
  }

  /// Whether an account can give now: it has an open pot, or could make one (rule 1).
  package func isActive(pot: Micros, budget: Micros, available: Micros) -> Bool {
    pot > .zero || min(budget, available) >= minimum
  }
}
