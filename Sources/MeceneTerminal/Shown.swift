extension String {
  /// The text as it may be shown at a terminal, whoever wrote it: characters that steer a terminal, turn the direction of what
  /// follows, or can't be seen, are written as `\u{202e}`.
  ///
  /// - Parameter keepingLines: Whether line breaks stay; otherwise they are written as `\n`.
  package func shown(keepingLines: Bool = false) -> String {
    if !unicodeScalars.contains(where: { $0.isUnseen && !(keepingLines && $0 == "\n") }) { return self }
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n" where keepingLines: result.unicodeScalars.append(scalar)
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.isUnseen: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Control characters, those of direction, line separators, tags, and what has no width. Joiners stay: emoji and scripts are
  /// written with them.
  fileprivate var isUnseen: Bool {
    switch value {
    case 0x00...0x1f, 0x7f...0x9f, 0xad, 0x61c, 0x115f, 0x1160, 0x180e, 0x3164, 0xffa0, 0x200b, 0x200e,
      0x200f, 0x2028...0x202e, 0x2060...0x2069, 0xfeff,
      0xfff9...0xfffb, 0xe0000...0xe007f:
      true
    default: false
    }
  }
}
