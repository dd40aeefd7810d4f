internal import Foundation
package import Logging
package import MeceneConcurrency
package import MeceneLedger
package import MeceneProof
package import MeceneStore

/// The engine on one machine: the ledger in memory in front of an append-only log in SQLite.
package final class EmbeddedEngine: Engine {
  /// What an operator sets.
  package struct Settings: Sendable {
    /// The directory of the books.
    package var dataPath: String
    package var currency: String
    package var terms: Terms
    /// Whether periods settle by themselves.
    package var autoSettle: Bool
    /// How long after its close a period settles by itself, in milliseconds.
    package var settleAfterMs: Int64
    /// Where a simulated clock starts; nil = the system's clock.
    package var simulatedClock: Timestamp?
    /// What the time is read from while it is not simulated.
    package var clock: any LedgerClock = SystemClock()
    /// What everything runs on.
    package var runtime: any Runtime = DispatchRuntime()
    /// The name of the VFS by which SQLite reaches the files; nil = the system's. A test's lets calls fail.
    package var vfs: String?
    /// Makes the log that commits are handed to.
    package var makeLog: @Sendable (BookWriter, BookFile) -> any CommitLog = { LocalLog($0, $1) }
    /// Pages in the log, of 4 KiB each, after which they are moved to the file. Callers wait meanwhile: 1.3 ms for 300 pages,
    /// 3.5 ms for 1,000. The 99th percentile at 8 x 64 is 2.3 instead of 3.2 ms, and throughput the same.
    package var checkpointPages: Int
    /// Pages of a log that a reader keeps from beginning anew after which that is told: 64 MiB.
    package var heldLogPages = 16_384

    package init(
      dataPath: String, currency: String = "EUR", terms: Terms = Terms(), autoSettle: Bool = true,
      settleAfterMs: Int64 = 0, simulatedClock: Timestamp? = nil, vfs: String? = nil,
      checkpointPages: Int = 300
    ) {
      self.dataPath = dataPath
      self.currency = currency
      self.terms = terms
      self.autoSettle = autoSettle
      self.settleAfterMs = settleAfterMs
      self.simulatedClock = simulatedClock
      self.vfs = vfs
      self.checkpointPages = checkpointPages
    }
  }

  private let directory: DataDirectory
  let book: BookFile
  private let writer: Writer
  private let reader: Reader
  private let longReads: LongReads
  private let settler: Settler
  private let clock: any LedgerClock
  private let runtime: any Runtime
  private let timer: Locked<Task<Void, any Error>?> = Locked(nil)
  private let periodClosed = PeriodClosedSignal()

  /// Opens the books.
  ///
  /// - Parameter fatal: Called with the reason when they can't be kept any more.
  /// - Throws: `StoreError`.
  package init(
    settings: Settings, logger: Logger, fatal: @escaping @Sendable (String) -> Void
  ) throws {
    let runtime = settings.runtime
    self.runtime = runtime
    directory = try DataDirectory(path: settings.dataPath)
    try directory.checkForRemains()
    try directory.checkLog()
    if let mode = directory.modeForOthers {
      logger.warning(
        "other users may enter the data directory",
        metadata: ["path": "\(directory.path)", "mode": "\(mode)"])
    }
    let start = settings.simulatedClock ?? settings.clock.now()
    book = try BookFile(
      path: directory.databasePath, vfs: settings.vfs ?? DatabaseLocation.systemVFS,
      identity: BookFile.Identity(
        currency: settings.currency, createdAt: start, isSimulated: settings.simulatedClock != nil,
        runtime: runtime),
      runtime: runtime, damaged: fatal)
    do { try book.proveTip() } catch let finding as Finding { throw StoreError.damaged("\(finding)") }
    let bookWriter = try book.makeWriter()
    let readable = try directory.secureFiles()
    if !readable.isEmpty {
      logger.warning(
        "other users could read the books; they can't any more",
        metadata: ["files": "\(readable.joined(separator: ", "))"])
    }
    try directory.sync()
    clock =
      if let simulated = settings.simulatedClock {
        SimulatedClock(max(simulated, try bookWriter.lastCommit().time))
      } else { settings.clock }
    let (clock, periodClosed) = (clock, periodClosed)
    writer = try Writer(
      book: bookWriter,
      configuration: Writer.Configuration(
        directory: directory, currency: settings.currency, terms: settings.terms, clock: clock,
        checkpointPages: settings.checkpointPages, heldLogPages: settings.heldLogPages, runtime: runtime,
        periodClosed: { periodClosed.fire() }, fatal: fatal, logger: logger),
      makeLog: { [book] in
        let log = settings.makeLog($0, book)
        #if DEBUG
          if let file = Faults.keptLog { return KeptLog(log, file: file) }
        #endif
        return log
      })
    reader = Reader(
      book: try book.makeReader(),
      answering: Answering(book: book, writer: writer, nextTerms: settings.terms), runtime: runtime)
    longReads = LongReads(book: book, runtime: runtime)
    settler = Settler(
      book: book, writer: writer,
      settleAfter: settings.autoSettle ? settings.settleAfterMs : nil, runtime: runtime, logger: logger)
  }

  /// Brings the books up to the present time, and begins to take commands.
  ///
  /// - Throws: `StoreError`.
  package func start(sink: @escaping @Sendable ([Completion]) -> Void) async throws {
    try await writer.start(sink: sink)
    let (writer, settler, runtime) = (writer, settler, runtime)
    periodClosed.connect { _ = runtime.task { await settler.settleDue() } }
    let timer = runtime.task {
      // A settlement takes its time; the writer looks around meanwhile.
      async let settling: Void = Self.everySecond(runtime) { await settler.settleDue() }
      await Self.everySecond(runtime) { await writer.lookAround() }
      await settling
    }
    self.timer.withLock { $0 = timer }
  }

  private static func everySecond(_ runtime: any Runtime, _ body: @Sendable () async -> Void) async {
    while !Task.isCancelled {
      await body()
      try? await runtime.sleep(milliseconds: 1_000)
    }
  }

  package func submit(_ submissions: [Submission], callerCanWait: Bool) {
    writer.submit(submissions, callerCanWait: callerCanWait)
  }

  package func cancel(_ ticket: Ticket) -> Bool { writer.cancel(ticket) }

  package func read<Answer>(_ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void) {
    reader.submit(reads, answered: answered)
  }

  package func closedClicks(
    _ patron: AccountReference, _ period: Period, after: ThingID?, limit: Int
  ) async throws -> ClickPage {
    try await longReads.closedClicks(patron, period, after: after, limit: limit)
  }

  package func revenue(
    _ owner: AccountReference, _ period: Period?, after: ThingID?, limit: Int
  ) async throws -> RevenuePage {
    try await longReads.revenue(owner, period, after: after, limit: limit)
  }

  package func receipt(
    _ account: AccountReference, _ period: Period, _ tree: SettlementSeal.Tree
  ) async throws -> (account: AccountID, proof: ReceiptProof) {
    try await longReads.receipt(account, period, tree)
  }

  package func preview(_ period: Period?) async throws -> SettlementRecord {
    try await longReads.preview(period)
  }

  package func settle(
    _ period: Period?, progress: @escaping @Sendable (StageProgress) -> Void
  ) async throws -> SettlementRecord {
    try await settler.settle(period, progress: progress)
  }

  package func verify(
    against kept: CommitPoint?, progress: @escaping @Sendable (StageProgress) -> Void
  ) async throws -> Verdict {
    try await longReads.verify(against: kept, progress: progress)
  }

  package var fingerprintKey: FingerprintKey { FingerprintKey(secret: book.identity.secret) }

  package var openPeriod: Period { writer.summary.withLock { $0.openPeriod } }

  package var condition: EngineCondition {
    writer.summary.withLock {
      $0.condition == .serving && $0.clockDoubt != nil ? .clockUnconfirmed : $0.condition
    }
  }

  /// Caps the file's size, in pages of 4 KiB, to let a test fill the disk.
  package func limit(pages: Int) async throws { try await writer.limit(pages: pages) }

  /// Projects the journal to its end at once, for a test that changes them.
  package func projectAll() async { await writer.projectAll() }

  package func shutDown() async {
    let running = timer.withLock { $0 }
    running?.cancel()
    await settler.cancel()
    _ = await running?.result
    await writer.stop(within: 1_000)
    // The settler holds the writer, which holds the signal.
    periodClosed.disconnect()
    directory.release()
  }
}

/// Carries the news of a closed period from the writer to the settler, which is made after it.
private final class PeriodClosedSignal: Sendable {
  private let receiver = Locked<(@Sendable () -> Void)?>(nil)

  func connect(_ receiver: @escaping @Sendable () -> Void) { self.receiver.withLock { $0 = receiver } }
  func disconnect() { receiver.withLock { $0 = nil } }
  func fire() { receiver.withLock { $0 }?() }
}
