import CMeceneFaults
import Foundation

/// A disk under SQLite that counts what is asked of it and fails when it is told to.
///
/// Used by one test at a time. Its VFS stays registered to the end of the process, as SQLite wants it.
package final class FaultyDisk: @unchecked Sendable {
  package enum Operation: Int, Sendable, CaseIterable {
    case open, write, truncate, sync, delete, syncDirectory, read
  }

  package enum File: Int, Sendable, CaseIterable {
    case database, log, other
  }

  /// How a call fails.
  package enum Failure: Sendable, Hashable, CaseIterable {
    case full, broken, quota, tooLarge
    /// Half is written, and the rest meets a full disk.
    case halfThenFull
    /// Half is written, and the rest is taken when it is asked for again.
    case half

    var errno: Int32 {
      switch self {
      case .full, .halfThenFull: ENOSPC
      case .broken: EIO
      case .quota: EDQUOT
      case .tooLarge: EFBIG
      case .half: 0
      }
    }

    var isShort: Bool { self == .half || self == .halfThenFull }
  }

  package struct Fault: Sendable, Hashable, CustomStringConvertible {
    package let operation: Operation
    package let file: File
    /// Which of these calls fails, from 1 on.
    package let at: Int
    package let persists: Bool
    package let failure: Failure

    package init(_ operation: Operation, of file: File, at: Int, persists: Bool, _ failure: Failure) {
      self.operation = operation
      self.file = file
      self.at = at
      self.persists = persists
      self.failure = failure
    }

    package var description: String {
      "\(operation) \(at) of the \(file) \(persists ? "and all after it" : "alone"): \(failure)"
    }
  }

  /// What reached the disk.
  package struct Event: Sendable {
    package let operation: Operation
    package let file: File
    package let path: String
    /// Where it was written, or the size that the file was cut to, in bytes.
    package let offset: Int64
    package let bytes: [UInt8]
  }

  /// The name of its VFS.
  package let vfs: String
  // Guarded by the C side's own mutex.
  private let faults: OpaquePointer
  private let lock = NSLock()
  // Guarded by `lock`.
  private var recorded: [Event] = []

  package init() {
    vfs = "faulty-\(UUID().uuidString)"
    guard let faults = mecene_faults_register(vfs) else { fatalError("SQLite registers no VFS") }
    self.faults = faults
  }

  deinit { mecene_faults_observe(faults, nil, nil) }

  /// Lets a call fail, or none, and begins to count anew.
  package func fail(_ fault: Fault?) {
    guard let fault else { return mecene_faults_set(faults, nil) }
    var plain = mecene_fault(
      operation: Int32(fault.operation.rawValue), file: Int32(fault.file.rawValue), at: Int64(fault.at),
      persists: fault.persists ? 1 : 0, error: fault.failure.errno, is_short: fault.failure.isShort ? 1 : 0)
    mecene_faults_set(faults, &plain)
  }

  /// How many calls there were since the last `fail`.
  package func count(_ operation: Operation, of file: File) -> Int {
    Int(mecene_faults_count(faults, Int32(operation.rawValue), Int32(file.rawValue)))
  }

  /// How many calls failed since the last `fail`.
  package var failed: Int { Int(mecene_faults_failed(faults)) }

  /// Begins to record what reaches the disk.
  package func record() {
    mecene_faults_observe(
      faults,
      { context, event in
        guard let context, let event = event?.pointee else { return }
        Unmanaged<FaultyDisk>.fromOpaque(context).takeUnretainedValue().note(event)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Lets each sync of the log take so many milliseconds more.
  package func delayLogSyncs(by milliseconds: Int) {
    mecene_faults_delay_log_syncs(faults, Int64(milliseconds))
  }

  /// What reached the disk since `record`.
  package var events: [Event] { lock.withLock { recorded } }

  private func note(_ event: mecene_event) {
    guard let operation = Operation(rawValue: Int(event.operation)),
      let file = File(rawValue: Int(event.file))
    else { return }
    let bytes = event.bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: Int(event.count))) } ?? []
    let path = event.path.map { String(cString: $0) } ?? ""
    lock.withLock {
      recorded.append(
        Event(operation: operation, file: file, path: path, offset: event.offset, bytes: bytes))
    }
  }
}
