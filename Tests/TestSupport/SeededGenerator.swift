import Foundation
import MeceneLedger

/// Numbers that follow from a seed: SplitMix64.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// Numbers that are others each time, from a seed that is printed. MECENE_SEED=SEED gives the same again.
  package static func printed(_ test: String = #function) -> SeededGenerator {
    let asked = ProcessInfo.processInfo.environment["MECENE_SEED"].flatMap(UInt64.init)
    let seed = asked ?? .random(in: 0...999_999)
    print("seed of \(test): \(seed)")
    return SeededGenerator(seed: seed)
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Split.mix(state)
  }
}
