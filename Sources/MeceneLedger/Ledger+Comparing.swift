extension Ledger {
  /// Compares all that this ledger decides by with another of the same books, except what the next month opens with.
  ///
  /// - Throws: A `Finding` of the first that is otherwise there.
  package func check(against other: Ledger) throws(Finding) {
    try Self.compare("ledger", "time", now.milliseconds, other.now.milliseconds)
    try Self.compare("ledger", "sums", [money, fees], [other.money, other.fees])
    try Self.compare(
      "ledger", "numbers", [transferCount, accountChangeCount, thingChangeCount],
      [other.transferCount, other.accountChangeCount, other.thingChangeCount])
    try Self.compare("period", "first", firstPeriod, other.firstPeriod)
    try Self.compare("period", "open", open.period, other.open.period)
    try Self.compare("period", "terms", open.terms, other.open.terms)
    try Self.compare("settlement", "last", lastSettled, other.lastSettled)
    try Self.compare("account", "number of", accounts.count, other.accounts.count)
    try Finding.expect("account", "names", "the same names", accountNames == other.accountNames)
    try Self.compare("thing", "number of", things.count, other.things.count)
    try Finding.expect("thing", "url", "the same URLs", thingURLs == other.thingURLs)
    try Finding.expect("thing", "owner_id", "the same owners, and retired things", things == other.things)
    var (mine, its) = (self, other)
    mine.turnNext(accounts: .max)
    its.turnNext(accounts: .max)
    try Self.compare(
      "settlement", "months to settle", mine.unsettled.map(\.period), its.unsettled.map(\.period))
    for (mine, its) in zip(mine.unsettled, its.unsettled) { try Self.compare(mine, its) }
    for position in accounts.indices {
      let index = AccountIndex(UInt32(position))
      try Self.compare("account", "\(index.id)", mine.part(of: index), its.part(of: index))
    }
  }

  /// All that is decided by of one account.
  private struct Part: Equatable {
    let account: AccountState
    let isClosed: Bool
    let openPot: Micros
    let clicks: [UInt32]
  }

  private mutating func part(of index: AccountIndex) -> Part {
    let clicks = open.clicks.page(from: &standings[index].newestClick, after: nil, limit: .max)
    return Part(
      account: accounts[index], isClosed: standings[index].isClosed, openPot: standings[index].openPot,
      clicks: clicks.things)
  }

  private static func compare(_ mine: UnsettledPeriod, _ its: UnsettledPeriod) throws(Finding) {
    let key = "\(mine.period)"
    try compare("period", key, mine.terms, its.terms)
    try compare("settlement", "\(key) digest", mine.digest, its.digest)
    try compare(
      "settlement", "\(key) progress", [mine.drainedThrough, mine.paidThrough],
      [its.drainedThrough, its.paidThrough])
    try compare("settlement", "\(key) clearing", mine.clearing, its.clearing)
    for (mine, its) in zip(mine.pots.left, its.pots.left) {
      try compare("pot", "\(key) \(mine.account)", mine.account, its.account)
      try compare("pot", "\(key) \(mine.account)", mine.amount, its.amount)
    }
    try compare("pot", "\(key), number of", mine.pots.left.count, its.pots.left.count)
  }

  private static func compare<Value: Equatable>(
    _ table: String, _ key: String, _ mine: Value, _ its: Value
  ) throws(Finding) {
    if mine == its { return }
    throw Finding(table: table, key: key, expected: "\(mine)", found: "\(its)")
  }
}
