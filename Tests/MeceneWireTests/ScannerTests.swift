import TestSupport
import Testing

@testable import MeceneWire

/// Hostile and odd bytes against the scanner, protobuf-c and the arena.
@Suite struct ScannerTests {
  private let coder = MessageCoder(arenaBytesMax: 1 << 20)

  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }

  private func refusal<M: Message>(_ type: M.Type, _ bytes: [UInt8]) -> String {
    do {
      _ = try coder.decode(type, from: bytes)
      return "decoded"
    } catch { return (error as WireError).sentence }
  }

  @Test func `every message survives encoding and decoding`() throws {
    let click = ClickRequest(patron: .name("anna"), thing: .url("https://é.org"), period: "2026-11")
    #expect(try coder.decode(ClickRequest.self, from: coder.encode(click)) == click)
    let many = ClickManyRequest(patronIDs: [1, 300, .max], thingIDs: [0, 5, 7], period: "")
    #expect(try coder.decode(ClickManyRequest.self, from: coder.encode(many)) == many)
    let update = UpdateThingRequest(thing: .id(3), title: "", hidden: false)
    let decoded = try coder.decode(UpdateThingRequest.self, from: coder.encode(update))
    #expect(decoded == update && decoded.title == "" && decoded.description == nil && decoded.hidden == false)
    let status = GetStatusResponse(nowMs: -1, settings: [Setting(name: "a", value: "b"), Setting()])
    #expect(try coder.decode(GetStatusResponse.self, from: coder.encode(status)) == status)
    let failure = Failure(message: "m", reason: .ownThing, details: [Detail(key: "k", value: "v")])
    let response = Response(callID: .max, more: true, status: 9, error: failure, payload: [0, 255])
    #expect(try coder.decode(Response.self, from: coder.encode(response)) == response)
    #expect(try coder.decode(VerifyRequest.self, from: []) == VerifyRequest())
  }

  @Test func `a string with NUL is refused with the field's name`() {
    #expect(
      refusal(OpenAccountRequest.self, field(1, Array("ab\0cd".utf8)))
        == "the field name is not UTF-8 text without NUL characters")
  }

  @Test(
    arguments: [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc3]] as [[UInt8]])
  func `a string that is not UTF-8 is refused`(bytes: [UInt8]) {
    #expect(refusal(OpenAccountRequest.self, field(1, bytes)).contains("name is not UTF-8"))
  }

  @Test func `a nested field is named by its path`() {
    let account = field(2, [0xff])
    #expect(refusal(GetAccountRequest.self, field(1, account)).contains("account.name"))
  }

  @Test func `a submessage that is sent twice is refused`() {
    let reference = field(1, [0x08, 0x01])
    #expect(refusal(GetAccountRequest.self, reference) == "decoded")
    #expect(refusal(GetAccountRequest.self, reference + reference) == "the field account is set twice")
  }

  @Test func `a wrong wire type is refused`() {
    #expect(refusal(OpenAccountRequest.self, [0x08, 0x01]).contains("name has the wrong wire type 0"))
    #expect(refusal(SetBudgetRequest.self, field(2, [1])).contains("budget_micros has the wrong wire type 2"))
  }

  @Test func `too many elements are refused, packed and unpacked`() throws {
    let most = ClickManyRequest(patronIDs: Array(repeating: 1, count: 65_536))
    let coder = MessageCoder(arenaBytesMax: 32 << 20)
    #expect(try coder.decode(ClickManyRequest.self, from: coder.encode(most)).patronIDs.count == 65_536)
    var more = most
    more.patronIDs.append(1)
    #expect(throws: WireError.self) { try coder.decode(ClickManyRequest.self, from: coder.encode(more)) }
    let unpacked = [[UInt8]](repeating: [0x08, 0x01], count: 65_537).flatMap { $0 }
    #expect(throws: WireError.self) { try coder.decode(ClickManyRequest.self, from: unpacked) }
    let seventeen = Request(metadata: Array(repeating: Metadata(), count: 17))
    #expect(throws: WireError.self) { try coder.decode(Request.self, from: coder.encode(seventeen)) }
  }

  @Test func `repeated numbers decode alike, packed and unpacked`() throws {
    let unpacked: [UInt8] = [0x08, 1, 0x08, 2, 0x08, 0x80, 0x01]
    let packed: [UInt8] = [0x0a, 4, 1, 2, 0x80, 0x01]
    #expect(try coder.decode(ClickManyRequest.self, from: unpacked).patronIDs == [1, 2, 128])
    #expect(try coder.decode(ClickManyRequest.self, from: packed).patronIDs == [1, 2, 128])
  }

  @Test func `an enum value that is not known is refused, and kept by clients`() throws {
    let bytes = try coder.encode(Failure(reason: Reason(rawValue: 999)))
    #expect(refusal(Failure.self, bytes) == "the field reason has no value 999")
    let tolerant = MessageCoder(arenaBytesMax: 1 << 20, toleratesUnknownEnums: true)
    #expect(try tolerant.decode(Failure.self, from: bytes).reason.rawValue == 999)
  }

  @Test func `unknown fields are skipped, but not without bound`() throws {
    let unknown: [UInt8] = [0x78, 0x01]
    #expect(try coder.decode(GetAccountRequest.self, from: unknown + field(1, [0x08, 5])).account == .id(5))
    let many = [[UInt8]](repeating: unknown, count: 65).flatMap { $0 }
    #expect(refusal(GetAccountRequest.self, many).contains("unknown fields"))
  }

  @Test func `an arena that is full is an error, not a crash`() {
    let small = MessageCoder(arenaBytesMax: 4_096)
    let long = OpenAccountRequest(name: String(repeating: "a", count: 5_000))
    #expect(throws: WireError.arenaFull(bytesMax: 4_096)) { try small.encode(long) }
    let bytes = (try? coder.encode(long)) ?? []
    #expect(throws: WireError.arenaFull(bytesMax: 4_096)) {
      try small.decode(OpenAccountRequest.self, from: bytes)
    }
    // Empty submessages are cheap on the wire and dear in memory.
    let empty = [[UInt8]](repeating: [0x0a, 0], count: 900).flatMap { $0 }
    #expect(throws: WireError.arenaFull(bytesMax: 4_096)) {
      try small.decode(ListAccountsResponse.self, from: empty)
    }
  }

  @Test func `random bytes and mutated messages never crash`() throws {
    var random = SeededGenerator.printed()
    func next(_ bound: UInt64) -> UInt64 { (random.next() >> 33) % bound }
    let valid = try coder.encode(
      ListClicksResponse(clicks: [PatronClick(thingID: 1, url: "u", title: "t")], period: "2026-11"))
    for _ in 0..<20_000 {
      var bytes = next(2) == 0 ? valid : (0..<next(40)).map { _ in UInt8(next(256)) }
      if !bytes.isEmpty {
        for _ in 0..<next(4) { bytes[Int(next(UInt64(bytes.count)))] = UInt8(next(256)) }
        bytes = Array(bytes.prefix(Int(next(UInt64(bytes.count + 1)))))
      }
      _ = try? coder.decode(ListClicksResponse.self, from: bytes)
      _ = try? coder.decode(Request.self, from: bytes)
      _ = try? coder.decode(UpdateThingRequest.self, from: bytes)
    }
  }

  @Test(
    arguments: [
      [0x0a], [0x0a, 5, 1], [0x80], [0x08, 0x80], Array(repeating: 0xff, count: 11), [0x00], [0x0b], [0x0c],
      [0x0f],
      [0x0d, 1, 2], [0x09, 1, 2, 3], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ] as [[UInt8]])
  func `truncated and malformed bytes are refused`(bytes: [UInt8]) {
    #expect(refusal(GetAccountRequest.self, bytes) != "decoded")
  }
}
