internal import MeceneClient
internal import MeceneLedger

extension TransferKind {
  /// The sign that an amount has for its account; none where money only moves between available and pots.
  var sign: String {
    guard let line = MeceneLedger.Transfer.Kind(rawValue: Int(rawValue))?.line,
      line.from.isOwn != line.to.isOwn
    else { return "" }
    return line.to.isOwn ? "+" : "-"
  }
}
