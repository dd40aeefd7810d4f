internal import CSQLite
internal import GRDB

/// Short reads, on a connection of their own whose file stays mapped into memory. Used by one queue.
///
/// SQLite forgets a reader's pages whenever another connection commits, and unmaps the file too, for another process may have
/// cut it short and extended it again. Nobody cuts this file. The mapping, and a transaction whose statements are kept, took
/// mixed load from 232,000 to 290,000 calls a second.
@safe package final class BookReader {
  private let book: BookFile
  private let queue: DatabaseQueue
  private let mapping: UnsafeMutableRawPointer?

  /// - Parameter growthMax: How far the file may outgrow its mapping, in bytes: what is behind it is read page by page.
  init(_ book: BookFile, growthMax: Int64 = 64 << 20) throws(StoreError) {
    self.book = book
    do {
      queue = try DatabaseQueue(path: book.location.uri, configuration: BookFile.readOnly)
      unsafe mapping = unsafe try queue.unsafeRead { db in
        try db.execute(sql: "PRAGMA mmap_size = \(Int64.max)")
        return unsafe mecene_sqlite_keep_mapped(db.sqliteConnection, growthMax)
      }
    } catch {
      throw StoreError(reading: error)
    }
  }

  deinit {
    // The connection uses what is freed until it is closed.
    if (try? queue.close()) != nil { unsafe free(mapping) }
  }

  /// Runs `body` in one read snapshot.
  package func read<T>(_ body: (BookSnapshot) throws -> T) throws -> T {
    do {
      return try queue.unsafeRead { db in
        unsafe mecene_sqlite_check_mapping(mapping)
        try db.cachedStatement(sql: "BEGIN").execute()
        defer {
          do { try db.cachedStatement(sql: "COMMIT").execute() } catch { try? db.rollback() }
        }
        return try book.read(db, body)
      }
    } catch let error as DatabaseError {
      throw book.noted(StoreError(reading: error))
    }
  }
}
