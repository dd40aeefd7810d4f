import GRDB
import MeceneProof
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneStore

@Suite struct MigrationTests {
  /// Two accounts, a thing, a keyed deposit, a pot and a withdrawal of fees, as version 2 wrote them.
  private static let version2Rows = """
    INSERT INTO ledger VALUES (1, 'EUR', zeroblob(32), 1793491200000, 1, 17000000, 3000000);
    INSERT INTO period VALUES (682, '2026-11', 1, 0, 2000000, 1);
    INSERT INTO commit_log VALUES (1, 1793491200000, 0, zeroblob(32), zeroblob(32), NULL);
    INSERT INTO account VALUES (1, 1, 'anna', 'Anna', 5000000, 15000000, 5000000, 0);
    INSERT INTO account VALUES (2, 1, 'bert', 'Bert', 5000000, 0, 0, 0);
    INSERT INTO thing VALUES (1, 1, 2, 'https://a.org', zeroblob(16), 'A', '', 0, 0);
    INSERT INTO transfer VALUES (1, 1, 1, 1, 20000000, 682, NULL, NULL, NULL, 20000000, 0);
    INSERT INTO transfer VALUES (2, 1, 3, 1, 5000000, 682, 682, NULL, NULL, 15000000, 5000000);
    INSERT INTO transfer VALUES (3, 1, 2, NULL, 3000000, 682, NULL, NULL, NULL, 0, 0);
    INSERT INTO request_key VALUES (1, 'first', 1);
    INSERT INTO request_key VALUES (0, 'fees', 3);
    INSERT INTO pot VALUES (682, 1, 5000000, 5000000);
    \(ClickLogTable.create(november.period));
    """

  @Test func `books of version 2 are brought up to this version whole`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/mecene.sqlite"
    let old = try DatabaseQueue(path: path)
    try Schema.migrator().migrate(old, upTo: "2")
    try old.write { try $0.execute(sql: Self.version2Rows) }
    try old.close()

    let book = try BookFile(
      path: path,
      identity: BookFile.Identity(
        currency: "EUR", secret: [UInt8](repeating: 0, count: 32), createdAt: november, isSimulated: true))
    try book.read { snapshot in
      let anna = try snapshot.statement(.id(AccountID(1)), period: nil, after: nil, limit: 9)
      #expect(anna.entries.map(\.transfer.id.rawValue) == [1, 2])
      #expect(
        anna.account.money
          == AccountMoney(
            budget: Micros(5_000_000), available: Micros(15_000_000), pot: Micros(5_000_000),
            pots: Micros(5_000_000)))
      #expect(try snapshot.thing(.id(ThingID(1))).ownerName == "bert")
      #expect(try snapshot.pots(of: november.period).map(\.pot) == [Micros(5_000_000)])
    }
    let writer = try book.makeWriter()
    #expect(try writer.keyedTransfer(AccountID(1), RequestKey("first"))?.id == TransferID(1))
    #expect(try writer.keyedTransfer(nil, RequestKey("fees"))?.id == TransferID(3))
    #expect(try writer.keyedTransfer(AccountID(2), RequestKey("first")) == nil)
  }
}
