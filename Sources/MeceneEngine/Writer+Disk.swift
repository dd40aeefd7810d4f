internal import Logging
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

// What the disk does to the writer: commits that fail, room that comes back, logs that grow, books that are gone.
extension Writer {
  /// Ends when the books are not where they were: whoever looks for them later finds others, or none. What is in the log is
  /// moved to the file first, which may be all that is left.
  func checkPlace() -> Bool {
    guard state != .stopped, let loss = configuration.directory.loss else { return true }
    // What was in a log that is gone is in the database then, so nothing is missing at the next start.
    if checkpoint() { configuration.directory.removeIndexWithoutLog() }
    state = .stopped
    publish()
    configuration.fatal(loss)
    return false
  }

  /// Throws away what memory is ahead of the disk.
  func recover(from error: StoreError) -> EngineFailure {
    failures.count += 1
    if failures.reason != error.sentence {
      failures.reason = error.sentence
      configuration.logger.error("commit failed", metadata: ["reason": "\(error.sentence)"])
    }
    book.rollback()
    switch error {
    case .damaged, .fenced:
      // Nothing more is written to what is damaged, nor to what another daemon keeps.
      state = .stopped
      configuration.fatal(error.sentence)
      if case .fenced = error { return .shutDown }
      return .commitFailed
    default: break
    }
    summary.withLock { $0.condition = .recovering }
    do {
      try lead()
      ledger = try Self.load(book, configuration)
    } catch {
      state = .stopped
      configuration.fatal("the books can't be read back after a failed commit: \(error.sentence)")
      return .commitFailed
    }
    switch error {
    case .diskFull, .diskFullWhenSynced: state = .diskFull
    default: noteFailure()
    }
    return error == .diskFull ? .diskFull : .commitFailed
  }

  /// Goes on behind the last commit that the log has.
  private func lead() throws(StoreError) {
    let last = try log.lead()
    (sequence, link) = (last.number, last.link)
  }

  /// A disk that fails once may take the next commit; one that keeps failing is a state, which is told once.
  private func noteFailure() {
    guard failures.count >= Self.failuresMax else { return }
    if failures.count == Self.failuresMax {
      configuration.logger.error(
        "the disk keeps failing; writes are refused until it takes some",
        metadata: ["reason": "\(failures.reason)"])
    }
    state = .diskFailing
  }

  func tidyUp() {
    guard state == .serving else { return }
    if book.hasSettledLogs, !isShrinking { shrinkSettledLogs() }
    projectWhenFarBehind()
    checkpointWhenDue()
  }

  /// Lets the click logs of settled periods go, some rows at a time: a fifth of the time.
  private func shrinkSettledLogs() {
    isShrinking = false
    guard state == .serving else { return }
    let began = runtime.now
    do {
      try book.shrinkSettledLogs(rows: 16_384)
    } catch {
      configuration.logger.warning(
        "a settled click log stays until the next start", metadata: ["reason": "\(error.sentence)"])
    }
    checkpointWhenDue()
    guard book.hasSettledLogs else { return }
    isShrinking = true
    executor.async(after: 4 * runtime.now.since(began)) {
      self.assumeIsolated { $0.shrinkSettledLogs() }
    }
  }

  /// Lets a month's turn reach the accounts, some at a time between commits.
  func turnNext() {
    ledger.turnNext(accounts: Self.accountsTurnedAtOnce)
    guard ledger.isTurning else { return }
    executor.async { self.assumeIsolated { $0.turnNext() } }
  }

  func checkpointWhenDue() {
    if book.logPages >= configuration.checkpointPages { checkpoint() }
  }

  /// - Returns: Whether all of the log is in the database now.
  @discardableResult
  func checkpoint() -> Bool {
    do {
      let (pages, moved) = try book.checkpoint()
      noteHeldLog(pages: pages, isWhole: moved == pages)
      if checkpointFailure != nil { configuration.logger.notice("checkpoints succeed again") }
      checkpointFailure = nil
      return moved == pages
    } catch {
      if checkpointFailure != error.sentence {
        checkpointFailure = error.sentence
        configuration.logger.warning("checkpoint failed", metadata: ["reason": "\(error.sentence)"])
      }
      return false
    }
  }

  /// Tells of a reader that has kept the log from beginning anew for so long that it has grown large.
  private func noteHeldLog(pages: Int, isWhole: Bool) {
    if isWhole {
      if heldLog?.isTold == true { configuration.logger.notice("the write-ahead log begins anew") }
      heldLog = nil
      return
    }
    let now = runtime.now
    let since = heldLog?.since ?? now
    let seconds = now.since(since) / 1_000_000_000
    let isLarge = pages >= configuration.heldLogPages
    if isLarge, heldLog?.isTold != true {
      configuration.logger.warning(
        "a reader keeps the write-ahead log from beginning anew; it grows until the reader ends",
        metadata: ["bytes": "\(pages * 4_096)", "seconds": "\(seconds)"])
    }
    heldLog = (since, isLarge || heldLog?.isTold == true)
  }
}
