/// Proves the books from the journal alone: rule 10 of the economy.
///
/// Transfers are fed in the journal's order. At every prefix no ledger account but `world` is negative, each
/// movement runs between its kind's accounts, amounts are above 0, and each kind's key is unique.
package struct BookAudit: Sendable {
  private struct UniqueKey: Hashable {
    let kind: Transfer.Kind
    let account: AccountID?
    let period: Period?
    let cause: Transfer.Cause?
  }

  private var balances: [LedgerAccount: Micros] = [:]
  private var potsOf: [AccountID: Micros] = [:]
  private var keys: Set<UniqueKey> = []
  private var nextID: Int64 = 1
  private var lastPeriod: Period?
  /// Sums of `give`, of `revenue` and of returned pots, by period.
  package private(set) var given: [Period: Micros] = [:]
  package private(set) var received: [Period: Micros] = [:]

  package init() {}

  /// How many transfers were checked.
  package var transferCount: Int64 { nextID - 1 }

  /// What a ledger account holds after the rows so far.
  package func balance(_ account: LedgerAccount) -> Micros { balances[account] ?? .zero }

  /// What all pots of an account hold after the rows so far.
  package func pots(_ account: AccountID) -> Micros { potsOf[account] ?? .zero }

  /// The next row of the journal.
  package mutating func check(_ transfer: Transfer) throws(Finding) {
    try expect(transfer, "id \(nextID), without a gap", transfer.id == nextID, found: "id \(transfer.id)")
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
    try checkKey(transfer)
    try move(transfer, route.from, route.to)
    if let account = transfer.account {
      let available = balance(.available(account))
      try expect(
        transfer, "available_after_micros \(available.rawValue)", transfer.availableAfter == available,
        found: "\(transfer.availableAfter.rawValue)")
      try expect(
        transfer, "pots_after_micros \(pots(account).rawValue)", transfer.potsAfter == pots(account),
        found: "\(transfer.potsAfter.rawValue)")
    }
  }

  private mutating func checkKey(_ transfer: Transfer) throws(Finding) {
    if transfer.kind == .deposit || transfer.kind == .withdraw { return }
    let key = UniqueKey(
      kind: transfer.kind, account: transfer.account, period: transfer.forPeriod, cause: transfer.cause)
    let hasCause = transfer.cause != nil
    try expect(
      transfer, transfer.kind == .potTopup ? "a cause" : "no cause", hasCause == (transfer.kind == .potTopup),
      found: hasCause ? "a cause" : "none")
    let isNew = keys.insert(key).inserted
    try expect(
      transfer, "one \(transfer.kind) of its key", isNew, found: "a second \(transfer.kind) of the same key")
  }

  private mutating func move(
    _ transfer: Transfer, _ from: LedgerAccount, _ to: LedgerAccount
  ) throws(Finding) {
    let left = balance(from).rawValue.subtractingReportingOverflow(transfer.amount.rawValue)
    let right = balance(to).rawValue.addingReportingOverflow(transfer.amount.rawValue)
    // What `world` has paid in is at most `Int64.max`, so that its balance has an opposite.
    let isHeld = left.partialValue >= 0 || (from == .world && left.partialValue > .min)
    try expect(
      transfer, "an amount that \(from) holds", !left.overflow && isHeld,
      found: "\(transfer.amount.rawValue) of \(balance(from).rawValue)")
    try expect(
      transfer, "an amount that the ledger can hold", !right.overflow, found: "\(transfer.amount.rawValue)")
    // Empty accounts are forgotten, so that memory follows the accounts in use and not the journal's length.
    balances[from] = left.partialValue == 0 ? nil : Micros(left.partialValue)
    balances[to] = right.partialValue == 0 ? nil : Micros(right.partialValue)
    if case .pot(let account, _) = from { potsOf[account] = pots(account) - transfer.amount }
    if case .pot(let account, _) = to { potsOf[account] = pots(account) + transfer.amount }
    guard let period = transfer.forPeriod else { return }
    if transfer.kind == .give { given[period] = try sum(given[period], transfer) }
    if transfer.kind == .revenue { received[period] = try sum(received[period], transfer) }
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
