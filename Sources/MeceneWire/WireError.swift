/// Why bytes are not a message, or a message can't become bytes.
package enum WireError: Error, Sendable, Hashable {
  /// The bytes break protobuf's encoding or a rule of the field.
  ///
  /// - `field`: The field's path in the contract, such as `patron.name`; empty for the message as a whole.
  case malformed(field: String, problem: String)
  /// The message does not fit into the arena.
  case arenaFull(bytesMax: Int)

  /// One sentence about the failure.
  package var sentence: String {
    switch self {
    case .malformed(let field, let problem):
      field.isEmpty ? "the message \(problem)" : "the field \(field) \(problem)"
    case .arenaFull(let bytesMax):
      "the message needs more than the \(bytesMax) bytes of memory that one message may take"
    }
  }

  func inside(_ name: String) -> WireError {
    guard case .malformed(let field, let problem) = self else { return self }
    return .malformed(field: field.isEmpty ? name : name + "." + field, problem: problem)
  }
}
