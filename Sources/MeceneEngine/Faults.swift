#if DEBUG
  internal import Foundation

  /// Faults that tests ask of a debug build through its environment. An optimised build knows none of this.
  enum Faults {
    /// Where the process dies, as by `kill -9`: MECENE_TEST_DIE_AT_COMMIT=12:before or 12:after.
    private static let death: (sequence: Int64, isAfter: Bool)? = {
      let parts =
        ProcessInfo.processInfo.environment["MECENE_TEST_DIE_AT_COMMIT"]?.split(separator: ":") ?? []
      guard parts.count == 2, let sequence = Int64(parts[0]) else { return nil }
      return (sequence, parts[1] == "after")
    }()

    /// The most people of one settlement step: MECENE_TEST_SETTLEMENT_STEP=10.
    static let settlementStep = ProcessInfo.processInfo.environment["MECENE_TEST_SETTLEMENT_STEP"].flatMap(
      Int.init)

    /// The file in which every commit is kept as it was handed to the log: MECENE_TEST_KEEP_LOG=FILE.
    static let keptLog = ProcessInfo.processInfo.environment["MECENE_TEST_KEEP_LOG"]

    static func beforeCommit(_ sequence: Int64) {
      if let death, death.sequence == sequence, !death.isAfter { kill(getpid(), SIGKILL) }
    }

    static func afterCommit(_ sequence: Int64) {
      if let death, death.sequence == sequence, death.isAfter { kill(getpid(), SIGKILL) }
    }
  }
#endif
