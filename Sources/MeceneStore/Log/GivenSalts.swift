/// Salts and secrets of an entry of a log, by table in the order of its rows.
struct GivenSalts {
  /// Empty for a row without a text.
  var salts: [CanonicalRows.Number: ArraySlice<[UInt8]>] = [:]
  /// Of the accounts.
  var secrets: ArraySlice<[UInt8]> = []
}
