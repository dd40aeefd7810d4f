internal import MeceneLedger

/// What transfers change of pots.
struct PotChanges {
  struct Change {
    let period: Int64
    let account: Int64
    /// All that went in, and what is still there, in micros.
    var setAside: Int64
    var held: Int64
  }

  private(set) var changes: [Change] = []

  /// Adds a movement to the change before it, when that is of the same pot.
  mutating func add(account: Int64, kind: Transfer.Kind?, amount: Int64, period: Int64?) {
    guard let line = kind?.line, let period else { return }
    if line.to == .pot { add(Change(period: period, account: account, setAside: amount, held: amount)) }
    if line.from == .pot { add(Change(period: period, account: account, setAside: 0, held: 0 &- amount)) }
  }

  /// Adds what a transfer changes.
  mutating func add(_ transfer: Transfer) {
    guard let account = transfer.account else { return }
    add(
      account: account.rawValue, kind: transfer.kind, amount: transfer.amount.rawValue,
      period: transfer.forPeriod.map { Int64($0.number) })
  }

  mutating func add(_ change: Change) {
    if let last = changes.last, last.period == change.period, last.account == change.account {
      changes[changes.count - 1].setAside &+= change.setAside
      changes[changes.count - 1].held &+= change.held
    } else {
      changes.append(change)
    }
  }

  /// One change for each pot, by period and account.
  mutating func combine() {
    var combined = PotChanges()
    for change in changes.sorted(by: { ($0.period, $0.account) < ($1.period, $1.account) }) {
      combined.add(change)
    }
    self = combined
  }
}
