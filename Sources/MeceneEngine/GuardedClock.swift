internal import Logging
internal import MeceneLedger

/// What the writer knows of its clock.
struct GuardedClock {
  var guardian = ClockGuard()
  /// The last time that was believed.
  var believed = Timestamp(milliseconds: 0)
  /// Set while the clock is not believed.
  private(set) var doubt: ClockGuard.Doubt?
  /// Whether commits are stamped with what a counter has counted.
  private var isCounted = false

  /// Remembers a verdict, and logs when another begins.
  ///
  /// - Returns: The time, if it is believed.
  mutating func take(_ verdict: ClockGuard.Verdict, _ reading: ClockGuard.Reading, _ logger: Logger)
    -> Timestamp?
  {
    switch verdict {
    case .held(let found):
      if doubt == nil {
        logger.error(
          "the clock is not believed; nothing is booked until it is right, or `mecene clock confirm` says that it is",
          metadata: ["clock": "\(found.wall.text)", "expected": "\(found.expected.text)"])
      }
      doubt = found
      return nil
    case .time(let time, let isCounted):
      if doubt != nil {
        logger.notice("the clock is believed again", metadata: ["clock": "\(reading.wall.text)"])
      }
      if isCounted, !self.isCounted {
        logger.warning(
          "the clock has gained more than an hour; commits are stamped with what a counter has counted",
          metadata: ["clock": "\(reading.wall.text)", "counted": "\(time.text)"])
      }
      doubt = nil
      self.isCounted = isCounted
      believed = time
      return time
    }
  }
}
