import MeceneLedger
import MeceneWire

/// Does one thing so many times, always the same way, so that a tool can count the instructions of each time:
/// `.ci/instructions` runs it with two numbers and divides the difference.
///
///     instruction-counts split|frames|unpack|apply|pack TIMES
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
    default: usage()
    }
  }

  private static func usage() { print("usage: instruction-counts split|frames|unpack|apply|pack TIMES") }

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

  private static func clickFrame() throws -> [UInt8] {
    let coder = MessageCoder(arenaBytesMax: 1 << 20)
    let payload = try coder.encode(ClickRequest(patron: .id(123_456), thing: .id(654_321)))
    var frame: [UInt8] = []
    try coder.appendFrame(
      Request(callID: 300, method: "mecene.v1.ClickService/Click", payload: payload), to: &frame)
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
}
