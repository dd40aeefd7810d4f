internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneLedger
internal import MeceneProof
internal import MeceneWire
internal import Synchronization

/// Every method of the contract, on the engine. One extension for each service.
final class Handlers: Sendable {
  let engine: any Engine
  /// Makes the fingerprints by which the engine finds names and URLs.
  let fingerprintKey: FingerprintKey
  let limits: Limits
  let daemon: DaemonState

  init(engine: any Engine, limits: Limits, daemon: DaemonState) {
    self.engine = engine
    fingerprintKey = engine.fingerprintKey
    self.limits = limits
    self.daemon = daemon
  }
}

/// What the handlers know of the daemon around them.
final class DaemonState: Sendable {
  let version: String
  let settings: [(name: String, value: String)]
  let startedAt: Deadline
  let connections = Locked(0)
  let isDraining = Atomic(false)

  init(version: String, settings: [(name: String, value: String)], startedAt: Deadline) {
    self.startedAt = startedAt
    self.version = version
    self.settings = settings
  }
}

extension Handlers {
  /// An outcome of another kind than the command's is a fault. Continuations call it by its type's name: `Self` of a class
  /// would be captured.
  static func unexpected(_ outcome: Outcome) -> EngineFailure {
    .fault("an unexpected outcome: \(outcome)")
  }
}
