internal import Glibc

/// What a platform does all day: clicks, reads and money, at once; and beside ten thousand idle connections.
struct MixedLoad: Step {
  static let name = "mixed"
  static let title = "80 % clicks, 15 % reads, 5 % money, 64 x 16; and 10,000 idle connections"

  func run(_ shop: Workshop) throws {
    let daemon = try shop.daemon(on: .pots)
    defer { daemon.terminate() }
    var (mixed, alone): ([LoadResult], [LoadResult]) = ([], [])
    for round in 0..<5 as Range<UInt64> {
      alone.append(
        try daemon.load(ClickRequests(clicks: shop.freshClicks()), connections: 64, depth: 16, seconds: 1.2))
      let requests = MixedRequests(
        clicks: shop.freshClicks(), accounts: shop.population.accounts, round: round)
      mixed.append(try daemon.load(requests, connections: 64, depth: 16, seconds: 1.2))
    }
    let line = Line(Self.name, "64 x 16", mixed.map(\.callsPerSecond), "calls/s")
    shop.results.add(
      line.against("clicks alone", alone.map(\.callsPerSecond), atLeast: 0.5))
    shop.results.add(
      Line(Self.name, "64 x 16, 99th percentile", median(mixed.map { $0.milliseconds(99) }), "ms"))
    daemon.terminate()
    try idle(shop)
  }

  private func idle(_ shop: Workshop) throws {
    raiseDescriptorLimit()
    // A fresh one, for memory that was freed before would serve the connections and not be seen.
    let daemon = try shop.daemon(on: .pots)
    defer { daemon.terminate() }
    let before = daemon.residentBytes
    let idle = try LoadGenerator(
      MeceneConversation(requests: HealthRequests()), to: daemon.tcp, connections: 10_000, depth: 1)
    _ = try idle.closed(calls: 10_000)
    let after = daemon.residentBytes
    var (beside, alone): ([Double], [Double]) = ([], [])
    func clicks() throws -> Double {
      try daemon.load(ClickRequests(clicks: shop.freshClicks()), connections: 64, depth: 16, seconds: 1.5)
        .callsPerSecond
    }
    for _ in 0..<3 { beside.append(try clicks()) }
    idle.close()
    for _ in 0..<3 { alone.append(try clicks()) }
    shop.results.add(
      Line(Self.name, "clicks beside 10,000 idle connections", median(beside), "clicks/s")
        .against("without them", median(alone), atLeast: 0.9))
    shop.results.add(
      Line(Self.name, "memory of an idle connection", Double(after - before) / 10_000 / 1_024, "KiB").below(8)
    )
  }

  private func raiseDescriptorLimit() {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}

/// Of twenty calls sixteen click, three read and one deposits.
struct MixedRequests: RequestSource {
  var clicks: ClickRequests
  private let accounts: UInt64
  private var random: SplitMix64
  private var number: UInt64 = 0
  private let round: UInt64

  init(clicks: ClickSequence, accounts: UInt64, round: UInt64) {
    self.clicks = ClickRequests(clicks: clicks)
    self.accounts = accounts
    self.round = round
    random = SplitMix64(state: clicks.position)
  }

  mutating func append(_ id: UInt32, to bytes: inout [UInt8]) {
    number += 1
    let account = random.next() % accounts + 1
    switch number % 20 {
    case 0:
      let key = "mixed-\(round)-\(number)"
      FrameWriter.append(callID: id, method: "mecene.v1.AccountService/Deposit", to: &bytes) {
        FrameWriter.append(reference: account, field: 1, to: &$0)
        FrameWriter.append(number: 1_000_000, field: 2, to: &$0)
        FrameWriter.append(text: key, field: 3, to: &$0)
      }
    case 5:
      FrameWriter.append(callID: id, method: "mecene.v1.AccountService/GetAccount", to: &bytes) {
        FrameWriter.append(reference: account, field: 1, to: &$0)
      }
    case 10:
      FrameWriter.append(callID: id, method: "mecene.v1.ThingService/GetThing", to: &bytes) {
        FrameWriter.append(reference: account, field: 1, to: &$0)
      }
    case 15:
      FrameWriter.append(callID: id, method: "mecene.v1.ClickService/ListClicks", to: &bytes) {
        FrameWriter.append(reference: account, field: 1, to: &$0)
      }
    default: clicks.append(id, to: &bytes)
    }
  }
}
