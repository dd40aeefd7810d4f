import Foundation
import TestSupport
import Testing

@testable import MeceneWire

/// The way of plain messages against the general one, through scanner and protobuf-c.
@Suite struct PlainMessageTests {
  private let plain = MessageCoder(arenaBytesMax: 1 << 20)
  private let general = MessageCoder(arenaBytesMax: 1 << 20, plainBytesMax: nil)

  static let types: [any Message.Type] = [
    AccountReference.self, Account.self, Transfer.self, OpenAccountRequest.self, OpenAccountResponse.self,
    GetAccountRequest.self, GetAccountResponse.self, ListAccountsRequest.self, ListAccountsResponse.self,
    UpdateAccountRequest.self, SetBudgetRequest.self, SetBudgetResponse.self, DepositRequest.self,
    DepositResponse.self, WithdrawRequest.self, WithdrawResponse.self, CloseAccountRequest.self,
    GetStatementRequest.self, GetStatementResponse.self, ListTransfersRequest.self,
    ListTransfersResponse.self, JournalEntry.self, ClickRequest.self, ClickResponse.self,
    ClickManyRequest.self, ClickManyResponse.self, UndoClickRequest.self, UndoClickResponse.self,
    ListClicksRequest.self, ListClicksResponse.self, GetStatusRequest.self, GetStatusResponse.self,
    SetClockRequest.self, SetClockResponse.self, HealthCheckRequest.self, HealthCheckResponse.self,
    Settlement.self, PreviewSettlementRequest.self, PreviewSettlementResponse.self, SettleRequest.self,
    SettleResponse.self, GetSettlementRequest.self, GetSettlementResponse.self,
    ListSettlementsRequest.self, ListSettlementsResponse.self, GetRevenueRequest.self,
    GetRevenueResponse.self, GetReceiptRequest.self, GetReceiptResponse.self, Receipt.self,
    VerifyRequest.self, VerifyResponse.self, ThingReference.self, Thing.self, AddThingRequest.self,
    AddThingResponse.self, GetThingRequest.self, GetThingResponse.self, ListThingsRequest.self,
    ListThingsResponse.self, UpdateThingRequest.self, RetireThingRequest.self, Request.self, Response.self,
    Failure.self, CloseAccountResponse.self, ConfirmClockRequest.self, ConfirmClockResponse.self,
    Detail.self, Metadata.self, OwnerPart.self, PatronClick.self, PatronPart.self, PeriodTerms.self,
    ReceiptClick.self, RetireThingResponse.self, ReviveThingRequest.self, ReviveThingResponse.self,
    Setting.self, StageProgress.self, ThingRevenue.self, UpdateAccountResponse.self,
    UpdateThingResponse.self, Verdict.self, WrongRow.self,
  ]

  /// Random bytes in a message's shape. Now and then they break a rule.
  private struct Bytes {
    var random: SeededGenerator
    var breaksRules: Bool

    mutating func chance(_ of: UInt64) -> Bool { random.next() % of == 0 }

    mutating func varint(_ value: UInt64) -> [UInt8] {
      var bytes: [UInt8] = []
      var value = value
      while value >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
      }
      bytes.append(UInt8(truncatingIfNeeded: value))
      if breaksRules, chance(30) {
        // The same number in more bytes than it needs, or in more than there may be.
        bytes[bytes.count - 1] |= 0x80
        bytes += Array(repeating: 0x80, count: Int(random.next() % 10)) + [UInt8(random.next() % 3)]
      }
      return bytes
    }

    mutating func number() -> UInt64 {
      switch random.next() % 4 {
      case 0: random.next() % 2
      case 1: random.next() % 300
      case 2: UInt64(truncatingIfNeeded: Int64.min) >> (random.next() % 64)
      default: random.next() >> (random.next() % 64)
      }
    }

    mutating func text() -> [UInt8] {
      let pieces = ["a", "bc", "2026-11", "é", "€uro", "𝄞", String(repeating: "x", count: 60)]
      let count = random.next() % (chance(8) ? 20 : 3)
      var bytes = (0..<count).flatMap { _ in Array(pieces[Int(random.next() % 7)].utf8) }
      if breaksRules, chance(20) { bytes.append(chance(2) ? 0 : 0xc3) }
      return bytes
    }

    mutating func message(_ layout: MessageLayout) -> [UInt8] {
      var bytes: [UInt8] = []
      for _ in 0..<random.next() % 7 where !layout.shapes.isEmpty {
        let field = Int(random.next() % UInt64(layout.shapes.count + (breaksRules ? 1 : 0)))
        bytes += self.field(field, layout)
      }
      if breaksRules, chance(20), !bytes.isEmpty {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if breaksRules, chance(40) { bytes.removeLast(min(bytes.count, 1 + Int(random.next() % 3))) }
      return bytes
    }

    private mutating func field(_ number: Int, _ layout: MessageLayout) -> [UInt8] {
      func tag(_ wireType: Int) -> [UInt8] { varint(UInt64(number << 3 | wireType)) }
      func lengthDelimited(_ body: [UInt8]) -> [UInt8] { tag(2) + varint(UInt64(body.count)) + body }
      let shape = number < layout.shapes.count ? layout.shapes[number] : MessageLayout.Shape()
      switch shape.kind {
      case .absent: return breaksRules ? tag(0) + varint(self.number()) : []
      case .number: return tag(0) + varint(self.number())
      case .enumeration:
        var value = random.next() % 30
        while !breaksRules, !layout.knows(Int32(value), field: number) { value = random.next() % 30 }
        return tag(0) + varint(value)
      case .string: return lengthDelimited(text())
      case .bytes: return lengthDelimited((0..<random.next() % 40).map { _ in UInt8(random.next() & 0xff) })
      case .message: return layout.message(number).map { lengthDelimited(message($0)) } ?? []
      }
    }
  }

  private func decoded<M: Message>(_ type: M.Type, _ bytes: [UInt8], _ coder: MessageCoder) -> Result<
    M, WireError
  > {
    do { return .success(try coder.decode(type, from: bytes)) } catch { return .failure(error) }
  }

  private func readsAlike<M: Message>(_ type: M.Type, seed: UInt64) {
    var bytes = Bytes(random: SeededGenerator(seed: seed), breaksRules: false)
    for round in 0..<600 {
      bytes.breaksRules = round % 2 == 1
      let message = bytes.message(M.layout)
      #expect(
        decoded(type, message, plain) == decoded(type, message, general),
        "\(type), seed \(seed), round \(round)")
    }
  }

  private func writesAlike<M: Message>(_ type: M.Type, seed: UInt64) throws {
    var bytes = Bytes(random: SeededGenerator(seed: seed), breaksRules: false)
    for round in 0..<300 {
      guard case .success(let message) = decoded(type, bytes.message(M.layout), general) else { continue }
      var (one, other): ([UInt8], [UInt8]) = ([7], [7])
      let (call, more) = (bytes.number(), bytes.chance(2))
      try plain.appendFrame(callID: call, more: more, payload: message, to: &one)
      try general.appendFrame(callID: call, more: more, payload: message, to: &other)
      #expect(one == other, "\(type), seed \(seed), round \(round)")
    }
  }

  @Test func `every message of the contract is tried`() throws {
    var names: Set<String> = []
    let files = ["account", "click", "daemon", "settlement", "thing", "wire"].map { "mecene/v1/\($0)" }
    for file in files + ["grpc/health/v1/health"] {
      let text = try String(contentsOfFile: "proto/\(file).proto", encoding: .utf8)
      for line in text.split(separator: "\n") where line.hasPrefix("message ") {
        names.insert(String(line.split(separator: " ")[1]))
      }
    }
    let tried = Set(Self.types.map { $0.layout.name.split(separator: ".").last.map(String.init) ?? "" })
    #expect(names.count > 70 && tried.symmetricDifference(names) == [])
  }

  @Test func `a plain message is read as protobuf-c reads it, and any other is left to it`() {
    let seed = UInt64.random(in: 0..<1 << 32)
    for type in Self.types { readsAlike(type, seed: seed) }
  }

  @Test func `a message is written byte for byte as protobuf-c writes it`() throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    for type in Self.types { try writesAlike(type, seed: seed) }
  }

  @Test func `a call with ids alone is plain, and one with odd fields is not`() throws {
    func isPlain(_ bytes: [UInt8]) -> Bool {
      bytes.withUnsafeBytes { buffer in
        var reader = unsafe PlainReader(buffer)
        _ = ClickRequest(plain: &reader)
        return reader.isPlain
      }
    }
    let click = try general.encode(ClickRequest(patron: .id(1 << 40), thing: .url("x"), period: "2026-11"))
    #expect(isPlain(click))
    #expect(!isPlain(click + [0]), "field number 0")
    #expect(!isPlain(click + [0x78, 1]), "a field that is not known")
    #expect(!isPlain(click + [0x0a, 0]), "a message that comes twice")
    #expect(!isPlain(click + [0x1a, 1, 0]), "NUL")
    #expect(!isPlain(click + [0x1a, 2, 0x41]), "a length beyond the end")
    #expect(!isPlain(click.dropLast(1)), "an end in the middle")
    for count in 1..<click.count {
      #expect(isPlain(Array(click[..<count])) == (general.reads(click[..<count])))
    }
  }

  @Test(arguments: [126, 127, 128, 129, 900, 1_000, 1_024, 1_030, 20_000])
  func `an answer of any length is one whole frame`(length: Int) throws {
    let answer = GetThingResponse(thing: Thing(title: String(repeating: "t", count: length)))
    var (one, other): ([UInt8], [UInt8]) = ([], [])
    try plain.appendFrame(callID: 1, more: false, payload: answer, to: &one)
    try general.appendFrame(callID: 1, more: false, payload: answer, to: &other)
    #expect(one == other)
    #expect(one[..<4].reduce(0) { $0 << 8 | Int($1) } == one.count - 4)
  }
}

extension MessageCoder {
  fileprivate func reads(_ bytes: ArraySlice<UInt8>) -> Bool {
    (try? decode(ClickRequest.self, from: Array(bytes))) != nil
  }
}
