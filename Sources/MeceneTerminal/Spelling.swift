extension Sequence<String> {
  /// The word that somebody most likely meant; nil when none is near.
  package func nearest(to word: String) -> String? {
    let near = map { (word: $0, distance: Array($0).distance(to: Array(word))) }.min {
      $0.distance < $1.distance
    }
    return near.flatMap { $0.distance <= Swift.max(1, word.count / 3) ? $0.word : nil }
  }
}

extension [Character] {
  /// How many letters have to be put in, taken out or changed, or swapped with their neighbours: the optimal string alignment
  /// distance, https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance.
  fileprivate func distance(to other: [Character]) -> Int {
    var before: [Int] = []
    var last = Array<Int>(0...other.count)
    for (i, letter) in enumerated() {
      var row = [i + 1]
      for (j, otherLetter) in other.enumerated() {
        var cost = Swift.min(last[j] + (letter == otherLetter ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, letter == other[j - 1], self[i - 1] == otherLetter {
          cost = Swift.min(cost, before[j - 1] + 1)
        }
        row.append(cost)
      }
      (before, last) = (last, row)
    }
    return last[other.count]
  }
}
