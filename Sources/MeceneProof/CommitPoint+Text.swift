package import MeceneLedger

extension CommitPoint {
  /// Number and link, such as `14:0a1b…`.
  package var text: String { "\(number):\(link.hexadecimal)" }

  /// Reads what `text` writes; nil for anything else.
  package init?(parsing text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.allSatisfy({ (48...57).contains($0) }),
      let number = Int64(parts[0]),
      number > 0, let link = [UInt8](hexadecimal: String(parts[1])), link.count == 32
    else { return nil }
    self.init(number: number, link: link)
  }
}
