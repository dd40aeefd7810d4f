package import MeceneConcurrency

/// A question on its way, and what its reply becomes.
package struct Read<Answer: Sendable>: Sendable {
  package let question: Question
  /// Not answered after this; nil = no limit.
  package let deadline: Deadline?
  /// Gets the reply, or why there is none.
  package let run: @Sendable (Result<Reply, any Error>) -> Answer

  package init(
    _ question: Question, deadline: Deadline?, run: @escaping @Sendable (Result<Reply, any Error>) -> Answer
  ) {
    self.question = question
    self.deadline = deadline
    self.run = run
  }
}

extension Engine {
  /// Asks a question of what is committed now.
  ///
  /// - Throws: `EngineFailure`, or a `Refusal` for what does not exist.
  package func read<Answer>(_ query: Query<Answer>) async throws -> Answer {
    let reply = await withCheckedContinuation { continuation in
      read([Read(query.question, deadline: nil) { $0 }]) { replies in
        for reply in replies { continuation.resume(returning: reply) }
      }
    }
    return try query.answer(reply.get())
  }
}
