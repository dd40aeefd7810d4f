internal import CMeceneVFS
internal import CSQLite
internal import Glibc

/// One connection to a database file, and nothing more than the writer and long scans need: SQL, prepared
/// statements, checkpoints.
///
/// Used by one queue at a time.
@safe final class SQLiteConnection {
  private let handle: OpaquePointer
  private let counter = LogPageCounter()

  /// Lets SQLite's connections allocate without waiting for each other: it counts its memory under one mutex otherwise,
  /// and Debian's takes every few bytes from there. Works before the first connection of the process alone. It bought 5 % of
  /// the clicks at 1 x 64.
  static let countsNoMemory = mecene_sqlite_count_no_memory() == SQLITE_OK

  init(_ location: DatabaseLocation, isReadOnly: Bool = false) throws(StoreError) {
    _ = Self.countsNoMemory
    var handle: OpaquePointer?
    let access = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let code = unsafe sqlite3_open_v2(
      location.uri, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI, nil)
    guard let opened = unsafe handle else { throw .failed("out of memory") }
    unsafe self.handle = opened
    try check(code)
    try check(unsafe sqlite3_busy_timeout(opened, 5_000))
    try check(unsafe mecene_sqlite_enable_defensive(opened))
    try check(unsafe mecene_sqlite_disable_programs(opened))
    // Takes the place of SQLite's own checkpoints after a commit.
    unsafe sqlite3_wal_hook(
      opened,
      { context, _, _, pages in
        if let context = unsafe context {
          unsafe Unmanaged<LogPageCounter>.fromOpaque(context).takeUnretainedValue().pages = Int(pages)
        }
        return SQLITE_OK
      }, Unmanaged.passUnretained(counter).toOpaque())
  }

  deinit { unsafe sqlite3_close_v2(handle) }

  /// Keeps the write-ahead log's file when the last connection closes: overwriting is cheaper than growing.
  func keepLogFile() throws(StoreError) { try check(unsafe mecene_sqlite_keep_wal(handle)) }

  /// The VFSes that the database file goes through, such as "gathering/unix".
  func fileSystem() -> String {
    guard let name = unsafe mecene_sqlite_vfs_name(handle) else { return "" }
    defer { unsafe sqlite3_free(name) }
    return unsafe String(cString: name)
  }

  func execute(_ sql: String) throws(StoreError) {
    try check(unsafe sqlite3_exec(handle, sql, nil, nil, nil))
  }

  func prepare(_ sql: String) throws(StoreError) -> Statement { try Statement(self, sql) }

  /// Moves committed pages into the file without waiting for readers.
  ///
  /// - Returns: Pages in the log, and how many of them are in the file now.
  func checkpoint() throws(StoreError) -> (pages: Int, moved: Int) {
    var pages: Int32 = 0
    var moved: Int32 = 0
    try check(unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved))
    return (Int(pages), Int(moved))
  }

  /// Pages that the last commit left in the log.
  var logPages: Int { counter.pages }

  fileprivate func compile(_ sql: String) throws(StoreError) -> OpaquePointer {
    var statement: OpaquePointer?
    try check(
      unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    guard let compiled = unsafe statement else { throw .failed("an empty statement") }
    return unsafe compiled
  }

  func check(_ code: Int32) throws(StoreError) {
    guard code != SQLITE_OK, code != SQLITE_ROW, code != SQLITE_DONE else { return }
    let text = unsafe String(cString: sqlite3_errmsg(handle))
    throw StoreError(code: code, text: text, diskError: unsafe mecene_sqlite_disk_error(handle))
  }
}

extension StoreError {
  /// - Parameter diskError: The errno of the last call that the disk refused; 0 when there was none.
  init(code: Int32, text: String, diskError: Int32 = 0) {
    switch code & 0xff {
    case SQLITE_FULL: self = Int(code) == mecene_full_when_synced ? .diskFullWhenSynced : .diskFull
    case SQLITE_CORRUPT where [EIO, ENXIO].contains(diskError):
      self = .unreadable(unsafe String(cString: strerror(diskError)))
    case SQLITE_CORRUPT, SQLITE_NOTADB: self = .damaged(text)
    default:
      // A backup fails on one connection, and may be asked why on the other.
      let saysNothing = unsafe text == String(cString: sqlite3_errstr(SQLITE_OK))
      self = .failed("\(saysNothing ? unsafe String(cString: sqlite3_errstr(code)) : text) (SQLite \(code))")
    }
  }
}

/// What SQLite tells after each commit. It calls on the thread that commits.
private final class LogPageCounter {
  var pages = 0
}

/// A prepared statement. Values are bound, never pasted into SQL.
@safe final class Statement {
  private let connection: SQLiteConnection
  private let handle: OpaquePointer

  init(_ connection: SQLiteConnection, _ sql: String) throws(StoreError) {
    self.connection = connection
    unsafe handle = try connection.compile(sql)
  }

  deinit { unsafe sqlite3_finalize(handle) }

  /// Runs a statement that returns no row.
  func run(_ values: Value...) throws(StoreError) { try run(values) }

  func run(_ values: [Value]) throws(StoreError) {
    for (position, value) in values.enumerated() { try bind(value, Int32(position + 1)) }
    try finish()
  }

  /// Runs a statement of three whole numbers, without an array for them.
  func run(_ a: Int64, _ b: Int64, _ c: Int64) throws(StoreError) {
    // All of SQLite's codes but that of success have a bit set.
    let code =
      unsafe sqlite3_bind_int64(handle, 1, a) | sqlite3_bind_int64(handle, 2, b)
      | sqlite3_bind_int64(handle, 3, c)
    try connection.check(code)
    try finish()
  }

  /// Binds whole numbers to the parameters from the first on, and NULL for `CanonicalRows.nothing`.
  func bind(_ values: ArraySlice<Int64>) throws(StoreError) {
    var position: Int32 = 1
    var code = SQLITE_OK
    for value in values {
      if value == CanonicalRows.nothing {
        code |= unsafe sqlite3_bind_null(handle, position)
      } else {
        code |= unsafe sqlite3_bind_int64(handle, position, value)
      }
      position += 1
    }
    try connection.check(code)
  }

  /// Calls `body` for each row.
  func forEachRow(_ values: Value..., body: (Columns) -> Void) throws(StoreError) {
    for (position, value) in values.enumerated() { try bind(value, Int32(position + 1)) }
    var code = unsafe sqlite3_step(handle)
    while code == SQLITE_ROW {
      unsafe body(Columns(handle))
      code = unsafe sqlite3_step(handle)
    }
    unsafe sqlite3_reset(handle)
    try connection.check(code)
  }

  /// Calls `body` for each of the first rows.
  func forEachRow(first limit: Int, _ value: Int64, body: (Columns) -> Void) throws(StoreError) {
    try bind(.integer(value), 1)
    var code = SQLITE_OK
    for _ in 0..<limit {
      code = unsafe sqlite3_step(handle)
      guard code == SQLITE_ROW else { break }
      unsafe body(Columns(handle))
    }
    unsafe sqlite3_reset(handle)
    try connection.check(code)
  }

  /// Runs the statement with what is bound.
  func finish() throws(StoreError) {
    let code = unsafe sqlite3_step(handle)
    unsafe sqlite3_reset(handle)
    try connection.check(code)
  }

  private func bind(_ value: Value, _ position: Int32) throws(StoreError) {
    let code: Int32
    switch value {
    case .null: code = unsafe sqlite3_bind_null(handle, position)
    case .integer(let number): code = unsafe sqlite3_bind_int64(handle, position, number)
    case .text(let text):
      code = unsafe mecene_sqlite_bind_text(handle, position, text, Int32(text.utf8.count))
    case .blob(let bytes):
      code = unsafe bytes.withUnsafeBytes { buffer in
        unsafe mecene_sqlite_bind_blob(handle, position, buffer.baseAddress, Int32(buffer.count))
      }
    }
    try connection.check(code)
  }

  enum Value {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    var isNull: Bool { if case .null = self { true } else { false } }

    /// The bytes of a text or a blob; nil for other values.
    var bytes: [UInt8]? {
      switch self {
      case .null, .integer: nil
      case .text(let text): Array(text.utf8)
      case .blob(let bytes): bytes
      }
    }

    init(_ value: Int64?) { self = value.map(Value.integer) ?? .null }
    init(_ value: String?) { self = value.map(Value.text) ?? .null }
    init(_ value: Bool?) { self = value.map { .integer($0 ? 1 : 0) } ?? .null }
  }
}
