internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneLedger
internal import MeceneWire

/// Every method of the contract, on the engine. One extension for each service.
struct Handlers: Sendable {
  let engine: any Engine
  let limits: Limits
  let daemon: DaemonState
}

/// What the handlers know of the daemon around them.
final class DaemonState: Sendable {
  let version: String
  let settings: [(name: String, value: String)]
  let startedAt = Deadline.now
  let connections = Locked(0)
  let isDraining = Locked(false)

  init(version: String, settings: [(name: String, value: String)]) {
    self.version = version
    self.settings = settings
  }
}

extension Handlers {
  /// An outcome of another kind than the command's is a fault.
  static func unexpected(_ outcome: EngineOutcome) -> EngineFailure {
    .fault("an unexpected outcome: \(outcome)")
  }
}
