import Foundation
import Testing

@testable import MeceneLedger
@testable import MeceneStore

/// What is said of the journal's tables, against the schema and the docs.
@Suite struct JournalTableTests {
  @Test func `numbers follow each other, and every one has a table`() {
    #expect(JournalTable.all.map(\.number) == CanonicalRows.Number.allCases)
  }

  @Test func `a table says in SQL what its list of columns says`() {
    #expect(
      AccountChangeTable.table.stored.create == """
        CREATE TABLE account_change (
          id INTEGER PRIMARY KEY,
          commit_sequence INTEGER NOT NULL,
          salt BLOB,
          account_id INTEGER NOT NULL,
          display_name TEXT,
          budget_micros INTEGER,
          closed INTEGER
        ) STRICT;
        """)
    #expect(
      RequestKeyTable.projected.create == """
        CREATE TABLE key_transfer (
          -- derived
          account_id INTEGER NOT NULL,
          key TEXT NOT NULL,
          transfer_id INTEGER NOT NULL,
          PRIMARY KEY (account_id, key)
        ) STRICT, WITHOUT ROWID;
        """)
    #expect(
      ThingTable.table.stored.create.hasSuffix(
        "STRICT;\nCREATE INDEX thing_by_owner ON thing (owner_id, id);"))
  }

  @Test func `whatever somebody typed is salted, and what is salted can be erased`() throws {
    // A column of text that is none of these needs a reason.
    let plain = JournalTable.all.flatMap { table in
      table.columns.filter { $0.kind == .text && !$0.isCommitted }.map { "\(table.name).\($0.name)" }
    }
    #expect(plain == ["ledger.currency"])
    for table in JournalTable.all where table.hasCommitments {
      #expect(table.stored.columns.contains(JournalTable.salt))
      for column in table.columns where column.isCommitted { #expect(column.isNullable) }
    }
  }

  @Test(arguments: Schema.tables.map(\.name))
  func `docs/data-model.md names every column`(name: String) throws {
    let table = try #require(Schema.tables.first { $0.name == name })
    let lines = try String(contentsOfFile: "docs/data-model.md", encoding: .utf8).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix("| `\(name)` |") })
    for column in table.columns + table.derived
    where !["id", "commit_sequence", "salt"].contains(column.name) {
      #expect(line.contains("`\(column.name)`"), "\(name): \(column.name)")
    }
  }

  @Test(arguments: JournalTable.all.map(\.number))
  func `docs/data-model.md holds the columns of the chain`(number: CanonicalRows.Number) throws {
    let table = try #require(JournalTable.all.first { $0.number == number })
    let columns = table.columns.map { "`\($0.name)`" + ($0.isCommitted ? " (salted)" : "") }
      .joined(separator: ", ")
    let lines = try String(contentsOfFile: "docs/data-model.md", encoding: .utf8).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("| \(number.rawValue) | `\(table.name)` |") }
    #expect(line?.hasSuffix("| \(columns) |") == true, "\(table.name): \(columns)")
  }
}
