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
    // Their turn is brought to its end, and long lists of clicks are put in order to be read.
    var (mine, its) = (self, other)
    mine.turnNext(accounts: .max)
    its.turnNext(accounts: .max)
    try Self.compare(
      "settlement", "months to settle", mine.unsettled.map(\.period), its.unsettled.map(\.period))
    for (mine, its) in zip(mine.unsettled, its.unsettled) { try Self.compare(mine, its) }
    for position in accounts.indices { try mine.compare(AccountIndex(UInt32(position)), &its) }
  }

  private mutating func compare(_ index: AccountIndex, _ other: inout Ledger) throws(Finding) {
    try Self.compare("account", "\(index.id) budget", accounts[index].budget, other.accounts[index].budget)
    try Self.compare(
      "account", "\(index.id) available", accounts[index].available, other.accounts[index].available)
    try Self.compare("account", "\(index.id) pots", accounts[index].pots, other.accounts[index].pots)
    let (mine, its) = (standings[index], other.standings[index])
    try Self.compare("account", "\(index.id) closed", mine.isClosed, its.isClosed)
    try Self.compare("pot", "\(open.period) \(index.id)", mine.openPot, its.openPot)
    try Self.compare("click_log", "\(open.period) \(index.id)", mine.clicks, its.clicks)
    if mine.clicks == 0 { return }
    try Finding.expect(
      "click_log", "\(open.period) \(index.id)", "the same things",
      clickedThings(index) == other.clickedThings(index))
  }

  private mutating func clickedThings(_ index: AccountIndex) -> [UInt32] {
    var head = standings[index].newestClick
    return open.clicks.page(from: &head, after: nil, limit: .max).things
  }

  private static func compare(_ mine: UnsettledPeriod, _ its: UnsettledPeriod) throws(Finding) {
    let key = "\(mine.period)"
    try compare("period", key, mine.terms, its.terms)
    // A ledger that began later does not know.
    if mine.clicks != nil, its.clicks != nil { try compare("click_log", key, mine.clicks, its.clicks) }
    try compare("settlement", "\(key) digest", mine.digest, its.digest)
    try compare(
      "settlement", "\(key) progress", [mine.drainedThrough, mine.paidThrough],
      [its.drainedThrough, its.paidThrough])
    try compare("settlement", "\(key) clearing", mine.clearing, its.clearing)
    for (mine, its) in zip(mine.pots.left, its.pots.left) {
      try compare("pot", key, mine.account, its.account)
      try compare("pot", "\(key) \(mine.account)", mine.amount, its.amount)
    }
    try compare("pot", "\(key), number of", mine.pots.left.count, its.pots.left.count)
  }

  private static func compare<Value: Equatable>(
    _ table: String, _ key: @autoclosure () -> String, _ mine: Value, _ its: Value
  ) throws(Finding) {
    if mine == its { return }
    throw Finding(table: table, key: key(), expected: "\(mine)", found: "\(its)")
  }
}
