internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneProof
internal import MeceneStore

/// Short reads, on a queue of their own: takes all that waits and answers it from one snapshot.
actor Reader {
  /// Answers that go back together: a hop for each cost a tenth of the time of a read.
  private static let answersAtOnce = 128

  private typealias Batch = @Sendable (Result<BookSnapshot, EngineFailure>) -> Void

  nonisolated let executor: any SerialQueue
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private nonisolated let mailbox = Mailbox<Batch>()
  private let book: BookReader

  private nonisolated let runtime: any Runtime
  private nonisolated let answering: Answering

  init(book: sending BookReader, answering: Answering, runtime: any Runtime) {
    executor = runtime.makeQueue("mecene.reader", isUrgent: true)
    self.book = book
    self.answering = answering
    self.runtime = runtime
  }

  nonisolated func submit<Answer>(
    _ reads: [Read<Answer>], answered: @escaping @Sendable ([Answer]) -> Void
  ) {
    let isIdle = mailbox.post { [runtime, answering] snapshot in
      let now = runtime.now
      var answers: [Answer] = []
      for read in reads {
        let isLate = read.deadline.map { $0 < now } ?? false
        answers.append(
          read.run(
            Result {
              if isLate { throw EngineFailure.expired }
              return try answering.reply(to: read.question, snapshot.get())
            }))
        guard answers.count == Self.answersAtOnce else { continue }
        answered(answers)
        answers.removeAll()
      }
      if !answers.isEmpty { answered(answers) }
    }
    if isIdle { executor.async { self.assumeIsolated { $0.drain() } } }
  }

  private func drain() {
    while let batches = mailbox.take() {
      var answered = 0
      do {
        try book.read { snapshot in
          while answered < batches.count {
            answered += 1
            batches[answered - 1](.success(snapshot))
          }
        }
      } catch {
        for batch in batches[answered...] { batch(.failure(.fault("\(error)"))) }
      }
    }
  }
}

/// A queue of long reads, which keep nobody waiting but each other.
actor Scanner {
  nonisolated let executor: any SerialQueue
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  private let book: BookFile

  init(book: BookFile, runtime: any Runtime) {
    executor = runtime.makeQueue("mecene.scanner", isUrgent: false)
    self.book = book
  }

  /// Runs a long read, unless whoever asked for it has gone while it waited.
  func read<T: Sendable>(_ body: @Sendable (BookFile) throws -> T) throws -> T {
    try Task.checkCancellation()
    do {
      return try body(book)
    } catch let finding as Finding {
      throw Refusal.booksInconsistent(finding)
    }
  }
}
