internal import MeceneLedger

/// The newest transfers of each account, by number: those that the projection lacks, and a few more.
///
/// A chain for each account, from its newest transfer back: 12 bytes a transfer, in `previous` and `accounts`, and 4 bytes an
/// account, in pages of 4,096.
struct JournalTail: Sendable {
  /// Places count from 1 behind this transfer, and keep their numbers when the front is dropped.
  private var origin: Int64
  private var dropped = 0
  /// The place of the same account's transfer before; 0, or one that was dropped = none.
  private var previous: [UInt32] = []
  /// 0 for a movement of no account.
  private var accounts: [Int64] = []
  private var newest: [Int64: [UInt32]] = [:]

  private static let pageBits: Int64 = 12
  private static let emptyPage = [UInt32](repeating: 0, count: 1 << pageBits)

  private let placesMax: Int

  /// An empty tail behind a transfer.
  ///
  /// - Parameter placesMax: After how many dropped places the others are numbered anew; they have 32 bits.
  init(base: TransferID, placesMax: Int = 1 << 31) {
    origin = base.rawValue
    self.placesMax = placesMax
  }

  /// The tail begins behind this transfer.
  var base: TransferID { TransferID(origin + Int64(dropped)) }

  /// The last transfer that the tail knows of.
  var last: TransferID { TransferID(base.rawValue + Int64(previous.count)) }

  /// Begins anew behind a transfer, unless the tail reaches as far already.
  mutating func reach(_ transfer: TransferID) {
    if last < transfer { self = JournalTail(base: transfer, placesMax: placesMax) }
  }

  /// Adds the next transfer; one that is known already, or not the next, changes nothing.
  ///
  /// - Parameter account: nil for a movement of no account.
  mutating func append(_ transfer: TransferID, account: AccountID?) {
    guard transfer.rawValue == last.rawValue + 1 else { return }
    let place = UInt32(truncatingIfNeeded: dropped + previous.count + 1)
    let account = account?.rawValue ?? 0
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
  mutating func removeAll(after transfer: TransferID) {
    while last > transfer, let account = accounts.popLast(), let before = previous.popLast() {
      if account > 0 { newest[account >> Self.pageBits]?[Self.offset(account)] = before }
    }
  }

  /// Forgets transfers up to this one.
  mutating func removeAll(through transfer: TransferID) {
    let count = Int(clamping: min(transfer, last).rawValue - base.rawValue)
    guard count > 0 else { return }
    previous.removeFirst(count)
    accounts.removeFirst(count)
    dropped += count
    if dropped > placesMax { self = renumbered() }
  }

  private func renumbered() -> JournalTail {
    var tail = JournalTail(base: base, placesMax: placesMax)
    for account in accounts {
      tail.append(
        TransferID(tail.last.rawValue + 1), account: account > 0 ? AccountID(account) : nil)
    }
    return tail
  }

  /// An account's transfers behind `after` up to `through`, in their order.
  func transfers(of account: AccountID, after: TransferID, through: TransferID) -> [TransferID] {
    let account = account.rawValue
    guard account > 0, var place = newest[account >> Self.pageBits]?[Self.offset(account)] else { return [] }
    var result: [TransferID] = []
    while place > dropped {
      let transfer = TransferID(origin + Int64(place))
      if transfer <= after { break }
      if transfer <= through { result.append(transfer) }
      place = previous[Int(place) - dropped - 1]
    }
    return result.reversed()
  }

  /// The next accounts behind `account` that have transfers, with those behind `after` up to `through`.
  func accounts(
    behind account: AccountID, limit: Int, after: TransferID, through: TransferID
  ) -> [(account: AccountID, transfers: [TransferID])] {
    var result: [(account: AccountID, transfers: [TransferID])] = []
    for key in newest.keys.filter({ $0 >= account.rawValue >> Self.pageBits }).sorted() {
      for offset in (newest[key] ?? []).indices {
        let candidate = AccountID(key << Self.pageBits + Int64(offset))
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
