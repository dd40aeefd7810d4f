import MeceneConcurrency
import MeceneProof
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneStore

/// Balances, pots and statements while the derived rows are behind the journal, a little or by far.
@Suite struct ProjectionTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `what is read never depends on how far the derived rows are`(seed: UInt64) throws {
    let books = try Books(seed: seed)
    for _ in 0..<60 {
      try books.commit()
      if Bool.random(using: &books.random) {
        try books.writer.project(accounts: Int.random(in: 1...4, using: &books.random))
      }
      try books.book.read(books.check)
      try books.reader.read(books.check)
      // A second process, which is told of nothing.
      try books.elsewhere.read(books.check)
      try books.checkKeys(books.writer)
    }
    try books.book.read { snapshot in
      try snapshot.checkDerivedColumns(against: books.audit)
    }
  }

  @Test func `a snapshot stays what it was while passes come and go`() throws {
    let books = try Books(seed: 99)
    for _ in 0..<20 { try books.commit() }
    try books.book.read { snapshot in
      let (expected, transfers) = (books.ledger, books.transfers)
      for _ in 0..<4 {
        for _ in 0..<5 { try books.commit() }
        repeat { try books.writer.project(accounts: 3) } while books.writer.transfersBehind > 0
        try books.check(snapshot, expected, transfers)
      }
    }
  }

  @Test(arguments: [0, 3, 1_000])
  func `a ledger that is read back is the one that was written`(accountsProjected: Int) throws {
    let books = try Books(seed: 7)
    for _ in 0..<80 { try books.commit() }
    if accountsProjected > 0 { try books.writer.project(accounts: accountsProjected) }
    try books.commit()
    let again = try BookFile(path: books.path, identity: Books.identity)
    let writer = try again.makeWriter()
    let ledger = try #require(
      try writer.load(terms: Terms(feeBps: 250)))
    for n in 1...Books.accounts {
      #expect(ledger.money(of: AccountID(n)) == books.ledger.money(of: AccountID(n)))
    }
    try books.checkKeys(writer)
    books.ledger.turnNext(accounts: .max)
    #expect(ledger.unsettled.map(\.pots.left.count) == books.ledger.unsettled.map(\.pots.left.count))
    repeat { try writer.project(accounts: 2) } while writer.transfersBehind > 0
    try again.read { try books.check($0, books.ledger, books.transfers) }
    try again.read { try $0.checkDerivedColumns(against: books.audit) }
    try books.checkKeys(writer)
  }

  @Test func `transfers that were taken back leave no trace in the tail`() throws {
    let books = try Books(seed: 3)
    for _ in 0..<10 { try books.commit() }
    let before = books.writer.transfersBehind
    try books.writer.begin(sequence: 1_000, time: november)
    try books.writer.append([
      .transfer(
        Transfer(
          id: TransferID(Int64(books.transfers.count + 1)), kind: .deposit, account: AccountID(1),
          amount: Micros(1),
          period: november.period, forPeriod: nil, cause: nil, committedAt: november,
          availableAfter: Micros(1), potsAfter: .zero)),
      .keyBound(AccountID(1), try RequestKey("taken-back"), TransferID(Int64(books.transfers.count + 1))),
    ])
    #expect(try books.writer.keyedTransfer(AccountID(1), RequestKey("taken-back")) != nil)
    books.writer.rollback()
    #expect(try books.writer.keyedTransfer(AccountID(1), RequestKey("taken-back")) == nil)
    #expect(books.writer.transfersBehind == before)
    try books.commit()
    try books.book.read(books.check)
  }

  @Test func `a slice that fails changes nothing, and a later one goes on`() throws {
    let books = try Books(seed: 21)
    for _ in 0..<6 { try books.commit() }
    let pot = try #require(books.transfers.first { $0.kind == .potOpen })
    let account = try #require(pot.account).rawValue
    let period = try #require(pot.forPeriod).number
    // No larger sum fits the column.
    let tampering = try SQLiteConnection(DatabaseLocation(path: books.path))
    try tampering.execute("INSERT INTO pot VALUES (\(period), \(account), \(Int64.max), 0)")
    #expect(throws: StoreError.self) {
      repeat { try books.writer.project(accounts: 100) } while books.writer.transfersBehind > 0
    }
    try tampering.execute("DELETE FROM pot WHERE set_aside_micros = \(Int64.max)")
    try books.book.read(books.check)
    repeat { try books.writer.project(accounts: 2) } while books.writer.transfersBehind > 0
    try books.book.read(books.check)
    try books.book.read { try $0.checkDerivedColumns(against: books.audit) }
    try books.checkKeys(books.writer)
  }

  @Test func `books that have lost their months are damage, and no new ledger`() throws {
    let books = try Books(seed: 8)
    for _ in 0..<5 { try books.commit() }
    try SQLiteConnection(DatabaseLocation(path: books.path)).execute("DELETE FROM period")
    // As after a commit that failed: a start looks at the schema first, and finds the months' logs.
    #expect(throws: StoreError.damaged("period number: expected a month, found none")) {
      _ = try books.writer.load(terms: Terms(feeBps: 250))
    }
  }

  @Test func `a gap in the tail is damage`() throws {
    let books = try Books(seed: 8)
    for _ in 0..<5 { try books.commit() }
    try SQLiteConnection(DatabaseLocation(path: books.path)).execute("DELETE FROM transfer WHERE id = 4")
    let writer = try BookFile(path: books.path, identity: Books.identity).makeWriter()
    #expect(throws: StoreError.self) {
      _ = try writer.load(terms: Terms(feeBps: 250))
    }
  }

  @Test(arguments: ["through_transfer = 1000000", "next_transfer = -1", "through_account = -4"])
  func `a position that can't be is damage`(change: String) throws {
    let books = try Books(seed: 5)
    try books.commit()
    try SQLiteConnection(DatabaseLocation(path: books.path)).execute("UPDATE projection SET \(change)")
    #expect(throws: StoreError.self) { try books.book.read { _ in } }
    let writer = try BookFile(path: books.path, identity: Books.identity).makeWriter()
    #expect(throws: StoreError.self) {
      _ = try writer.load(terms: Terms(feeBps: 250))
    }
  }
}

/// A ledger, its file, and what a reader has to find there.
private final class Books {
  static let accounts: Int64 = 9
  static let identity = BookFile.Identity(
    currency: "EUR", createdAt: november, isSimulated: true)
  static var emptyLedger: Ledger { Ledger(currency: "EUR", terms: Terms(feeBps: 250), at: november) }

  let directory: TemporaryDirectory
  let book: BookFile
  let reader: BookReader
  let elsewhere: BookFile
  let writer: BookWriter
  var random: SeededGenerator
  var ledger = Books.emptyLedger
  var audit = BookAudit()
  var transfers: [Transfer] = []
  private var keys: [(account: AccountID, key: RequestKey, transfer: TransferID)] = []
  private var sequence: Int64 = 0
  private var time = november
  var path: String { directory.path + "/mecene.sqlite" }

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    directory = try TemporaryDirectory()
    let path = directory.path + "/mecene.sqlite"
    book = try BookFile(path: path, identity: Self.identity)
    writer = try book.makeWriter()
    reader = try book.makeReader()
    _ = try writer.load(terms: Terms(feeBps: 250))
    elsewhere = try BookFile(readingOnly: path)
    var commands: [Command] = []
    for n in 1...Self.accounts {
      commands.append(
        .openAccount(
          name: try AccountName("account-\(n)"), fingerprint: zeroKey.fingerprint(of: "account-\(n)"),
          displayName: try text(""), budget: Micros(5_000_000)))
      commands.append(deposit(n, 20_000_000))
      let url = try CanonicalURL("https://a.org/\(n)")
      commands.append(
        .addThing(
          NewThing(
            owner: .id(AccountID(n)), url: url, fingerprint: zeroKey.fingerprint(of: "a.org/\(n)"),
            title: try text(""),
            description: try text(""), hidden: false)))
    }
    try commit(commands)
  }

  private func text(_ text: String) throws -> PlainText {
    try PlainText(text, field: "text", charactersMax: 9)
  }

  private func deposit(_ account: Int64, _ amount: Int64) -> Command {
    let key = try? RequestKey("key-\(random.next())")
    return key.map { .deposit(.id(AccountID(account)), Micros(amount), $0) } ?? .tick
  }

  /// A few random commands, or a month's end, or a settlement's step.
  func commit() throws {
    var commands: [Command] = []
    let account = { [self] in Int64.random(in: 1...Self.accounts, using: &random) }
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      switch Int.random(in: 0..<10, using: &random) {
      case 0...2: commands.append(deposit(account(), Int64.random(in: 1...9_000_000, using: &random)))
      case 3:
        commands.append(
          .setBudget(.id(AccountID(account())), Micros(Int64.random(in: 2...9, using: &random) * 1_000_000)))
      case 4 where Int.random(in: 0..<4, using: &random) == 0: time = time.period.next.start
      case 5: commands += try settlement()
      default: commands.append(.click(.id(AccountID(account())), .id(ThingID(account())), nil))
      }
    }
    try commit(commands)
  }

  /// A whole settlement of the oldest closed month, or the part of it that pays nobody.
  private func settlement() throws -> [Command] {
    guard let period = ledger.oldestUnsettled, ledger.settlementProgress?.digest == nil else { return [] }
    let data = try elsewhere.periodData(period) { _, _ in }
    let owners = try elsewhere.owners()
    let plan = try SettlementPlan(
      period: period, terms: data.terms, pots: data.pots, clicks: data.clicks,
      owner: { owners[Int($0.rawValue) - 1] })
    let begin: [Command] = [
      .planSettlement(plan, plan.seal(secrets: try elsewhere.accountSecrets())),
      .drainPots(plan, 0..<plan.patrons.count / 2),
    ]
    if Int.random(in: 0..<4, using: &random) == 0 { return begin }
    return begin + [
      .drainPots(plan, 0..<plan.patrons.count), .payOwners(plan, 0..<plan.owners.count),
      .finishSettlement(plan),
    ]
  }

  private func commit(_ commands: [Command]) throws {
    sequence += 1
    ledger.advance(to: time)
    try writer.begin(sequence: sequence, time: ledger.now)
    for command in commands { _ = try? ledger.apply(command) }
    let effects = ledger.takeEffects()
    try writer.append(effects)
    try ledger.takeClicks { try writer.append($0) }
    try writer.write(money: ledger.money, fees: ledger.fees)
    try writer.commit(writer.seal(after: []))
    for effect in effects {
      switch effect {
      case .transfer(let transfer):
        try audit.check(transfer)
        transfers.append(transfer)
      case .keyBound(let account?, let key, let transfer): keys.append((account, key, transfer))
      default: break
      }
    }
  }

  /// Every key that was used leads to its transfer, and no other does.
  func checkKeys(_ writer: BookWriter) throws {
    for (account, key, transfer) in keys {
      #expect(try writer.keyedTransfer(account, key)?.id == transfer)
      #expect(try writer.keyedTransfer(AccountID(account.rawValue + 1), key) == nil)
    }
  }

  func check(_ snapshot: BookSnapshot) throws { try check(snapshot, ledger, transfers) }

  func check(_ snapshot: BookSnapshot, _ ledger: Ledger, _ transfers: [Transfer]) throws {
    for record in try snapshot.accounts(after: nil, limit: 100) {
      #expect(record.money == ledger.money(of: record.id))
      let own = transfers.filter { $0.account == record.id }
      let page = try snapshot.statement(.id(record.id), period: nil, after: nil, limit: 1_000)
      #expect(page.entries.map(\.transfer) == own && !page.hasMore && page.account == record)
      // From the middle, and of one month.
      if let middle = own.dropFirst(own.count / 2).first {
        let rest = try snapshot.statement(.id(record.id), period: nil, after: middle.id, limit: 2)
        let expected = own.filter { $0.id > middle.id }
        #expect(
          rest.entries.map(\.transfer) == Array(expected.prefix(2)) && rest.hasMore == (expected.count > 2))
        #expect(rest.openingAvailable == middle.availableAfter && rest.openingPots == middle.potsAfter)
        let month = try snapshot.statement(.id(record.id), period: middle.period, after: nil, limit: 1_000)
        #expect(month.entries.map(\.transfer) == own.filter { $0.period == middle.period })
        let before = own.last { $0.period < middle.period }
        #expect(month.openingAvailable == before?.availableAfter ?? .zero)
      }
      for period in Set(own.compactMap(\.forPeriod)) {
        let setAside = own.filter { $0.forPeriod == period && [.potOpen, .potTopup].contains($0.kind) }
          .reduce(0) { $0 + $1.amount.rawValue }
        #expect(try snapshot.pot(record.id, period) == Micros(setAside))
        let of = try snapshot.pots(of: period).first { $0.patron == record.id }
        #expect(of?.pot ?? .zero == Micros(setAside))
      }
    }
  }
}
