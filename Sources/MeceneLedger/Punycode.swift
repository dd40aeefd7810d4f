/// The form in which names of any script stand in ASCII. Source: RFC 3492, sections 5 and 6.2.
enum Punycode {
  private static let (base, tMin, tMax) = (36, 1, 26)
  private static let (skew, damp, initialBias, initialN) = (38, 700, 72, 0x80)

  /// Whether a label that begins with xn-- stands for a name, with something in it that is not ASCII.
  static func isLabel(_ label: Substring) -> Bool {
    let rest = label.dropFirst("xn--".count)
    // Of a row of ASCII letters that is empty nothing separates.
    if rest.first == "-" { return false }
    let basic = rest.lastIndex(of: "-").map { rest[..<$0].utf8.count } ?? 0
    let digits = rest.lastIndex(of: "-").map { rest[rest.index(after: $0)...] } ?? rest
    return !digits.isEmpty && decodes(digits, behind: basic)
  }

  /// Whether digits decode to code points, when they stand behind so many that are ASCII.
  private static func decodes(_ digits: Substring, behind basic: Int) -> Bool {
    var (n, i, bias, length) = (initialN, 0, initialBias, basic)
    var rest = Array(digits.utf8)[...]
    while !rest.isEmpty {
      let before = i
      var weight = 1
      for k in stride(from: base, through: .max - base, by: base) {
        guard let digit = rest.popFirst().flatMap(value) else { return false }
        i += digit * weight
        let threshold = k <= bias ? tMin : k >= bias + tMax ? tMax : k - bias
        if digit < threshold { break }
        weight *= base - threshold
        // Beyond what any code point and place need.
        guard i < 1 << 40, weight < 1 << 40 else { return false }
      }
      length += 1
      bias = adapted(i - before, length, isFirst: before == 0)
      n += i / length
      i = i % length + 1
      guard let scalar = Unicode.Scalar(UInt32(clamping: n)), isOfNames(scalar) else { return false }
    }
    return true
  }

  private static func isOfNames(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .format: scalar == "\u{200c}" || scalar == "\u{200d}"
    case .control, .unassigned, .privateUse, .surrogate, .spaceSeparator, .lineSeparator, .paragraphSeparator:
      false
    default: true
    }
  }

  private static func value(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
    default: nil
    }
  }

  private static func adapted(_ delta: Int, _ length: Int, isFirst: Bool) -> Int {
    var delta = isFirst ? delta / damp : delta / 2
    delta += delta / length
    var k = 0
    while delta > (base - tMin) * tMax / 2 {
      delta /= base - tMin
      k += base
    }
    return k + (base - tMin + 1) * delta / (delta + skew)
  }
}
