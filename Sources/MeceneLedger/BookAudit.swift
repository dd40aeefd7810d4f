/// Proves the books from the journal alone: rule 10 of the economy.
///
/// Transfers are fed in the journal's order. At every prefix no ledger account but `world` is negative, each
/// movement runs between its kind's accounts, amounts are above 0, and each kind's key is unique.
package struct BookAudit: Sendable {
  /// One account's money. Months stay after their pot is empty, with the kinds of movement that each has seen.
  private struct Holdings {
    var available: Int64 = 0
    var pots: Int64 = 0
    var months: [Month] = []
  }

  private struct Month {
    let period: Period
    var held: Int64 = 0
    var kinds: UInt16 = 0
  }

  private struct Topup: Hashable {
    let account: AccountID
    let period: Period
    let cause: Transfer.Cause
  }

  // One look-up a transfer: a dictionary keyed by ledger accounts took a third of the time of a verification.
  private var holdings: [AccountID: Holdings] = [:]
  private var world: Int64 = 0
  private var fees: Int64 = 0
  private var clearing: [Period: Int64] = [:]
  private var topups: Set<Topup> = []
  private var nextID: Int64 = 1
  private var lastPeriod: Period?
  /// Sums of `give` and of `revenue`, by period.
  package private(set) var given: [Period: Micros] = [:]
  package private(set) var received: [Period: Micros] = [:]

  package init() {}

  /// How many transfers were checked.
  package var transferCount: Int64 { nextID - 1 }

  /// What a ledger account holds after the rows so far.
  package func balance(_ account: LedgerAccount) -> Micros {
    switch account {
    case .world: Micros(world)
    case .fees: Micros(fees)
    case .clearing(let period): Micros(clearing[period] ?? 0)
    case .available(let id): Micros(holdings[id]?.available ?? 0)
    case .pot(let id, let period): Micros(holdings[id]?.months.last { $0.period == period }?.held ?? 0)
    }
  }

  /// Every pot that holds something after the rows so far, in no order.
  package var heldPots: [(account: AccountID, period: Period, held: Micros)] {
    holdings.flatMap { id, holding in
      holding.months.filter { $0.held != 0 }.map { (id, $0.period, Micros($0.held)) }
    }
  }

  /// What all pots of an account hold after the rows so far.
  package func pots(_ account: AccountID) -> Micros { Micros(holdings[account]?.pots ?? 0) }

  /// The next row of the journal.
  package mutating func check(_ transfer: Transfer) throws(Finding) {
    try expect(
      transfer, "id \(nextID), without a gap", transfer.id.rawValue == nextID, found: "id \(transfer.id)")
    nextID += 1
    try expect(transfer, "an amount above 0", transfer.amount > .zero, found: "\(transfer.amount.rawValue)")
    guard let route = transfer.route else {
      throw Finding(
        table: "transfer", key: "\(transfer.id)",
        expected: "the account and period that a \(transfer.kind) needs",
        found:
          "account \(transfer.account?.description ?? "none"), period \(transfer.forPeriod?.description ?? "none")"
      )
    }
    if let lastPeriod {
      try expect(
        transfer, "a period not before \(lastPeriod)", transfer.period >= lastPeriod,
        found: "\(transfer.period)")
    }
    lastPeriod = transfer.period
    var own = transfer.account.flatMap { holdings[$0] } ?? Holdings()
    try checkKey(transfer, &own)
    try move(transfer, route, &own)
    if let account = transfer.account {
      try expect(
        transfer, "available_after_micros \(own.available)",
        transfer.availableAfter.rawValue == own.available,
        found: "\(transfer.availableAfter.rawValue)")
      try expect(
        transfer, "pots_after_micros \(own.pots)", transfer.potsAfter.rawValue == own.pots,
        found: "\(transfer.potsAfter.rawValue)")
      holdings[account] = own
    }
    guard let period = transfer.forPeriod else { return }
    if transfer.kind.line.to == .clearing { given[period] = try sum(given[period], transfer) }
    if transfer.kind.line.from == .clearing { received[period] = try sum(received[period], transfer) }
  }

  private mutating func checkKey(_ transfer: Transfer, _ own: inout Holdings) throws(Finding) {
    // A key that a kind carries is its client's.
    let carries = transfer.kind.line.carries
    guard !carries.contains(.key), let account = transfer.account, let period = transfer.forPeriod
    else { return }
    let (needsCause, hasCause) = (carries.contains(.cause), transfer.cause != nil)
    try expect(
      transfer, needsCause ? "a cause" : "no cause", hasCause == needsCause,
      found: hasCause ? "a cause" : "none")
    let isNew: Bool
    if let cause = transfer.cause {
      isNew = topups.insert(Topup(account: account, period: period, cause: cause)).inserted
    } else {
      let mark = UInt16(1) << UInt16(transfer.kind.rawValue)
      let month = Self.month(period, of: &own)
      isNew = own.months[month].kinds & mark == 0
      own.months[month].kinds |= mark
    }
    try expect(
      transfer, "one \(transfer.kind) of its key", isNew, found: "a second \(transfer.kind) of the same key")
  }

  /// Where a month stands among an account's. The newest are asked for most.
  private static func month(_ period: Period, of own: inout Holdings) -> Int {
    if let position = own.months.lastIndex(where: { $0.period == period }) { return position }
    own.months.append(Month(period: period))
    return own.months.count - 1
  }

  private mutating func move(
    _ transfer: Transfer, _ route: (from: LedgerAccount, to: LedgerAccount), _ own: inout Holdings
  ) throws(Finding) {
    let amount = transfer.amount.rawValue
    let before = held(route.from, own)
    let (left, underflow) = before.subtractingReportingOverflow(amount)
    // What `world` has paid in is at most `Int64.max`, so that its balance has an opposite.
    let isHeld = left >= 0 || (route.from == .world && left > .min)
    try expect(
      transfer, "an amount that \(route.from) holds", !underflow && isHeld, found: "\(amount) of \(before)")
    let (right, overflow) = held(route.to, own).addingReportingOverflow(amount)
    try expect(transfer, "an amount that the ledger can hold", !overflow, found: "\(amount)")
    set(route.from, left, change: -amount, &own)
    set(route.to, right, change: amount, &own)
  }

  private func held(_ account: LedgerAccount, _ own: Holdings) -> Int64 {
    switch account {
    case .world: world
    case .fees: fees
    case .clearing(let period): clearing[period] ?? 0
    case .available: own.available
    case .pot(_, let period): own.months.last { $0.period == period }?.held ?? 0
    }
  }

  private mutating func set(_ account: LedgerAccount, _ value: Int64, change: Int64, _ own: inout Holdings) {
    switch account {
    case .world: world = value
    case .fees: fees = value
    case .clearing(let period): clearing[period] = value
    case .available: own.available = value
    case .pot(_, let period):
      own.months[Self.month(period, of: &own)].held = value
      // All money in pots came out of `available`, so their sum fits as it did there.
      own.pots &+= change
    }
  }

  /// Money can go round within a period's rows when they are wrong, and add up to more than there is.
  private func sum(_ before: Micros?, _ transfer: Transfer) throws(Finding) -> Micros {
    guard let sum = (before ?? .zero).adding(transfer.amount) else {
      throw Finding(
        table: "transfer", key: "\(transfer.id)", expected: "a sum that the ledger can hold",
        found: "\(transfer.amount.rawValue)")
    }
    return sum
  }

  private func expect(
    _ transfer: Transfer, _ expected: @autoclosure () -> String, _ holds: Bool,
    found: @autoclosure () -> String
  ) throws(Finding) {
    guard !holds else { return }
    throw Finding(table: "transfer", key: "\(transfer.id)", expected: expected(), found: found())
  }
}
