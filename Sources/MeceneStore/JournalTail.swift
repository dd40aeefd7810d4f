internal import MeceneLedger

/// How far the balances of `account`, and the rows of `pot`, `account_transfer` and `key_transfer`, have followed the
/// journal. They follow in passes over all accounts, by id.
struct ProjectionPosition: Sendable, Hashable {
  /// The last transfer that every account has followed.
  var through: Int64 = 0
  /// The last transfer that accounts up to `account` have followed, while a pass is under way.
  var next: Int64 = 0
  /// The last account that the pass has reached; 0 between two passes.
  var account: Int64 = 0

  /// The last transfer that an account has followed.
  func through(_ account: Int64) -> Int64 { account <= self.account ? next : through }

  /// Looks up the position, and the journal's last transfer.
  static let sql = """
    SELECT through_transfer, next_transfer, through_account, (SELECT coalesce(max(id), 0) FROM transfer)
    FROM projection
    """

  /// What `sql` found.
  typealias Found = (position: ProjectionPosition, newest: Int64)

  /// The one row of `sql`.
  static func read(_ row: Columns) -> Found {
    (
      ProjectionPosition(through: row.integer(0), next: row.integer(1), account: row.integer(2)),
      row.integer(3)
    )
  }

  /// - Parameter found: What `sql` found; nil when there was no row.
  /// - Throws: `StoreError.damaged` when there can be no such position.
  static func check(_ found: Found?) throws(StoreError) -> Found {
    guard let found else { throw .damaged("no projection row") }
    let (position, newest) = found
    guard 0 <= position.through, position.through <= position.next, position.next <= newest,
      position.account >= 0, position.account > 0 || position.through == position.next
    else {
      let finding = Finding(
        table: "projection", key: "1",
        expected: "0 <= through_transfer <= next_transfer <= \(newest), the same between two passes",
        found: "\(position.through) and \(position.next), and account \(position.account)")
      throw .damaged("\(finding)")
    }
    return found
  }
}

/// The newest transfers of each account, by number: those that the derived rows have not followed, and a few more.
///
/// A chain for each account, from its newest transfer back: 12 bytes a transfer, in `previous` and `accounts`, and 4 bytes an
/// account, in pages of 4,096.
struct JournalTail: Sendable {
  /// Places count from 1 behind this transfer, and keep their numbers when the front is dropped.
  private var origin: Int64
  private var dropped = 0
  /// The place of the same account's transfer before; 0, or one that was dropped = none.
  private var previous: [UInt32] = []
  private var accounts: [Int64] = []
  private var newest: [Int64: [UInt32]] = [:]

  private static let pageBits: Int64 = 12
  private static let emptyPage = [UInt32](repeating: 0, count: 1 << pageBits)

  private let placesMax: Int

  /// An empty tail behind a transfer.
  ///
  /// - Parameter placesMax: After how many dropped places the others are numbered anew; they have 32 bits.
  init(base: Int64, placesMax: Int = 1 << 31) {
    origin = base
    self.placesMax = placesMax
  }

  /// The tail begins behind this transfer.
  var base: Int64 { origin + Int64(dropped) }

  /// The last transfer that the tail knows of.
  var last: Int64 { base + Int64(previous.count) }

  /// Begins anew behind a transfer, unless the tail reaches as far already.
  mutating func reach(_ transfer: Int64) {
    if last < transfer { self = JournalTail(base: transfer, placesMax: placesMax) }
  }

  /// Adds the next transfer; one that is known already, or not the next, changes nothing.
  ///
  /// - Parameter account: 0 for a movement of no account.
  mutating func append(_ transfer: Int64, account: Int64) {
    guard transfer == last + 1 else { return }
    let place = UInt32(truncatingIfNeeded: dropped + previous.count + 1)
    accounts.append(account)
    guard account > 0 else { return previous.append(0) }
    // One look-up: the page is changed in place.
    let before = Self.exchange(
      &newest[account >> Self.pageBits, default: Self.emptyPage], Self.offset(account), place)
    previous.append(before)
  }

  private static func exchange(_ page: inout [UInt32], _ offset: Int, _ place: UInt32) -> UInt32 {
    defer { page[offset] = place }
    return page[offset]
  }

  private static func offset(_ account: Int64) -> Int { Int(account & (1 << pageBits - 1)) }

  /// Forgets all transfers behind this one: they were taken back.
  mutating func removeAll(after transfer: Int64) {
    while last > transfer, let account = accounts.popLast(), let before = previous.popLast() {
      if account > 0 { newest[account >> Self.pageBits]?[Self.offset(account)] = before }
    }
  }

  /// Forgets transfers up to this one.
  mutating func removeAll(through transfer: Int64) {
    let count = Int(clamping: min(transfer, last) - base)
    guard count > 0 else { return }
    previous.removeFirst(count)
    accounts.removeFirst(count)
    dropped += count
    if dropped > placesMax { self = renumbered() }
  }

  private func renumbered() -> JournalTail {
    var tail = JournalTail(base: base, placesMax: placesMax)
    for account in accounts { tail.append(tail.last + 1, account: account) }
    return tail
  }

  /// An account's transfers behind `after` up to `through`, in their order.
  func transfers(of account: Int64, after: Int64, through: Int64) -> [Int64] {
    guard account > 0, var place = newest[account >> Self.pageBits]?[Self.offset(account)] else { return [] }
    var result: [Int64] = []
    while place > dropped {
      let transfer = origin + Int64(place)
      if transfer <= after { break }
      if transfer <= through { result.append(transfer) }
      place = previous[Int(place) - dropped - 1]
    }
    return result.reversed()
  }

  /// The next accounts behind `account` that have transfers, with those behind `after` up to `through`.
  func accounts(
    behind account: Int64, limit: Int, after: Int64, through: Int64
  ) -> [(account: Int64, transfers: [Int64])] {
    var result: [(account: Int64, transfers: [Int64])] = []
    for key in newest.keys.filter({ $0 >= account >> Self.pageBits }).sorted() {
      for offset in (newest[key] ?? []).indices {
        let candidate = key << Self.pageBits + Int64(offset)
        if candidate <= account { continue }
        let found = transfers(of: candidate, after: after, through: through)
        if found.isEmpty { continue }
        result.append((candidate, found))
        if result.count == limit { return result }
      }
    }
    return result
  }
}
