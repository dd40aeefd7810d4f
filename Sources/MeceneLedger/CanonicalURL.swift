/// A thing's URL in the one form that all its spellings share.
///
/// Source: RFC 3986, section 6. Scheme and host (`CanonicalHost`) are lower case, the default port and the fragment are dropped, dot
/// segments are resolved, percent-encoding is normalised (unreserved characters decoded, hexadecimal digits in
/// upper case), and characters outside ASCII are percent-encoded as RFC 3987 maps them. Tracking parameters are
/// dropped. The scheme doesn't count for `identity`: http and https are the same thing.
package struct CanonicalURL: Sendable, Hashable {
  /// The longest that is stored, in bytes of the canonical form.
  package static let bytesMax = 2_048
  /// The longest that is looked at, in bytes.
  private static let bytesTakenMax = 16_384

  /// The whole URL, such as `https://example.com/a?b=c`.
  package let text: String
  /// What two spellings of the same thing share: the URL without its scheme.
  package let identity: String

  /// Canonicalises a URL as it came.
  ///
  /// - Parameter isNew: Whether it is to be stored: then it has at most `bytesMax` bytes in its canonical form.
  package init(_ text: String, field: String = "url", isNew: Bool = true) throws(Refusal) {
    do throws(Problem) {
      (self.text, identity) = try Self.canonicalise(text)
      guard !isNew || self.text.utf8.count <= Self.bytesMax else {
        throw Problem(
          sentence: "has at most \(Self.bytesMax) bytes in its canonical form; it had \(self.text.utf8.count)"
        )
      }
    } catch {
      throw Refusal(.invalidURL, field: field, "the URL \(error.sentence)", ["url": String(text.prefix(200))])
    }
  }

  private struct Problem: Error {
    let sentence: String
  }

  private static func canonicalise(_ text: String) throws(Problem) -> (text: String, identity: String) {
    guard text.utf8.count <= bytesTakenMax else {
      throw Problem(sentence: "has at most \(bytesMax) bytes; it had \(text.utf8.count)")
    }
    var rest = trimmed(text)
    guard let separator = rest.firstRange(ofText: "://") else {
      throw Problem(sentence: "must begin with http:// or https://")
    }
    let scheme = String(rest[..<separator.lowerBound]).lowercased()
    guard scheme == "http" || scheme == "https" else {
      throw Problem(sentence: "must begin with http:// or https://, not \(scheme.prefix(32)):")
    }
    rest = rest[separator.upperBound...]
    rest = rest.prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    rest = rest[authority.endIndex...]
    let path = rest.prefix { $0 != "?" }
    let query = rest[path.endIndex...].dropFirst()

    let host = try canonicalAuthority(authority, scheme: scheme)
    var identity = host + removeDotSegments(try normalise(path, allowing: pathCharacters))
    let parameters = try canonicalQuery(query)
    if !parameters.isEmpty { identity += "?" + parameters }
    return (scheme + "://" + identity, identity)
  }

  private static func trimmed(_ text: String) -> Substring.UnicodeScalarView {
    let scalars = text[...].unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return text.prefix(0).unicodeScalars }
    return scalars[first...last]
  }

  private static func canonicalAuthority(
    _ authority: Substring.UnicodeScalarView, scheme: String
  ) throws(Problem) -> String {
    guard !authority.contains("@") else { throw Problem(sentence: "can't hold a user name or a password") }
    var host = authority
    var port = ""
    let colon = authority.lastIndex(of: ":")
    let bracket = authority.lastIndex(of: "]")
    if let colon, bracket.map({ $0 < colon }) ?? true {
      host = authority[..<colon]
      port = String(authority[authority.index(after: colon)...])
      guard port.isEmpty || (port.utf8.allSatisfy(isDigit) && UInt16(port) != nil) else {
        throw Problem(sentence: "has the port \(port.prefix(16)), which is not a number from 0 to 65535")
      }
    }
    let name = String(host).lowercased()
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else {
      throw Problem(sentence: "has a host with characters outside ASCII; write it in its xn-- form")
    }
    guard !name.isEmpty else { throw Problem(sentence: "has no host") }
    guard let canonical = CanonicalHost.of(name) else {
      throw Problem(sentence: "has a host that can't be: \(name.prefix(64))")
    }
    let isDefault = port.isEmpty || UInt16(port) == (scheme == "http" ? 80 : 443)
    return isDefault ? canonical : "\(canonical):\(UInt16(port) ?? 0)"
  }

  private static func canonicalQuery(_ query: Substring.UnicodeScalarView) throws(Problem) -> String {
    var kept: [String] = []
    for parameter in query.split(separator: "&", omittingEmptySubsequences: true) {
      let text = try normalise(parameter, allowing: queryCharacters)
      if !isTracking(text.prefix { $0 != "=" }) { kept.append(text) }
    }
    return kept.joined(separator: "&")
  }

  private static func isTracking(_ name: Substring) -> Bool {
    let name = name.lowercased()
    return name.hasPrefix("utm_") || name == "fbclid" || name == "gclid"
  }

  /// Decodes what needs no escape, encodes what does, and writes hexadecimal digits in upper case.
  private static func normalise(
    _ part: Substring.UnicodeScalarView, allowing allowed: Set<UInt8>
  ) throws(Problem) -> String {
    let bytes = Array(String(part).utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%") {
        guard index + 2 < bytes.count, let high = hexadecimal(bytes[index + 1]),
          let low = hexadecimal(bytes[index + 2])
        else { throw Problem(sentence: "has a % that is not followed by two hexadecimal digits") }
        append(high << 4 | low, literally: isUnreserved, to: &result)
        index += 3
      } else {
        guard byte > 0x20, byte != 0x7f else {
          throw Problem(sentence: "can't hold spaces or control characters")
        }
        append(byte, literally: { isUnreserved($0) || allowed.contains($0) }, to: &result)
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func append(_ byte: UInt8, literally isLiteral: (UInt8) -> Bool, to result: inout [UInt8]) {
    if isLiteral(byte) {
      result.append(byte)
    } else {
      let digits = Array("0123456789ABCDEF".utf8)
      result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }

  /// RFC 3986, section 5.2.4, for a path that is absolute or empty.
  private static func removeDotSegments(_ path: String) -> String {
    var kept: [Substring] = []
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    for segment in segments {
      if segment == ".." { _ = kept.popLast() } else if segment != "." { kept.append(segment) }
    }
    if let last = segments.last, last == "." || last == ".." { kept.append("") }
    return "/" + kept.joined(separator: "/")
  }

  private static let pathCharacters = Set("!$&'()*+,;=:@/".utf8)
  private static let queryCharacters = Set("!$'()*+,;=:@/?".utf8)

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "~")
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Substring.UnicodeScalarView {
  fileprivate func firstRange(ofText text: String) -> Range<Index>? {
    var start = startIndex
    let wanted = Array(text.unicodeScalars)
    while start < endIndex {
      if self[start...].starts(with: wanted) { return start..<index(start, offsetBy: wanted.count) }
      start = index(after: start)
    }
    return nil
  }
}
