internal import Foundation

extension String {
  /// A URL whose host is in letters of any script, with the host as the daemon keeps it: in the xn-- form, by UTS 46. Everything else,
  /// and what is no URL, stays as it is.
  var withPlainHost: String {
    guard !utf8.allSatisfy({ $0 < 0x80 }), let scheme = firstRange(of: "://") else { return self }
    // By code points, as the daemon reads it: to Swift a slash and a mark behind it are one character, which is no slash.
    let scalars = unicodeScalars
    let authority = scalars[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let host = authority.lastIndex(of: ":").map { authority[..<$0] } ?? authority
    guard !host.allSatisfy(\.isASCII), !host.contains("@"),
      let plain = URLComponents(string: "https://\(String(host))")?.encodedHost,
      plain.utf8.allSatisfy({ $0 < 0x80 }), !plain.contains("%")
    else { return self }
    return String(scalars[..<host.startIndex]) + plain + String(scalars[host.endIndex...])
  }
}
