internal import Foundation
internal import GRDB
package import MeceneLedger

// What a receipt is made of.
extension BookFile {
  /// The roots of a settlement's blocks of leaves, by tree and first leaf.
  package func storedBlocks(_ period: Period) throws -> [SettlementSeal.Block] {
    try read { snapshot in
      try snapshot.all(
        "SELECT tree, first_account_id, hash FROM settlement_block WHERE period = ? ORDER BY tree, first_account_id",
        [period.number]
      ) { row in
        guard let tree = SettlementSeal.Tree(rawValue: row.integer(0)) else {
          throw Finding(
            table: "settlement_block", key: "\(period) tree", expected: "1 or 2", found: "\(row.integer(0))")
        }
        return SettlementSeal.Block(tree: tree, first: AccountID(row.integer(1)), hash: row.blob(2))
      }
    }
  }

  /// The secret, the pot and the filed clicks of each patron from `first` up to but not with `end`, by id.
  package func forEachPatronPart(
    _ period: Period, from first: AccountID, to end: AccountID,
    _ body: (AccountID, _ secret: [UInt8], Micros, [PatronLeaf.Click]) -> Void
  ) throws {
    try read { snapshot in
      for (patron, pot) in try snapshot.pots(of: period, patrons: first..<end) {
        try Task.checkCancellation()
        let clicks = try snapshot.all(
          """
          SELECT c.thing_id, t.owner_id, c.share_micros FROM click c JOIN thing t ON t.id = c.thing_id
          WHERE c.period = ? AND c.patron_id = ? ORDER BY c.thing_id
          """, [period.number, patron.rawValue]
        ) {
          PatronLeaf.Click(
            thing: ThingID($0.integer(0)), owner: AccountID($0.integer(1)), share: Micros($0.integer(2)))
        }
        let secret = try snapshot.first("SELECT secret FROM account WHERE id = ?", [patron.rawValue]) {
          $0.blob(0)
        }
        body(patron, secret ?? [], pot, clicks)
      }
    }
  }

  /// What owners from `first` up to but not with `end` received, by id, each with its secret.
  package func ownerLeaves(
    _ period: Period, from first: AccountID, to end: AccountID
  ) throws -> [(leaf: OwnerLeaf, secret: [UInt8])] {
    try read { snapshot in
      try snapshot.all(
        """
        SELECT r.owner_id, sum(r.clicks), sum(r.micros), a.secret FROM revenue r
        JOIN account a ON a.id = r.owner_id
        WHERE r.period = ? AND r.owner_id >= ? AND r.owner_id < ? GROUP BY r.owner_id ORDER BY r.owner_id
        """, [period.number, first.rawValue, end.rawValue]
      ) {
        (
          leaf: OwnerLeaf(
            id: AccountID($0.integer(0)), clicks: $0.integer(1), micros: Micros($0.integer(2))),
          secret: $0.blob(3)
        )
      }
    }
  }
}
