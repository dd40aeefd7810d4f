internal import MeceneLedger

/// Client keys whose rows `key_transfer` does not have yet, by a hash of account and key: 16 bytes each. A hash only leads to
/// transfers that may be the key's; their rows decide, so one that was taken back may stay.
///
/// Two generations, so that a pass that ends forgets what it has projected at once.
struct RecentKeys {
  private struct Generation {
    var transfers: [Int: TransferID] = [:]
    /// Those whose hash is taken.
    var others: [TransferID] = []
  }

  private var current = Generation()
  private var projected = Generation()

  private static func hash(_ account: Int64, _ key: String) -> Int {
    var hasher = Hasher()
    hasher.combine(account)
    hasher.combine(key)
    return hasher.finalize()
  }

  mutating func insert(_ account: Int64, _ key: String, _ transfer: TransferID) {
    let hash = Self.hash(account, key)
    if current.transfers[hash] == nil {
      current.transfers[hash] = transfer
    } else {
      current.others.append(transfer)
    }
  }

  /// The transfers that may have been made with this key.
  func candidates(_ account: Int64, _ key: String) -> [TransferID] {
    let hash = Self.hash(account, key)
    return [current.transfers[hash], projected.transfers[hash]].compactMap(\.self) + current.others
      + projected.others
  }

  /// A pass begins: it will project all keys that there are.
  mutating func beginPass() {
    // Of a pass that failed: this one projects them too.
    guard projected.transfers.isEmpty else { return }
    projected = current
    current = Generation()
  }

  /// A pass has ended.
  mutating func endPass() { projected = Generation() }
}
