/// `Health/Check`: an empty call.
struct HealthRequests: RequestSource {
  func append(_ id: UInt32, to bytes: inout [UInt8]) {
    FrameWriter.append(callID: id, method: "grpc.health.v1.Health/Check", to: &bytes) { _ in }
  }
}

/// `Click`: single clicks.
struct ClickRequests: RequestSource {
  var clicks: ClickSequence

  mutating func append(_ id: UInt32, to bytes: inout [UInt8]) {
    let click = clicks.next()
    FrameWriter.append(callID: id, method: "mecene.v1.ClickService/Click", to: &bytes) {
      FrameWriter.append(reference: click.patron, field: 1, to: &$0)
      FrameWriter.append(reference: click.thing, field: 2, to: &$0)
    }
  }
}

/// `ClickMany` of a fixed size.
struct ClickManyRequests: RequestSource {
  let next: (UInt64) -> (patron: UInt64, thing: UInt64)
  var position: UInt64 = 0
  let size: Int
  let last: UInt64

  init(size: Int, first: UInt64, last: UInt64, _ next: @escaping (UInt64) -> (patron: UInt64, thing: UInt64))
  {
    self.next = next
    self.size = size
    position = first
    self.last = last
  }

  mutating func append(_ id: UInt32, to bytes: inout [UInt8]) {
    let clicks = (position..<min(position + UInt64(size), last)).map(next)
    position += UInt64(clicks.count)
    FrameWriter.append(callID: id, method: "mecene.v1.ClickService/ClickMany", to: &bytes) {
      $0.append(0x0a)
      FrameWriter.appendNested(to: &$0) { bytes in
        for click in clicks { FrameWriter.append(varint: click.patron, to: &bytes) }
      }
      $0.append(0x12)
      FrameWriter.appendNested(to: &$0) { bytes in
        for click in clicks { FrameWriter.append(varint: click.thing, to: &bytes) }
      }
    }
  }
}

/// What fills an empty ledger: accounts with a budget, their money, and a thing for each.
struct PopulationRequests: RequestSource {
  enum Stage { case accounts, deposits, things }
  let stage: Stage
  var number: UInt64 = 0

  mutating func append(_ id: UInt32, to bytes: inout [UInt8]) {
    number += 1
    let number = number
    switch stage {
    case .accounts:
      FrameWriter.append(callID: id, method: "mecene.v1.AccountService/OpenAccount", to: &bytes) {
        FrameWriter.append(text: "account\(number)", field: 1, to: &$0)
        FrameWriter.append(number: 10_000_000, field: 3, to: &$0)
      }
    case .deposits:
      FrameWriter.append(callID: id, method: "mecene.v1.AccountService/Deposit", to: &bytes) {
        FrameWriter.append(reference: number, field: 1, to: &$0)
        FrameWriter.append(number: 100_000_000, field: 2, to: &$0)
        FrameWriter.append(text: "first", field: 3, to: &$0)
      }
    case .things:
      FrameWriter.append(callID: id, method: "mecene.v1.ThingService/AddThing", to: &bytes) {
        FrameWriter.append(reference: number, field: 1, to: &$0)
        FrameWriter.append(text: "https://example.org/\(number)", field: 2, to: &$0)
      }
    }
  }
}
