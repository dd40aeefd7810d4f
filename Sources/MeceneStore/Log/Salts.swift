internal import MeceneProof

/// Where a commit's salts and secrets come from: drawn anew, or those that an entry of a log has.
enum Salts {
  case fresh(RandomBytes)
  case given(GivenSalts)

  /// The next row's; nil when the row has no text.
  mutating func salt(for table: CanonicalRows.Number, isNeeded: Bool) -> [UInt8]? {
    switch self {
    case .fresh(var random):
      guard isNeeded else { return nil }
      defer { self = .fresh(random) }
      return random.take(Commitment.saltBytes)
    case .given(var given):
      defer { self = .given(given) }
      return given.salts[table]?.popFirst() ?? nil
    }
  }

  /// The next account's.
  mutating func secret() -> [UInt8] {
    switch self {
    case .fresh(var random):
      defer { self = .fresh(random) }
      return random.take(AccountSecrets.bytesEach)
    case .given(var given):
      defer { self = .given(given) }
      return given.secrets.popFirst() ?? []
    }
  }
}

/// Those of an entry, by table in the order of its rows.
struct GivenSalts {
  var salts: [CanonicalRows.Number: ArraySlice<[UInt8]?>] = [:]
  /// Of the accounts.
  var secrets: ArraySlice<[UInt8]> = []
}
