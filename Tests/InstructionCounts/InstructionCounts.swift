import Foundation
import Logging
import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import MeceneProof
import MeceneServer
import MeceneTransport
import MeceneWire

/// Does one thing so many times, always the same way, so that a tool can count the instructions of each time:
/// `.ci/instructions` runs it with two numbers and divides the difference.
///
///     instruction-counts split|frames|unpack|apply|pack|call|commit|click|settle TIMES
@main
enum InstructionCounts {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let times = Int(arguments[2]) else { return usage() }
    switch arguments[1] {
    case "split": split(times)
    case "frames": try frames(times)
    case "unpack": try unpack(times)
    case "apply": try apply(times)
    case "pack": try pack(times)
    case "call": try wait { try await call(times) }
    case "commit": try wait { try await commit(times) }
    case "click": try wait { try await settle(times, settles: false) }
    case "settle": try wait { try await settle(times, settles: true) }
    default: usage()
    }
  }

  /// The main thread stays: valgrind does not survive its end, which an asynchronous `main` brings.
  private static func wait(_ body: @escaping @Sendable () async throws -> Void) throws {
    let (ended, failure) = (DispatchSemaphore(value: 0), Locked<(any Error)?>(nil))
    Task.detached {
      do { try await body() } catch { failure.withLock { $0 = error } }
      ended.signal()
    }
    ended.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  private static func usage() {
    print("usage: instruction-counts split|frames|unpack|apply|pack|call|commit|click|settle TIMES")
  }

  /// Cuts a pot into ten shares.
  private static func split(_ times: Int) {
    var sum = Micros.zero
    for patron in 1...times {
      let split = Split(
        pot: Micros(10_000_003), feeBps: 250, clicks: 10, patron: AccountID(Int64(patron)),
        period: Period(number: 682))
      for position in 0..<10 { sum = max(sum, split.share(at: position)) }
    }
    print(sum)
  }

  private static func clickFrame(id: UInt64 = 300) throws -> [UInt8] {
    let coder = MessageCoder(arenaBytesMax: 1 << 20)
    let payload = try coder.encode(ClickRequest(patron: .id(123_456), thing: .id(654_321)))
    var frame: [UInt8] = []
    try coder.appendFrame(
      Request(callID: id, method: "mecene.v1.ClickService/Click", payload: payload), to: &frame)
    return frame
  }

  /// Cuts one frame out of a stream of 64 at a time.
  private static func frames(_ times: Int) throws {
    let bytes = try (0..<64).flatMap { _ in try clickFrame() }
    var decoder = FrameDecoder(frameBytesMax: 1 << 20)
    var count = 0
    while count < times {
      decoder.append(bytes[...])
      try decoder.forEachFrame { _ in
        count += 1
        return true
      }
    }
    print(count)
  }

  /// Unpacks a call's envelope and its request.
  private static func unpack(_ times: Int) throws {
    let body = Array(try clickFrame().dropFirst(4))
    let coder = MessageCoder(arenaBytesMax: 1 << 20)
    let methods = MethodTable()
    var count = 0
    for _ in 0..<times {
      try coder.withRequest(in: body.span, methods: methods) { request in
        if (try? coder.decode(ClickRequest.self, from: request))?.patron == .id(123_456) { count += 1 }
      }
    }
    print(count)
  }

  /// Decides a click of somebody who has a pot.
  private static func apply(_ times: Int) throws {
    var ledger = Ledger(currency: "EUR", terms: Terms(), at: Period(number: 682).start)
    ledger.advance(to: Period(number: 682).start)
    for number in 1...1_000 as ClosedRange<Int64> {
      _ = try ledger.apply(
        .openAccount(
          name: AccountName("account\(number)"), fingerprint: Fingerprint(high: 0, low: UInt64(number)),
          displayName: PlainText("", field: "display_name", charactersMax: 1), budget: Micros(10_000_000)))
      let account = AccountReference.id(AccountID(number))
      _ = try ledger.apply(.deposit(account, Micros(10_000_000), RequestKey("first")))
      _ = try ledger.apply(
        .addThing(
          NewThing(
            owner: account, url: CanonicalURL("https://example.org/\(number)"),
            fingerprint: Fingerprint(high: 1, low: UInt64(number)),
            title: PlainText("", field: "title", charactersMax: 1),
            description: PlainText("", field: "description", charactersMax: 1), hidden: false)))
    }
    _ = ledger.takeEffects()
    for number in 0..<Int64(times) {
      let patron = number % 1_000
      let thing = (patron + 1 + number / 1_000) % 1_000
      _ = try ledger.apply(.click(.id(AccountID(patron + 1)), .id(ThingID(thing + 1)), nil))
      if number % 64 == 0 { ledger.takeClicks { _ in } }
    }
    print(ledger.openClickCount)
  }

  /// Packs an answer into its frame.
  private static func pack(_ times: Int) throws {
    let coder = MessageCoder(arenaBytesMax: 1 << 20)
    var bytes: [UInt8] = []
    var count = 0
    for number in 0..<times {
      if number % 64 == 0 { bytes.removeAll(keepingCapacity: true) }
      try coder.appendFrame(
        callID: 300, more: false,
        payload: ClickResponse(
          period: "2026-11", clicks: UInt64(number % 10 + 1), shareMicros: 1_234_567, potMicros: 10_000_000),
        to: &bytes)
      count += bytes.count
    }
    print(count)
  }

  /// Carries a click through the daemon's loop, from bytes to bytes: 64 at a time, in front of an engine of memory.
  private static func call(_ times: Int) async throws {
    let path = "/tmp/mecene-instructions-\(UUID().uuidString.prefix(8))"
    let server = try await Server(
      listen: [.unix(path: path)], engine: MemoryEngine(), shownSettings: [],
      logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() })
    do {
      var caller = try Caller(path: path)
      let frames = try (300..<364 as Range<UInt64>).flatMap(clickFrame)
      let bytes = try caller.call(frames, answers: 64)
      for _ in 0..<times / 64 { try caller.call(frames, answerBytes: bytes) }
      print(bytes)
    }
    await server.shutDown()
  }

  /// Commits 64 clicks at a time, of patrons who have a pot.
  private static func commit(_ times: Int) async throws {
    try await withEngine(people: 2_000) { engine in
      var number: Int64 = 0
      for _ in 0..<times {
        let commands = (0..<64).map { _ in
          defer { number += 1 }
          let patron = number % 2_000
          return Command.click(
            .id(AccountID(patron + 1)), .id(ThingID((patron + 1 + number / 2_000) % 2_000 + 1)), nil)
        }
        try await perform(engine, commands)
      }
      print(number)
    }
  }

  /// Brings clicks of a month in, and settles it when that is asked for.
  private static func settle(_ times: Int, settles: Bool) async throws {
    try await withEngine(people: 5_000) { engine in
      let perPatron = 10
      for first in stride(from: 0, to: times / perPatron, by: 500) {
        var (patrons, things): ([UInt64], [UInt64]) = ([], [])
        for number in first..<min(first + 500, times / perPatron) {
          let (patron, turn) = (number % 5_000, number / 5_000)
          for click in 0..<perPatron {
            patrons.append(UInt64(patron + 1))
            things.append(UInt64((patron + 1 + turn * perPatron + click) % 5_000 + 1))
          }
        }
        try await perform(engine, [.clickMany(patrons: patrons, things: things, nil)])
      }
      let month = Period(number: 682)
      try await perform(engine, [.setClock(month.next.start)])
      if settles { print(try await engine.settle(month) { _ in }.totals.clicks) }
    }
  }

  /// An engine with people who have 10.00 each and a thing each, on a simulated clock.
  private static func withEngine(
    people: Int64, _ body: (EmbeddedEngine) async throws -> Void
  ) async throws {
    let path = "/tmp/mecene-instructions-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let engine = try EmbeddedEngine(
      settings: .init(dataPath: path, autoSettle: false, simulatedClock: Period(number: 682).start),
      logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() }, fatal: { fatalError($0) })
    try await engine.start { _ in }
    let none = try PlainText("", field: "text", charactersMax: 1)
    for first in stride(from: 1, through: people, by: 500) {
      let numbers = first...min(first + 499, people)
      try await perform(
        engine,
        numbers.map {
          let name = try AccountName("account\($0)")
          return .openAccount(
            name: name, fingerprint: engine.fingerprintKey.fingerprint(of: name.text), displayName: none,
            budget: Micros(10_000_000)
          )
        })
      try await perform(
        engine, numbers.map { .deposit(.id(AccountID($0)), Micros(10_000_000), try RequestKey("first")) })
      try await perform(
        engine,
        numbers.map {
          let url = try CanonicalURL("https://example.org/\($0)")
          return .addThing(
            NewThing(
              owner: .id(AccountID($0)), url: url,
              fingerprint: engine.fingerprintKey.fingerprint(of: url.identity), title: none,
              description: none, hidden: false))
        })
    }
    try await body(engine)
    await engine.shutDown()
  }

  private static func perform(_ engine: EmbeddedEngine, _ commands: [Command]) async throws {
    try await perform(engine, commands.map(Submission.Work.command))
  }

  private static func perform(_ engine: EmbeddedEngine, _ work: [Submission.Work]) async throws {
    let failure = Locked<EngineFailure?>(nil)
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let left = Locked(work.count)
      engine.submit(
        work.map { work in
          Submission(
            work,
            reply: .closure { result in
              if case .failure(let found) = result { failure.withLock { $0 = found } }
              if left.withLock({
                $0 -= 1
                return $0 == 0
              }) {
                continuation.resume()
              }
            })
        }, callerCanWait: true)
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}
