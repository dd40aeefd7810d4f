/// A URL's host in the one form that all its spellings share: a name in lower case without the dot that ends it, or an
/// address.
///
/// Source: RFC 1035, section 2.3.4 (lengths of names), RFC 5952, section 4 (the form of IPv6 addresses), the URL standard's host
/// parser (names that end in a number), RFC 3492 (punycode).
enum CanonicalHost {
  private static let nameMax = 253
  private static let labelMax = 63

  /// - Parameter text: In lower case, of ASCII.
  /// - Returns: Nil when no host is called so.
  static func of(_ text: String) -> String? {
    let bytes = text.utf8
    if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
      return address(text.dropFirst().dropLast()).map { "[\($0)]" }
    }
    let name = bytes.last == UInt8(ascii: ".") ? String(text.dropLast()) : text
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard name.utf8.count <= nameMax, labels.allSatisfy(isLabel), let last = labels.last else { return nil }
    // What ends in a number is an address to every browser, whatever it is made of: it has to be written as one.
    if isNumber(last) { return isAddress(labels) ? name : nil }
    return name
  }

  private static func isNumber(_ label: Substring) -> Bool {
    label.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      || label.hasPrefix("0x") && label.dropFirst(2).allSatisfy(\.isHexDigit)
  }

  /// Four numbers from 0 to 255, as they are printed.
  private static func isAddress(_ labels: [Substring]) -> Bool {
    labels.count == 4 && labels.allSatisfy { label in UInt8(label).map { "\($0)" == label } ?? false }
  }

  private static func isLabel(_ label: Substring) -> Bool {
    (1...labelMax).contains(label.utf8.count) && (!label.hasPrefix("xn--") || Punycode.isLabel(label))
      && label.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
          || byte == UInt8(ascii: "_")
      }
  }

  /// Eight groups of hexadecimal digits, the longest row of zeros left out.
  private static func address(_ text: Substring) -> String? {
    guard let groups = groups(text) else { return nil }
    var zeros = 0..<0
    var start = 0
    while start < groups.count {
      let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
      if end - start > max(zeros.count, 1) { zeros = start..<end }
      start = max(end, start) + 1
    }
    func written(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if zeros.isEmpty { return written(groups[...]) }
    return written(groups[..<zeros.lowerBound]) + "::" + written(groups[zeros.upperBound...])
  }

  private static func groups(_ text: Substring) -> [UInt16]? {
    let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
    guard halves.count <= 2 else { return nil }
    guard halves.count == 2 else {
      let groups = part(text, isLast: true)
      return groups?.count == 8 ? groups : nil
    }
    guard let first = part(halves[0], isLast: false), let last = part(halves[1], isLast: true),
      first.count + last.count < 8
    else { return nil }
    return first + Array(repeating: 0, count: 8 - first.count - last.count) + last
  }

  /// - Parameter isLast: Whether an IPv4 address may end it.
  private static func part(_ text: Substring, isLast: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    var groups: [UInt16] = []
    let words = text.split(separator: ":", omittingEmptySubsequences: false)
    for (position, word) in words.enumerated() {
      if isLast, position == words.count - 1, word.contains(".") {
        let bytes = word.split(separator: ".", omittingEmptySubsequences: false).map {
          number($0, radix: 10, digits: 3)
        }
        guard bytes.count == 4, bytes.allSatisfy({ $0.map { $0 <= 255 } ?? false }) else { return nil }
        let all = bytes.compactMap { $0 }
        groups += [all[0] << 8 | all[1], all[2] << 8 | all[3]]
      } else {
        guard let group = number(word, radix: 16, digits: 4) else { return nil }
        groups.append(group)
      }
    }
    return groups
  }

  private static func number(_ text: Substring, radix: Int, digits: Int) -> UInt16? {
    // `UInt16` would take a sign.
    guard (1...digits).contains(text.utf8.count), text.first != "+", text.first != "-" else { return nil }
    return UInt16(text, radix: radix)
  }
}
