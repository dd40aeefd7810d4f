extension Method {
  /// What repeating a call does, as declared in `proto/`.
  package enum Idempotency: Sendable, Hashable {
    /// It only reads.
    case noSideEffects
    /// It sets a state, and setting it again changes nothing.
    case idempotent
    /// Nothing is promised.
    case unknown
  }

  /// The service alone, such as `mecene.v1.ClickService`.
  package var service: String { String(path.prefix { $0 != "/" }) }
}
