internal import CSQLite
internal import Foundation
internal import GRDB
package import MeceneConcurrency
package import MeceneLedger
internal import MeceneProof

/// The database file of one ledger: its creation and migration, its writer, and a pool of read snapshots.
///
/// It stays ordinary SQLite: an operator can open it read-only with `sqlite3` and read tables whose columns explain
/// themselves.
package final class BookFile: Sendable {
  /// How much of the write-ahead log's file is kept between checkpoints, in bytes: overwriting is cheaper than
  /// growing.
  package static let logBytesKept = 64 << 20

  /// What is written once, when the ledger is made.
  package struct Identity: Sendable, Hashable {
    package let currency: String
    fileprivate static let secretBytes = 32

    /// 32 bytes that fingerprints of names and URLs are made with.
    package let secret: [UInt8]
    package let createdAt: Timestamp
    /// Whether the ledger lives on a simulated clock.
    package let isSimulated: Bool

    /// What is hashed before the secret in the chain, 16 bytes.
    let salt: [UInt8]

    /// One for a new ledger, with a secret of its own: zeros under a simulated clock.
    package init(
      currency: String, createdAt: Timestamp, isSimulated: Bool, runtime: any Runtime = DispatchRuntime()
    ) {
      var random = RandomBytes(areZero: isSimulated, runtime)
      self.init(
        currency: currency, secret: random.take(Self.secretBytes), salt: random.take(Commitment.saltBytes),
        createdAt: createdAt, isSimulated: isSimulated)
    }

    init(currency: String, secret: [UInt8], salt: [UInt8], createdAt: Timestamp, isSimulated: Bool) {
      self.salt = salt
      self.currency = currency
      self.secret = secret
      self.createdAt = createdAt
      self.isSimulated = isSimulated
    }
  }

  package let identity: Identity
  let location: DatabaseLocation
  let pool: DatabasePool
  private let runtime: any Runtime
  /// What the projection lacks.
  private let tail = Locked(JournalTail(base: TransferID(-1)))
  private let commitTimes = CommitTimes()
  private let damaged: @Sendable (String) -> Void

  /// Opens the file, or makes it with `identity`.
  ///
  /// - Parameters:
  ///   - vfs: The VFS by which SQLite reaches the file.
  ///   - runtime: What reads ahead at the start, and makes salts.
  ///   - damaged: Called with a sentence when a read finds that the file is not what was written.
  /// - Throws: `StoreError` when the file is another program's, a newer version's, damaged, or of another currency
  ///   or kind of clock.
  package convenience init(
    path: String, vfs: String = DatabaseLocation.systemVFS, identity: Identity,
    runtime: any Runtime = DispatchRuntime(), damaged: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(StoreError) {
    _ = SQLiteConnection.countsNoMemory
    let location = DatabaseLocation(path: path, vfs: vfs)
    let found: Identity
    do {
      found = try Self.prepare(location, identity: identity)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(reading: error)
    }
    try self.init(reading: location, identity: found, runtime: runtime, damaged: damaged)
  }

  init(
    reading location: DatabaseLocation, identity: Identity, runtime: any Runtime = DispatchRuntime(),
    damaged: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(StoreError) {
    self.location = location
    self.identity = identity
    self.damaged = damaged
    self.runtime = runtime
    _ = SQLiteConnection.countsNoMemory
    do {
      pool = try DatabasePool(path: location.uri, configuration: Self.readOnly)
    } catch {
      throw StoreError(reading: error)
    }
  }

  static var readOnly: Configuration {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.maximumReaderCount = 4
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { db in
      try disablePrograms(db)
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
    }
    return configuration
  }

  private static var writable: Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase(disablePrograms)
    return configuration
  }

  /// The books have no triggers and no views.
  private static func disablePrograms(_ db: Database) throws {
    let code = unsafe mecene_sqlite_disable_programs(db.sqliteConnection)
    guard code == SQLITE_OK else { throw StoreError.failed("triggers can't be disabled (SQLite \(code))") }
  }

  /// Opens the one writer.
  package func makeWriter() throws(StoreError) -> BookWriter {
    try BookWriter(location, identity: identity, tail: tail, runtime: runtime)
  }

  /// Opens a connection for short reads.
  package func makeReader() throws(StoreError) -> BookReader { try BookReader(self) }

  /// Runs `body` in one read snapshot.
  package func read<T>(_ body: (BookSnapshot) throws -> T) throws -> T {
    do {
      return try pool.read { db in try read(db, body) }
    } catch let error as DatabaseError {
      throw noted(StoreError(reading: error))
    }
  }

  /// Runs `body` on what a connection sees.
  func read<T>(_ db: Database, _ body: (BookSnapshot) throws -> T) throws -> T {
    do {
      return try body(
        BookSnapshot(
          db: db, projection: ProjectionView(db, tail), commitTimes: commitTimes,
          failed: { self.failed($0, db) }))
    } catch let error as DatabaseError {
      throw failed(error, db)
    }
  }

  private func failed(_ error: DatabaseError, _ db: Database) -> StoreError {
    noted(StoreError(reading: error, diskError: unsafe mecene_sqlite_disk_error(db.sqliteConnection)))
  }

  /// The error; the file's owner hears of it when it is damage.
  func noted(_ error: StoreError) -> StoreError {
    if case .damaged = error { damaged(error.sentence) }
    return error
  }

  private static func prepare(_ location: DatabaseLocation, identity: Identity) throws -> Identity {
    let path = location.path
    let isNew = !FileManager.default.fileExists(atPath: path)
    if isNew { try make(location, identity) }
    let queue = try DatabaseQueue(path: location.uri, configuration: writable)
    defer { try? queue.close() }
    try queue.read { db in
      let tables = try db.integer("SELECT count(*) FROM sqlite_master")
      try checkApplication(db, path, mayBeNew: tables == 0)
      if !isNew, tables > 0, try Schema.migrator().hasBeenSuperseded(db) {
        throw StoreError.newerVersion(path: path)
      }
    }
    // Only now: a file that is not ours stays as it is. The readers expect a write-ahead log.
    try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA journal_mode = WAL") }
    try Schema.migrator().migrate(queue)
    try queue.read(checkSchema)
    return try queue.write { db in try establish(db, identity) }
  }

  /// Refuses what no daemon of this version made.
  ///
  /// - Parameter mayBeNew: Whether the file may say nothing yet.
  static func checkApplication(_ db: Database, _ path: String, mayBeNew: Bool = false) throws {
    switch try db.integer("PRAGMA application_id") {
    case Int64(Schema.applicationID): return
    case Int64(Schema.firstApplicationID): throw StoreError.firstVersion(path: path)
    case 0 where mayBeNew: return
    default: throw StoreError.notALedger(path: path)
    }
  }

  /// Makes the books beside their place, and lets them take their name when they are whole: what is there under the name is
  /// never half of a first start. For their owner alone, because they hold secrets.
  private static func make(_ location: DatabaseLocation, _ identity: Identity) throws {
    let new = DatabaseLocation(path: location.path + ".new", vfs: location.vfs)
    for suffix in ["", "-wal", "-shm", "-journal"] { unsafe unlink(new.path + suffix) }
    let descriptor = unsafe open(new.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw cannotMake(new.path) }
    defer { close(descriptor) }
    do {
      let queue = try DatabaseQueue(path: new.uri, configuration: writable)
      try Schema.migrator().migrate(queue)
      _ = try queue.write { db in try establish(db, identity) }
      try queue.close()
      guard fsync(descriptor) == 0, unsafe rename(new.path, location.path) == 0 else {
        throw cannotMake(location.path)
      }
      try sync(directoryOf: location.path)
    } catch {
      unsafe unlink(new.path)
      throw error
    }
  }

  static func checkSchema(_ db: Database) throws {
    do { try Schema.check(db) } catch let finding as Finding { throw StoreError.damaged("\(finding)") }
  }

  /// Holds every table, index, trigger and view against what this version makes, and refuses all others.
  ///
  /// - Throws: A `Finding` with the name of the first that differs.
  package func checkSchema() throws { try read { try Schema.check($0.db) } }

  /// Holds the ledger's own row against what was read of it at the start.
  ///
  /// - Throws: A `Finding` with the column that differs.
  package func checkIdentity() throws {
    let found = try read { try Self.identity($0.db) }
    for (column, isSame) in [
      ("currency", found.currency.utf8.elementsEqual(identity.currency.utf8)),
      ("secret", found.secret == identity.secret), ("created_at_ms", found.createdAt == identity.createdAt),
      ("simulated_clock", found.isSimulated == identity.isSimulated),
    ] where !isSame {
      throw Finding(
        table: "ledger", key: "1 \(column)", expected: "what it was at the start", found: "another")
    }
  }

  private static func establish(_ db: Database, _ wanted: Identity) throws -> Identity {
    try db.execute(
      sql: """
        INSERT OR IGNORE INTO ledger
          (id, commit_sequence, salt, currency, secret, created_at_ms, simulated_clock, money_micros, fees_micros)
        VALUES (1, 0, ?, ?, ?, ?, ?, 0, 0)
        """,
      arguments: [
        Data(wanted.salt), wanted.currency, Data(wanted.secret),
        wanted.createdAt.milliseconds, wanted.isSimulated ? 1 : 0,
      ])
    let found = try identity(db)
    guard found.currency == wanted.currency else {
      throw StoreError.settingChanged(name: "the currency", first: found.currency, now: wanted.currency)
    }
    guard found.isSimulated == wanted.isSimulated else {
      throw StoreError.settingChanged(
        name: "the clock", first: found.isSimulated ? "simulated" : "the system's",
        now: wanted.isSimulated ? "simulated" : "the system's")
    }
    return found
  }

  static func identity(_ db: Database) throws -> Identity {
    let found = try db.first("SELECT currency, secret, salt, created_at_ms, simulated_clock FROM ledger") {
      Identity(
        currency: $0.text(0), secret: $0.blob(1), salt: $0.blob(2),
        createdAt: Timestamp(milliseconds: $0.integer(3)), isSimulated: $0.integer(4) != 0)
    }
    guard let found else { throw StoreError.damaged("no ledger row") }
    for (column, count, found) in [
      ("secret", Identity.secretBytes, found.secret.count), ("salt", Commitment.saltBytes, found.salt.count),
    ] where found != count {
      let finding = Finding(
        table: "ledger", key: "1 \(column)", expected: "\(count) bytes", found: "\(found)")
      throw StoreError.damaged("\(finding)")
    }
    return found
  }
}

extension StoreError {
  init(reading error: any Error, diskError: Int32 = 0) {
    guard let error = error as? DatabaseError else {
      self = .failed("\(error)")
      return
    }
    self.init(
      code: error.extendedResultCode.rawValue, text: error.message ?? "unknown error", diskError: diskError)
  }
}
