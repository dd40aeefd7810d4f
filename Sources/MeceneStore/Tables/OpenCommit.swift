internal import MeceneLedger

/// The commit under way.
struct OpenCommit {
  var sequence: Int64 = 0
  var time = Timestamp(milliseconds: 0)
  /// Salts and secrets of its rows.
  var salts: Salts
  /// What was appended since it began.
  var rows = CanonicalRows()
  var clickRows: Int64 = 0

  /// A row's time: the commit under way has no row yet.
  func time(_ row: Columns, _ column: Int32) -> Timestamp {
    row.isNull(column) ? time : Timestamp(milliseconds: row.integer(column))
  }
}
