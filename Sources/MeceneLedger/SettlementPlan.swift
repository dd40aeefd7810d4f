/// What the settlement of one period does: a pure function of the period's pots and clicks (rule 7).
///
/// The same data give the same plan, and the words of its leaves give the same digest. Patrons and owners stand in
/// the order of their ids, clicks in the order of patron and thing.
package final class SettlementPlan: Sendable {
  /// One patron's part. `clicks` are positions in `things` and `shares`.
  package struct Patron: Sendable, Hashable {
    package let id: AccountID
    package let pot: Micros
    package let fee: Micros
    package let clicks: Range<Int>
  }

  /// One owner's part. `things` are positions in `revenue`.
  package struct Owner: Sendable, Hashable {
    package let id: AccountID
    package let clicks: Int
    package let micros: Micros
    package let things: Range<Int>
  }

  /// What one thing earned.
  package struct ThingRevenue: Sendable, Hashable {
    package let thing: ThingID
    package let clicks: Int
    package let micros: Micros

    package init(thing: ThingID, clicks: Int, micros: Micros) {
      self.thing = thing
      self.clicks = clicks
      self.micros = micros
    }
  }

  /// The sums that the digest's header and a summary hold.
  package struct Totals: Sendable, Hashable {
    package var pots = 0
    package var clicks = 0
    package var owners = 0
    package var potsMicros = Micros.zero
    package var feesMicros = Micros.zero
    package var revenueMicros = Micros.zero
    package var returnedMicros = Micros.zero

    package init() {}
  }

  /// A piece of what is filed of one patron or owner.
  package enum Piece: Sendable {
    /// Positions in `things` and `shares`.
    case clicks(of: AccountID, Range<Int>)
    /// Positions in `revenue`.
    case revenue(of: AccountID, Range<Int>)
    /// Positions in the seal's blocks. All of them are filed before the first pot is drained.
    case blocks(SettlementSeal, Range<Int>)
  }

  /// Whose clicks or things are more is filed in pieces of so many before the money moves: together they would keep others
  /// waiting for too long.
  package static let rowsAtOnce = 4_096

  package let period: Period
  package let terms: Terms
  package let patrons: [Patron]
  package let things: [ThingID]
  package let shares: [Micros]
  package let owners: [Owner]
  package let revenue: [ThingRevenue]
  package let totals: Totals
  private let ownerOf: [AccountID]

  /// Makes the plan of a period.
  ///
  /// - Parameters:
  ///   - pots: Every patron's pot, by patron id.
  ///   - clicks: The clicks that stand, by patron and thing.
  ///   - owner: Who owns a thing; nil for a thing that does not exist.
  /// - Throws: A `Finding` for the first row that no sound books hold: a pot that is not above 0, a click without a
  ///   pot or without a thing, an owner's own click, pots beyond `Int64.max` in all.
  package init(
    period: Period, terms: Terms, pots: [(patron: AccountID, pot: Micros)],
    clicks: [(patron: AccountID, thing: ThingID)], owner: (ThingID) -> AccountID?
  ) throws(Finding) {
    guard period.number >= 0, period <= .last, (0...10_000).contains(terms.feeBps) else {
      throw Finding(
        table: "period", key: "\(period.number)",
        expected: "a month up to \(Period.last) and a fee up to 10000",
        found: "a fee of \(terms.feeBps)")
    }
    self.period = period
    self.terms = terms
    var patrons: [Patron] = []
    var shares: [Micros] = []
    var totals = Totals()
    patrons.reserveCapacity(pots.count)
    shares.reserveCapacity(clicks.count)
    var next = 0
    for (patron, pot) in pots {
      guard patron.rawValue >= 1, pot > .zero, let potsMicros = totals.potsMicros.adding(pot) else {
        throw Finding(
          table: "pot", key: "\(period) \(patron)",
          expected: "a patron, and an amount above 0 that fits the ledger",
          found: "\(pot.rawValue)")
      }
      let first = next
      while next < clicks.count, clicks[next].patron == patron { next += 1 }
      let split = Split(
        pot: pot, feeBps: terms.feeBps, clicks: next - first, patron: patron, period: period)
      for j in 0..<(next - first) { shares.append(split.share(at: j)) }
      patrons.append(Patron(id: patron, pot: pot, fee: split.fee, clicks: first..<next))
      totals.potsMicros = potsMicros
      totals.feesMicros += split.fee
      totals.revenueMicros += split.given
      if first == next { totals.returnedMicros += pot }
    }
    if next < clicks.count {
      throw Self.finding(period, clicks[next], "a patron with a pot", "none")
    }
    var ownerOf: [AccountID] = []
    ownerOf.reserveCapacity(clicks.count)
    var newestThing = ThingID(0)
    for click in clicks {
      guard let owner = owner(click.thing), UInt32(exactly: owner.rawValue) ?? 0 > 0,
        UInt32(exactly: click.thing.rawValue) != nil
      else {
        throw Self.finding(period, click, "a thing with an owner", "none")
      }
      if owner == click.patron {
        throw Self.finding(period, click, "a thing of another owner", "an own thing")
      }
      ownerOf.append(owner)
      newestThing = max(newestThing, click.thing)
    }
    var earnings = [Earning](repeating: Earning(), count: Int(newestThing.rawValue) + 1)
    for (position, click) in clicks.enumerated() {
      earnings[Int(click.thing.rawValue)].add(shares[position], owner: ownerOf[position])
    }
    (owners, revenue) = Self.addUp(earnings)
    totals.pots = patrons.count
    totals.clicks = clicks.count
    totals.owners = owners.count
    self.patrons = patrons
    things = clicks.map(\.thing)
    self.shares = shares
    self.ownerOf = ownerOf
    self.totals = totals
  }

  private static func finding(
    _ period: Period, _ click: (patron: AccountID, thing: ThingID), _ expected: String, _ found: String
  ) -> Finding {
    Finding(
      table: "click", key: "\(period) \(click.patron) \(click.thing)", expected: expected, found: found)
  }

  /// What a thing's clicks bring its owner.
  private struct Earning {
    private(set) var owner: UInt32 = 0
    private(set) var clicks: UInt32 = 0
    private(set) var micros = Micros.zero

    mutating func add(_ share: Micros, owner: AccountID) {
      self.owner = UInt32(truncatingIfNeeded: owner.rawValue)
      clicks += 1
      micros += share
    }
  }

  /// Sums by owner and thing.
  ///
  /// - Parameter earnings: By thing.
  private static func addUp(_ earnings: [Earning]) -> (owners: [Owner], revenue: [ThingRevenue]) {
    let keys = earnings.indices.filter { earnings[$0].clicks > 0 }
      .map { UInt64(earnings[$0].owner) << 32 | UInt64($0) }
    var owners: [Owner] = []
    var revenue: [ThingRevenue] = []
    revenue.reserveCapacity(keys.count)
    let sorted = RadixSort.sorted(keys)
    var position = 0
    while position < sorted.count {
      let owner = sorted[position] >> 32
      let firstThing = revenue.count
      var (clicks, earned) = (0, Micros.zero)
      while position < sorted.count, sorted[position] >> 32 == owner {
        let thing = Int(sorted[position] & 0xffff_ffff)
        let earning = earnings[thing]
        revenue.append(
          ThingRevenue(thing: ThingID(Int64(thing)), clicks: Int(earning.clicks), micros: earning.micros))
        clicks += Int(earning.clicks)
        earned += earning.micros
        position += 1
      }
      owners.append(
        Owner(
          id: AccountID(Int64(owner)), clicks: clicks, micros: earned, things: firstThing..<revenue.count))
    }
    return (owners, revenue)
  }

  /// A page of a patron's clicks, by thing.
  package func clicks(of patron: AccountID, after: ThingID?, limit: Int) -> ClickPage {
    let part = patrons.first(from: { $0.id >= patron }).flatMap { $0.id == patron ? $0 : nil }
    let all = things[part?.clicks ?? 0..<0]
    let page = all[all.firstPosition { after == nil || $0 > after ?? ThingID(0) }...].prefix(limit)
    return ClickPage(
      period: period, patron: patron, clicks: page.indices.map { (things[$0], shares[$0]) },
      hasMore: page.endIndex < all.endIndex, total: all.count, pot: part?.pot ?? .zero,
      fee: part?.fee ?? .zero, settled: false)
  }

  /// A page of what an owner would get, by thing.
  package func revenue(of owner: AccountID, after: ThingID?, limit: Int) -> RevenuePage {
    let part = owners.first(from: { $0.id >= owner }).flatMap { $0.id == owner ? $0 : nil }
    let all = revenue[part?.things ?? 0..<0]
    let page = all[all.firstPosition { after == nil || $0.thing > after ?? ThingID(0) }...].prefix(limit)
    return RevenuePage(
      period: period, things: Array(page), hasMore: page.endIndex < all.endIndex,
      clicksTotal: part?.clicks ?? 0, microsTotal: part?.micros ?? .zero, settled: false)
  }

  /// What stands before the two roots in the digest.
  package var header: SettlementHeader { SettlementHeader(period, feeBps: terms.feeBps, totals) }

  /// A patron's leaf.
  package func patronLeaf(at position: Int) -> PatronLeaf {
    let patron = patrons[position]
    return PatronLeaf(id: patron.id, pot: patron.pot, fee: patron.fee, clicks: patron.clicks.map(click))
  }

  /// Appends the words of a patron's leaf.
  package func appendPatronLeaf(at position: Int, to words: inout [UInt64]) {
    let patron = patrons[position]
    PatronLeaf.append(
      id: patron.id, pot: patron.pot, fee: patron.fee, clicks: patron.clicks, to: &words, click: click)
  }

  private func click(at position: Int) -> PatronLeaf.Click {
    PatronLeaf.Click(thing: things[position], owner: ownerOf[position], share: shares[position])
  }

  /// An owner's leaf.
  package func ownerLeaf(at position: Int) -> OwnerLeaf {
    let owner = owners[position]
    return OwnerLeaf(id: owner.id, clicks: Int64(owner.clicks), micros: owner.micros)
  }
}

extension RandomAccessCollection where Index == Int {
  /// The position from which on something holds; it holds for all elements behind the first for which it does.
  fileprivate func firstPosition(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  fileprivate func first(from holds: (Element) -> Bool) -> Element? {
    let position = firstPosition(where: holds)
    return position < endIndex ? self[position] : nil
  }
}
