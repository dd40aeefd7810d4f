internal import Foundation

extension String {
  /// A URL whose host is in letters of any script, with the host as the daemon keeps it: in the xn-- form, by UTS 46. Everything else,
  /// and what is no URL, stays as it is.
  var withPlainHost: String {
    guard !utf8.allSatisfy({ $0 < 0x80 }), let scheme = firstRange(of: "://") else { return self }
    let authority = self[scheme.upperBound...].prefix { !"/?#".contains($0) }
    let host = authority.lastIndex(of: ":").map { authority[..<$0] } ?? authority
    guard !host.utf8.allSatisfy({ $0 < 0x80 }), !host.contains("@"),
      let plain = URLComponents(string: "https://\(host)")?.encodedHost, plain.utf8.allSatisfy({ $0 < 0x80 }),
      !plain.contains("%")
    else { return self }
    return replacingCharacters(in: host.startIndex..<host.endIndex, with: plain)
  }
}
