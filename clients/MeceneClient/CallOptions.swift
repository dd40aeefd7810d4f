/// How a call is made. A client has options for all its calls, and each call can have its own in their place.
public struct CallOptions: Sendable {
  /// What a call does when nobody answers at the address.
  public enum WaitsForReady: Sendable, Hashable {
    /// It fails at once.
    case never
    /// It goes on trying until its timeout once a daemon has answered this client, because one that was there is
    /// most likely being restarted; before that it fails at once, because then the address may be wrong.
    case onceConnected
    /// It goes on trying until its timeout.
    case always
  }

  /// How long the call may take, over all attempts.
  public var timeout: Duration
  /// Headers of the call, at most 16: a lower-case key, such as traceparent, and any bytes.
  public var metadata: [(key: String, value: [UInt8])]
  /// Whether the call waits for a daemon that does not answer.
  public var waitsForReady: WaitsForReady

  /// - Parameters:
  ///   - timeout: How long the call may take, over all attempts.
  ///   - metadata: Headers of the call, at most 16.
  ///   - waitsForReady: Whether the call waits for a daemon that does not answer.
  public init(
    timeout: Duration = .seconds(10), metadata: [(key: String, value: [UInt8])] = [],
    waitsForReady: WaitsForReady = .onceConnected
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.waitsForReady = waitsForReady
  }
}
