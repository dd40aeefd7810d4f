/// How much of a settlement is one commit: as much as takes 8 ms, because whoever clicks meanwhile waits for it.
struct StepSize {
  /// Nanoseconds.
  private static let target: UInt64 = 8_000_000
  private static let costs = 512...65_536
  /// What a person's own rows take, in rows of clicks or things.
  private static let costPerPerson = 8

  private var cost = 2_048

  /// Whether a step of so many rows, of so many people, takes another person.
  func takes(cost rows: Int, people: Int) -> Bool {
    #if DEBUG
      if let step = Faults.settlementStep { return people < step }
    #endif
    return rows + people * Self.costPerPerson < cost
  }

  /// Learns from how long a step took, in nanoseconds.
  mutating func learn(took: UInt64) {
    let factor = Double(Self.target) / Double(max(took, 1))
    cost = min(
      max(Int(Double(cost) * min(max(factor, 0.5), 1.5)), Self.costs.lowerBound), Self.costs.upperBound)
  }
}
