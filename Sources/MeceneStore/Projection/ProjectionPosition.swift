internal import MeceneLedger

/// How far the projection is: the balances of `account`, and the rows of `pot`, `account_transfer` and `key_transfer`. The
/// journal is projected in passes over all accounts, by id.
struct ProjectionPosition: Sendable, Hashable {
  static let table = StoredTable(
    name: "projection",
    derived: [
      .integer("id").constrained("PRIMARY KEY CHECK (id = 1)"), .integer("through_transfer"),
      .integer("next_transfer"), .integer("through_account"),
    ])

  /// The last transfer that is projected for every account.
  var through = TransferID(0)
  /// The last transfer that is projected for accounts up to `account`, while a pass is under way.
  var next = TransferID(0)
  /// The last account that the pass has reached; 0 between two passes.
  var account = AccountID(0)

  var isBetweenPasses: Bool { account == AccountID(0) }

  /// The last transfer that is projected for an account.
  func through(_ account: AccountID) -> TransferID { account <= self.account ? next : through }

  /// Looks up the position, and the journal's last transfer.
  static let sql = """
    SELECT through_transfer, next_transfer, through_account, (SELECT coalesce(max(id), 0) FROM transfer)
    FROM projection
    """

  /// What `sql` found.
  typealias Found = (position: ProjectionPosition, newest: TransferID)

  /// The one row of `sql`.
  static func read(_ row: Columns) -> Found {
    (
      ProjectionPosition(
        through: TransferID(row.integer(0)), next: TransferID(row.integer(1)),
        account: AccountID(row.integer(2))), TransferID(row.integer(3))
    )
  }

  /// - Parameter found: What `sql` found; nil when there was no row.
  /// - Throws: `StoreError.damaged` when there can be no such position.
  static func check(_ found: Found?) throws(StoreError) -> Found {
    guard let found else { throw .damaged("no projection row") }
    let (position, newest) = found
    guard TransferID(0) <= position.through, position.through <= position.next, position.next <= newest,
      AccountID(0) <= position.account, !position.isBetweenPasses || position.through == position.next
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
