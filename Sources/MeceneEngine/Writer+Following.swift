internal import Dispatch
internal import Logging
internal import MeceneConcurrency
internal import MeceneStore

/// How the rows that follow the journal are kept up: see `BookWriter.project`.
struct Following {
  /// Accounts that follow together, between two commits.
  static let accountsAtOnce = 1_000
  /// Transfers that they are behind at most, except what comes while a pass catches up. The tail holds 12 bytes of each.
  static let transfersBehindMax = 1 << 21

  /// Submissions that had been taken at the last look.
  var takenBefore = 0
  /// Transfers that they were behind after the last commit.
  var behindBefore = 0
  /// Whether a next slice is under way already.
  var isCatchingUp = false
  /// Why the last slice failed, and when the next is tried.
  var failure: (until: Deadline, reason: String)?
}

extension Writer {
  /// Lets derived rows follow the journal: one slice of accounts a second beside other work, and half of the time while there
  /// is none.
  func catchUp() {
    let isIdle = taken == following.takenBefore
    following.takenBefore = taken
    following.isCatchingUp = false
    guard state == .serving, book.transfersBehind > 0 else { return }
    let began = DispatchTime.now()
    guard project(accounts: Following.accountsAtOnce), isIdle, book.transfersBehind > 0 else { return }
    let end = DispatchTime.now()
    following.isCatchingUp = true
    let pause = DispatchTimeInterval.nanoseconds(Int(end.uptimeNanoseconds - began.uptimeNanoseconds))
    executor.queue.asyncAfter(deadline: end + pause) { self.assumeIsolated { $0.catchUp() } }
  }

  /// Memory is not ahead of the disk when this fails, and no caller waits for it: it is tried again a second later.
  ///
  /// - Returns: False when it failed.
  private func project(accounts: Int) -> Bool {
    do {
      try book.project(accounts: accounts)
      following.failure = nil
      publish()
    } catch {
      if following.failure?.reason != error.sentence {
        configuration.logger.warning(
          "rows that follow the journal stay behind", metadata: ["reason": "\(error.sentence)"])
      }
      following.failure = (Deadline(millisecondsFromNow: 900), error.sentence)
    }
    checkpointWhenDue()
    return following.failure == nil
  }

  /// Lets derived rows follow the journal to its end, or for this long, in milliseconds.
  func followJournal(atMost milliseconds: UInt32 = .max) {
    let end = Deadline(millisecondsFromNow: milliseconds)
    while state == .serving, book.transfersBehind > 0, Deadline.now < end {
      guard project(accounts: Following.accountsAtOnce) else { return }
    }
  }

  /// Follows after a commit when the rows are far behind: as many accounts as there were transfers since the last, so that the
  /// tail grows no further.
  func keepUp() {
    if isFarBehind {
      _ = project(accounts: max(Following.accountsAtOnce, book.transfersBehind - following.behindBefore))
    }
    following.behindBefore = book.transfersBehind
  }

  var isFarBehind: Bool {
    book.transfersBehind >= Following.transfersBehindMax
      && following.failure.map { $0.until < Deadline.now } ?? true
  }
}
