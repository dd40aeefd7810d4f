internal import CMeceneSystem

extension String {
  /// How many cells of a terminal the text takes, on one line.
  package var displayWidth: Int {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
  }

  /// As much of its beginning as fits into so many cells.
  func cut(to cells: Int) -> String {
    var left = cells
    return String(
      prefix { character in
        left -= String(character).displayWidth
        return left >= 0
      })
  }
}

extension Character {
  fileprivate var displayWidth: Int {
    let scalars = unicodeScalars
    if scalars.contains(where: { $0.properties.isEmojiPresentation || $0 == Self.emojiStyle }) { return 2 }
    // A letter and the marks upon it share their cells.
    // Whoever knows no width takes a cell for a character.
    return scalars.map { Int(mecene_cells($0.value)) }.map { $0 < 0 ? 1 : $0 }.max() ?? 0
  }

  /// Asks for the picture of a character that has a plain form too.
  private static let emojiStyle: Unicode.Scalar = "\u{fe0f}"
}
