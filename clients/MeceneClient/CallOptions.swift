public import MeceneWire

/// How a call is made.
public struct CallOptions: Sendable {
  /// How long the call may take, over all attempts.
  public var timeout: Duration
  /// Headers of the call.
  public var metadata: [Metadata]
  /// False = fail at once when nobody answers at the address; true = go on trying until the timeout.
  public var waitsForReady: Bool

  /// - Parameters:
  ///   - timeout: How long the call may take, over all attempts.
  ///   - waitsForReady: Whether to wait for a daemon that does not answer yet.
  public init(timeout: Duration = .seconds(10), metadata: [Metadata] = [], waitsForReady: Bool = false) {
    self.timeout = timeout
    self.metadata = metadata
    self.waitsForReady = waitsForReady
  }
}
