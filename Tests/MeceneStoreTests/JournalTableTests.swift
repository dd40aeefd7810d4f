import Foundation
import GRDB
import Testing

@testable import MeceneLedger
@testable import MeceneStore

/// What is said of the journal's tables, against the schema and the docs.
@Suite struct JournalTableTests {
  @Test func `numbers follow each other, and every one has a table`() {
    #expect(JournalTable.all.map(\.number) == CanonicalRows.Number.allCases)
  }

  @Test(arguments: JournalTable.all.map(\.number))
  func `the columns of the chain are the schema's, of the same kind`(number: CanonicalRows.Number) throws {
    let table = try #require(JournalTable.all.first { $0.number == number })
    let books = try DatabaseQueue()
    try Schema.migrator().migrate(books)
    let november = Period(number: 682)
    let name = number == .click ? ClickLogTable.name(november) : table.name
    let found = try books.write { db in
      try db.execute(sql: ClickLogTable.create(november))
      return try db.all("SELECT name, type, \"notnull\" = 0 AND pk = 0 FROM pragma_table_info('\(name)')") {
        "\($0.text(0)) \($0.text(1)) \($0.integer(2))"
      }
    }
    for column in table.columns {
      let expected = "\(column.name) \(column.kind.rawValue) \(column.isOptional ? 1 : 0)"
      #expect(found.contains(expected), "\(name): \(expected)")
    }
  }

  @Test(arguments: JournalTable.all.map(\.number))
  func `docs/data-model.md holds the columns of the chain`(number: CanonicalRows.Number) throws {
    let table = try #require(JournalTable.all.first { $0.number == number })
    let columns = table.columns.map { "`\($0.name)`" }.joined(separator: ", ")
    let lines = try String(contentsOfFile: "docs/data-model.md", encoding: .utf8).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("| \(number.rawValue) | `\(table.name)` |") }
    #expect(line?.hasSuffix("| \(columns) |") == true, "\(table.name): \(columns)")
  }
}
