internal import Foundation

/// Who clicks what: the shape of real likes, replicated, or a made-up shape where the real ones are not at hand.
struct Population {
  /// A like of the shape: ranks of patron and thing.
  private let likes: [(patron: UInt32, thing: UInt32)]
  private let patronsOfShape: UInt64
  private let thingsOfShape: UInt64
  let accounts: UInt64
  let things: UInt64
  /// Where the shape comes from, in words.
  let origin: String

  /// - Parameter likesPath: A gzipped CSV file with the columns day, patron, thing, owner.
  init(accounts: UInt64, things: UInt64, likesPath: String) {
    self.accounts = accounts
    self.things = things
    let real = Self.read(likesPath)
    likes = real ?? Self.madeUp()
    patronsOfShape = UInt64(likes.map(\.patron).max() ?? 0) + 1
    thingsOfShape = UInt64(likes.map(\.thing).max() ?? 0) + 1
    let copies = (accounts + patronsOfShape - 1) / patronsOfShape
    origin =
      real == nil
      ? "made-up Zipf likes, from a seed" : "real shape (\(likes.count) likes), replicated \(copies) times"
  }

  private static func read(_ path: String) -> [(patron: UInt32, thing: UInt32)]? {
    guard FileManager.default.fileExists(atPath: path),
      let text = try? Subprocess.output("/usr/bin/gzip", ["-dc", path])
    else { return nil }
    var patrons: [Substring: UInt32] = [:]
    var things: [Substring: UInt32] = [:]
    func number(_ name: Substring, _ names: inout [Substring: UInt32]) -> UInt32 {
      if let known = names[name] { return known }
      names[name] = UInt32(names.count)
      return UInt32(names.count - 1)
    }
    let likes = text.split(separator: "\n").dropFirst().compactMap {
      line -> (patron: UInt32, thing: UInt32)? in
      let fields = line.split(separator: ",")
      guard fields.count == 4 else { return nil }
      return (number(fields[1], &patrons), number(fields[2], &things))
    }
    return likes.isEmpty ? nil : likes
  }

  private static func madeUp() -> [(patron: UInt32, thing: UInt32)] {
    var random = SplitMix64(state: 5)
    let patrons = Zipf(count: 6_000, exponent: 0.9)
    let things = Zipf(count: 150_000, exponent: 0.6)
    return (0..<200_000).map { _ in (UInt32(patrons.draw(&random)), UInt32(things.draw(&random))) }
  }

  /// The click at a position. Positions up to the number of likes times copies give different clicks, but for likes
  /// that the shape repeats; own things are passed over.
  func click(at position: UInt64) -> (patron: UInt64, thing: UInt64) {
    let count = UInt64(likes.count)
    let copies = (accounts + patronsOfShape - 1) / patronsOfShape
    // A prime far above the count strews neighbours over the whole.
    let strewn = position &* 2_654_435_761 % (count * copies)
    let like = likes[Int(strewn % count)]
    let copy = strewn / count
    let patron = (UInt64(like.patron) + copy * patronsOfShape) % accounts + 1
    var thing = (UInt64(like.thing) + copy * thingsOfShape) % things + 1
    if thing == patron { thing = thing % things + 1 }
    return (patron, thing)
  }
}

/// Clicks, one after the other.
struct ClickSequence {
  let population: Population
  var position: UInt64

  mutating func next() -> (patron: UInt64, thing: UInt64) {
    defer { position += 1 }
    return population.click(at: position)
  }
}

/// Numbers that follow from a seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var x = state
    x = (x ^ x >> 30) &* 0xbf58_476d_1ce4_e5b9
    x = (x ^ x >> 27) &* 0x94d0_49bb_1331_11eb
    return x ^ x >> 31
  }
}

/// Ranks from 0 whose frequency falls with a power of the rank.
struct Zipf {
  private let sums: [Double]

  init(count: Int, exponent: Double) {
    var sum = 0.0
    sums = (1...count).map { rank in
      sum += pow(Double(rank), -exponent)
      return sum
    }
  }

  func draw(_ random: inout SplitMix64) -> Int {
    let wanted = Double.random(in: 0..<(sums.last ?? 1), using: &random)
    var low = 0
    var high = sums.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
