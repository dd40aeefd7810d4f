internal import MeceneLedger

extension Transfer.Kind {
  /// Kinds as SQL lists them, such as `1, 2`: those that a request's key belongs to.
  static let keyed = sqlList { $0.carries.contains(.key) }
  static let intoPots = sqlList { $0.to == .pot }
  static let outOfPots = sqlList { $0.from == .pot }
  static let intoClearing = sqlList { $0.to == .clearing }
  static let outOfClearing = sqlList { $0.from == .clearing }

  private static func sqlList(_ has: (ChartOfAccounts.Line) -> Bool) -> String {
    ChartOfAccounts.kinds(where: has).map { "\($0.rawValue)" }.joined(separator: ", ")
  }
}
