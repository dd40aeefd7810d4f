import Foundation
import GRDB
import TestSupport
import Testing

@testable import MeceneStore

/// Books from before the first release.
@Suite struct FirstVersionTests {
  /// The header and the ledger's row, as their daemon wrote them.
  private func makeOldBooks(_ directory: TemporaryDirectory) throws -> String {
    let path = directory.path + "/mecene.sqlite"
    let old = try DatabaseQueue(path: path)
    try old.write { db in
      try db.execute(
        sql: """
          PRAGMA application_id = 0x4d434e31;
          CREATE TABLE ledger (id INTEGER PRIMARY KEY CHECK (id = 1), currency TEXT NOT NULL, secret BLOB NOT NULL) STRICT;
          INSERT INTO ledger VALUES (1, 'EUR', zeroblob(32));
          """)
    }
    try old.close()
    return path
  }

  @Test func `they are refused with a sentence, and stay as they are`() throws {
    let directory = try TemporaryDirectory()
    let path = try makeOldBooks(directory)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let identity = BookFile.Identity(currency: "EUR", createdAt: november, isSimulated: true)
    #expect(throws: StoreError.firstVersion(path: path)) { _ = try BookFile(path: path, identity: identity) }
    #expect(throws: StoreError.firstVersion(path: path)) { _ = try BookFile(readingOnly: path) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func `a file of another program is another refusal`() throws {
    let directory = try TemporaryDirectory()
    let path = try makeOldBooks(directory)
    let other = try DatabaseQueue(path: path)
    try other.write { try $0.execute(sql: "PRAGMA application_id = 7") }
    try other.close()
    #expect(throws: StoreError.notALedger(path: path)) { _ = try BookFile(readingOnly: path) }
  }
}
