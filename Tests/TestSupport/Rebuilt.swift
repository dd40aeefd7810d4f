import Foundation
package import MeceneEngine
import MeceneLedger
import MeceneStore

/// Makes a data directory from the entries that a `KeptLog` has in a file.
///
/// - Parameter end: The last commit of the books that are to be made; nil = of the log.
/// - Returns: The last commit, and what a proof of the new books says.
@discardableResult
package func rebuildBooks(
  from file: String, into dataPath: String, through end: Int64? = nil
) throws -> Verdict {
  let entries = try KeptLog.entries(in: file).filter { $0.commit.sequence <= end ?? .max }
  let books = try Rebuilding(dataPath: dataPath)
  for entry in entries { try books.follow(entry) }
  let last = try books.finish()
  let verdict = try OfflineBooks.verify(.directory(dataPath)) { _ in }
  guard verdict.finding == nil, verdict.last == last, last.link == entries.last?.commit.link else {
    throw OtherBooks(verdict: verdict)
  }
  return verdict
}

private struct NoRows: Error {
  let reason: String
}

private struct OtherBooks: Error {
  let verdict: Verdict
}

/// After the last daemon on a directory has ended: its log gives the same books.
///
/// - Throws: When it gives others.
package func expectRebuilt(_ directory: TemporaryDirectory) throws {
  let (data, rebuilt) = (directory.path + "/data", directory.path + "/rebuilt")
  defer { try? FileManager.default.removeItem(atPath: rebuilt) }
  let found = try OfflineBooks.verify(.directory(data)) { _ in }
  let made = try rebuildBooks(from: directory.path + "/kept-log", into: rebuilt, through: found.last.number)
  guard try made == found && rows(of: data) == rows(of: rebuilt) else { throw OtherBooks(verdict: made) }
}

/// Accounts with their money, things, and what settlements left, as SQL shows them.
private func rows(of data: String) throws -> String {
  let sql = """
    SELECT id, name, display_name, budget_micros, closed, hex(secret), coalesce((SELECT t.available_after_micros || ' ' || t.pots_after_micros
      FROM transfer t WHERE t.account_id = a.id ORDER BY t.id DESC LIMIT 1), '') FROM account a ORDER BY id;
    SELECT * FROM thing ORDER BY id; SELECT * FROM settlement ORDER BY period; SELECT * FROM click; SELECT * FROM revenue;
    SELECT * FROM settlement_block; SELECT money_micros, fees_micros, hex(secret), hex(salt) FROM ledger;
    """
  let found = try Programs.run(
    path: "/usr/bin/env", ["sqlite3", "-readonly", data + "/mecene.sqlite", sql])
  guard found.code == 0 else { throw NoRows(reason: found.err) }
  return found.out
}
