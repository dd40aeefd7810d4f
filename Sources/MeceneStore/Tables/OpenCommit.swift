internal import MeceneLedger
internal import MeceneProof

/// The commit under way.
struct OpenCommit {
  var sequence: Int64 = 0
  var time = Timestamp(milliseconds: 0)
  /// Where salts and secrets of its rows come from, unless they are given.
  var random: RandomBytes
  /// Those of the log's entry that it follows.
  var given: GivenSalts?
  /// What was appended since it began.
  var rows = CanonicalRows()
  var clickRows: Int64 = 0

  /// The next row's salt.
  mutating func takeSalt(of table: CanonicalRows.Number, _ count: Int) -> [UInt8] {
    guard given == nil else { return given?.salts[table]?.popFirst() ?? [] }
    return count == 0 ? [] : random.take(count)
  }

  /// The next account's secret.
  mutating func takeSecret() -> [UInt8] {
    guard given == nil else { return given?.secrets.popFirst() ?? [] }
    return random.take(AccountSecrets.bytesEach)
  }

  /// A row's time: the commit under way has no row yet.
  func time(_ row: Columns, _ column: Int32) -> Timestamp {
    row.isNull(column) ? time : Timestamp(milliseconds: row.integer(column))
  }
}
