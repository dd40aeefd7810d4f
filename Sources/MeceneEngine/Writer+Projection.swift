internal import Logging
internal import MeceneConcurrency
internal import MeceneStore

/// When the journal is projected: see `BookWriter.project`.
struct ProjectionPace {
  /// Accounts that are projected together, between two commits.
  static let accountsAtOnce = 1_000
  /// Transfers that they are behind at most, except what comes while a pass catches up. The tail holds 12 bytes of each.
  static let transfersBehindMax = 1 << 21

  /// Submissions that had been taken at the last look.
  var takenBefore = 0
  /// Transfers that they were behind after the last commit.
  var behindBefore = 0
  /// Whether a next slice is under way already.
  var isUnderWay = false
  /// Why the last slice failed, and when the next is tried.
  var failure: (until: Deadline, reason: String)?
}

extension Writer {
  /// Projects the journal: one slice of accounts a second beside other work, and half of the time while there
  /// is none.
  func projectNext() {
    let isIdle = taken == projectionPace.takenBefore
    projectionPace.takenBefore = taken
    projectionPace.isUnderWay = false
    guard state == .serving, book.transfersBehind > 0 else { return }
    let began = runtime.now
    guard project(accounts: ProjectionPace.accountsAtOnce), isIdle, book.transfersBehind > 0 else { return }
    projectionPace.isUnderWay = true
    executor.async(after: runtime.now.since(began)) { self.assumeIsolated { $0.projectNext() } }
  }

  /// Memory is not ahead of the disk when this fails, and no caller waits for it: it is tried again a second later.
  ///
  /// - Returns: False when it failed.
  private func project(accounts: Int) -> Bool {
    do {
      try book.project(accounts: accounts)
      projectionPace.failure = nil
      publish()
    } catch {
      if projectionPace.failure?.reason != error.sentence {
        configuration.logger.warning(
          "the projection stays behind", metadata: ["reason": "\(error.sentence)"])
      }
      projectionPace.failure = (runtime.now.adding(milliseconds: 900), error.sentence)
    }
    checkpointWhenDue()
    return projectionPace.failure == nil
  }

  /// Projects the journal to its end, or for this long, in milliseconds.
  func projectAll(atMost milliseconds: UInt32 = .max) {
    let end = runtime.now.adding(milliseconds: milliseconds)
    while state == .serving, book.transfersBehind > 0, runtime.now < end {
      guard project(accounts: ProjectionPace.accountsAtOnce) else { return }
    }
  }

  /// Follows after a commit when the rows are far behind: as many accounts as there were transfers since the last, so that the
  /// tail grows no further.
  func projectWhenFarBehind() {
    if isFarBehind {
      _ = project(
        accounts: max(ProjectionPace.accountsAtOnce, book.transfersBehind - projectionPace.behindBefore))
    }
    projectionPace.behindBefore = book.transfersBehind
  }

  var isFarBehind: Bool {
    book.transfersBehind >= ProjectionPace.transfersBehindMax
      && projectionPace.failure.map { $0.until < runtime.now } ?? true
  }
}
