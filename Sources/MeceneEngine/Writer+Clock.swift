internal import Logging
internal import MeceneLedger
internal import MeceneStore

// Time: read once for each commit, set on a simulated clock, confirmed on the system's.
extension Writer {
  func setClock(
    _ time: Timestamp, _ commit: inout Commit
  ) throws(StoreError) -> Result<Outcome, EngineFailure> {
    guard let simulated = configuration.clock as? SimulatedClock else {
      return .failure(
        .refused(
          Refusal(
            .clockNotSimulated,
            "the daemon runs on the system's clock; start it with --simulated-clock to set it")))
    }
    guard time >= ledger.now, time.period <= Period.last else {
      return .failure(
        .refused(
          Refusal(
            .clockOutOfRange, field: "now_ms",
            "the clock goes forward from \(ledger.now.text) to the end of \(Period.last); it was asked to be "
              + time.text,
            ["now_ms": "\(ledger.now.milliseconds)", "asked_ms": "\(time.milliseconds)"])))
    }
    simulated.set(time)
    clock.believed = time
    ledger.advance(to: time)
    try append(&commit)
    return .success(.clock(ledger.now, openPeriod: ledger.openPeriod))
  }

  func confirmClock(
    _ time: Timestamp, _ commit: inout Commit
  ) throws(StoreError) -> Result<Outcome, EngineFailure> {
    guard let reading = configuration.clock.reading else {
      return .failure(
        .refused(
          Refusal(
            .invalidValue, field: "now_ms",
            "the daemon lives on a simulated clock, which is always believed; `mecene clock set` moves it")))
    }
    do throws(Refusal) {
      try clock.guardian.confirm(reading, by: time)
    } catch {
      return .failure(.refused(error))
    }
    configuration.logger.notice(
      "the clock was confirmed", metadata: ["clock": "\(reading.wall.text)"])
    if let now = readClock() { ledger.advance(to: now) }
    try append(&commit)
    return .success(.clock(ledger.now, openPeriod: ledger.openPeriod))
  }

  /// What the clock shows, if it is believed.
  func readClock() -> Timestamp? {
    guard let reading = configuration.clock.reading else {
      clock.believed = configuration.clock.now()
      return clock.believed
    }
    let verdict = clock.guardian.judge(
      reading, open: ledger.openPeriod, lastCommit: ledger.now)
    return clock.take(verdict, reading, configuration.logger)
  }
}
