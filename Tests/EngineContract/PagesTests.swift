import MeceneEngine
import MeceneLedger
import TestSupport
import Testing

/// Lists, page by page: whatever the size of a page, the pages together are the whole, in its order, each entry once.
@Suite struct PagesTests {
  private static let sizes = [1, 2, 3, 7, 100]

  /// Walks a list to its end.
  private func walk<Item, Cursor>(
    limit: Int, _ page: (Cursor?, Int) async throws -> (items: [Item], hasMore: Bool),
    cursor: (Item) -> Cursor
  ) async throws -> [Item] {
    var items: [Item] = []
    while true {
      let next = try await page(items.last.map(cursor), limit)
      #expect(next.items.count <= limit && (next.items.count == limit || !next.hasMore))
      items += next.items
      guard next.hasMore, !next.items.isEmpty else { return items }
    }
  }

  /// Seven accounts and their things, some hidden; the first clicks on most; two months.
  private func live(_ subject: Subject) async throws {
    try await subject.engine.populate(accounts: 7)
    for n in 8...12 as ClosedRange<Int64> {
      try await subject.engine.addThing("https://example.org/\(n)", owner: 2, hidden: n % 2 == 0)
    }
    for n in 2...12 as ClosedRange<Int64> { try await subject.perform(.click(.number(1), .number(n), nil)) }
    for n in 0..<6 { try await subject.perform(.deposit(.number(1), Micros(1), RequestKey("n\(n)"))) }
    try await subject.setClock(november2026.next)
    for n in 0..<4 { try await subject.perform(.deposit(.number(1), Micros(5_000_000), RequestKey("d\(n)"))) }
    for n in 3...6 as ClosedRange<Int64> { try await subject.perform(.click(.number(1), .number(n), nil)) }
  }

  @Test(arguments: EngineKind.allCases)
  func `accounts and things come in the order of their numbers`(kind: EngineKind) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await live(subject)
      for limit in Self.sizes {
        let accounts: [AccountRecord] = try await walk(limit: limit) { after, limit in
          let found = try await subject.engine.read(.accounts(after: after, limit: limit + 1))
          return (Array(found.prefix(limit)), found.count > limit)
        } cursor: {
          $0.id
        }
        #expect(accounts.map(\.id.rawValue) == Array(1...7))
        for (owner, expected) in [
          (nil, [1, 2, 3, 4, 5, 6, 7, 9, 11]), (.number(2), [2, 8, 9, 10, 11, 12]),
        ]
          as [(AccountReference?, [Int64])]
        {
          let things: [ThingRecord] = try await walk(limit: limit) { after, limit in
            let page = try await subject.engine.read(
              .things(owner: owner, after: after, limit: limit, bytesMax: .max))
            return (page.things, page.hasMore)
          } cursor: {
            $0.id
          }
          #expect(things.map(\.id.rawValue) == expected)
        }
      }
      // A page that is full of bytes has one thing at least.
      let narrow = try await subject.engine.read(.things(owner: nil, after: nil, limit: 9, bytesMax: 1))
      #expect(narrow.things.map(\.id.rawValue) == [1] && narrow.hasMore)
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `a statement goes on from its opening balance, of one month or of all`(kind: EngineKind) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await live(subject)
      for period in [nil, november2026, november2026.next] {
        for limit in Self.sizes {
          var balances: [(Micros, Micros)] = []
          let entries: [Transfer] = try await walk(limit: limit) { after, limit in
            let page = try await subject.engine.read(
              .statement(.number(1), period: period, after: after, limit: limit))
            balances.append((page.openingAvailable, page.openingPots))
            return (page.entries.map(\.transfer), page.hasMore)
          } cursor: {
            $0.id
          }
          let whole = try await subject.engine.read(.journal(period: nil, after: nil, limit: 1_000)).map(
            \.transfer
          ).filter { $0.account == AccountID(1) }
          #expect(entries == whole.filter { period == nil || $0.period == period })
          // Each page opens with what the movement before it left.
          for (position, opening) in balances.enumerated() {
            let before =
              position == 0
              ? whole.last { $0.period < period ?? Period(number: 0) }
              : entries[position * limit - 1]
            #expect(opening == (before?.availableAfter ?? .zero, before?.potsAfter ?? .zero))
          }
        }
      }
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `the journal has every movement once, with its key and the account's name`(kind: EngineKind)
    async throws
  {
    try await Subject.live(kind) { (subject) async throws in
      try await live(subject)
      for limit in Self.sizes {
        let entries = try await walk(limit: limit) { after, limit in
          let found = try await subject.engine.read(.journal(period: nil, after: after, limit: limit + 1))
          return (Array(found.prefix(limit)), found.count > limit)
        } cursor: {
          $0.transfer.id
        }
        #expect(entries.map(\.transfer.id.rawValue) == Array(1...Int64(entries.count)))
        #expect(entries.filter { $0.key == "d3" }.map(\.accountName) == ["account1"])
        #expect(entries.count { $0.key == "first" } == 7)
        let month = try await subject.engine.read(
          .journal(period: november2026.next, after: nil, limit: 1_000))
        #expect(month.map(\.transfer) == entries.map(\.transfer).filter { $0.period == november2026.next })
      }
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `clicks and revenue are the same before and after the settlement`(kind: EngineKind) async throws {
    try await Subject.live(kind, terms: Terms(feeBps: 300)) { subject in
      try await live(subject)
      var before: (clicks: [[Int64]], revenue: [[Int64]])?
      for isSettled in [false, true] {
        if isSettled { _ = try await subject.engine.settle(november2026) { _ in } }
        for limit in Self.sizes {
          let clicks = try await walk(limit: limit) { after, limit in
            let page = try await subject.engine.closedClicks(
              .number(1), november2026, after: after, limit: limit)
            #expect(page.clicksTotal == 11 && page.settled == isSettled && page.pot == Micros(10_000_000))
            #expect(page.fee == Micros(300_000))
            return (zip(page.things, page.shares).map { [$0.rawValue, $1.rawValue] }, page.hasMore)
          } cursor: {
            ThingID($0[0])
          }
          let revenue = try await walk(limit: limit) { after, limit in
            let page = try await subject.engine.revenue(.number(2), november2026, after: after, limit: limit)
            #expect(page.settled == isSettled && page.clicksTotal == 6)
            return (
              page.things.map { [$0.thing.rawValue, Int64($0.clicks), $0.micros.rawValue] }, page.hasMore
            )
          } cursor: {
            ThingID($0[0])
          }
          #expect(clicks.map { $0[0] } == Array(2...12) && clicks.map { $0[1] }.reduce(0, +) == 9_700_000)
          #expect(revenue.map { $0[0] } == [2, 8, 9, 10, 11, 12])
          if let before { #expect(clicks == before.clicks && revenue == before.revenue) }
          before = (clicks, revenue)
        }
      }
      // The open month's are asked of the engine as it decides.
      for limit in Self.sizes {
        let open = try await walk(limit: limit) { after, limit in
          guard
            case .clicks(let page) = try await subject.perform(
              .openClicks(.number(1), nil, after: after, limit: limit))
          else { throw Unexpected() }
          #expect(page.clicksTotal == 4 && !page.settled)
          return (page.things, page.hasMore)
        } cursor: {
          $0
        }
        #expect(open.map(\.rawValue) == [3, 4, 5, 6])
      }
    }
  }

  @Test(arguments: EngineKind.allCases)
  func `what things are called comes in one look-up`(kind: EngineKind) async throws {
    try await Subject.live(kind) { (subject) async throws in
      try await live(subject)
      let ids = [1, 2, 8, 12].map { ThingID($0) }
      let labels = try await subject.engine.read(.labels(of: ids, bytesMax: .max))
      #expect(
        labels.map(\.id) == ids
          && labels.map(\.ownerName) == ["account1", "account2", "account2", "account2"])
      #expect(labels.map(\.url) == ids.map { "https://example.org/\($0)" })
      let cut = try await subject.engine.read(.labels(of: ids, bytesMax: 1))
      #expect(cut == Array(labels.prefix(1)))
      #expect(
        await subject.refusal {
          _ = try await $0.read(.labels(of: [ThingID(1), ThingID(13)], bytesMax: .max))
        } == .thingNotFound)
    }
  }
}
