/// Why the books can't be read or written. SQLite's codes stop here.
package enum StoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Nothing more fits on the disk.
  case diskFull
  /// Nothing more fits on the disk, which said so only when it was synced: what it has of the commit is not known.
  case diskFullWhenSynced
  /// The file is not what was written.
  case damaged(String)
  /// The disk could not read the file, which may be sound.
  case unreadable(String)
  /// A newer version of Mecene wrote the file.
  case newerVersion(path: String)
  /// An older version of Mecene wrote the file, and whoever reads it can't bring it up to date.
  case olderVersion(path: String)
  /// A version from before the first release wrote the file. Its chain has another form.
  case firstVersion(path: String)
  /// The file belongs to another program.
  case notALedger(path: String)
  /// A setting that can't change differs from the first start's.
  case settingChanged(name: String, first: String, now: String)
  /// The data directory can't be had.
  case directory(String)
  /// Another daemon leads the log of commits.
  case fenced(String)
  /// Anything else.
  case failed(String)

  package var description: String { sentence }

  /// One sentence.
  package var sentence: String {
    switch self {
    case .diskFull: "the disk is full"
    case .diskFullWhenSynced: "the disk turned out to be full when it was synced"
    case .damaged(let what): "the database is damaged: \(what)"
    case .unreadable(let what): "the disk could not be read (\(what)); the books on it may be sound"
    case .newerVersion(let path): "\(path) was written by a newer version of Mecene; use that version"
    case .olderVersion(let path):
      "\(path) was written by an older version of Mecene; start mecened on it once, which brings it up to date"
    case .firstVersion(let path):
      "\(path) was written by Mecene from before its first release, whose chain of commits had another form; this "
        + "version can't go on with it. Keep the daemon that wrote it to read it, and start this one on a new directory"
    case .notALedger(let path): "\(path) is not a Mecene ledger"
    case .settingChanged(let name, let first, let now):
      "\(name) was \(first) at the first start and can't become \(now)"
    case .directory(let what): what
    case .fenced(let what): "another daemon keeps these books now: \(what)"
    case .failed(let what): "the database failed: \(what)"
    }
  }
}
