#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Finds a member that stands twice in an object of a JSON text. Readers of JSON differ in which of the two they take, so what
/// one of them has checked may be what another never sees.
enum JSONMembers {
  /// The name of the first member that stands twice.
  ///
  /// - Parameter text: Valid JSON.
  static func firstDouble(in text: String) -> String? {
    let bytes = Array(text.utf8)
    // The names of each object that is open; nil for an array.
    var open: [Set<String>?] = []
    var isName = false
    var position = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "{"):
        open.append([])
        isName = true
      case UInt8(ascii: "["):
        open.append(nil)
        isName = false
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = open.popLast()
        isName = false
      case UInt8(ascii: ","): isName = (open.last ?? nil) != nil
      case UInt8(ascii: ":"): isName = false
      case UInt8(ascii: "\""):
        let end = endOfString(bytes, from: position)
        if isName, let name = try? JSONDecoder().decode(String.self, from: Data(bytes[position..<end])),
          !open.isEmpty, open[open.count - 1]?.insert(name).inserted == false
        {
          return name
        }
        position = end
        continue
      default: break
      }
      position += 1
    }
    return nil
  }

  /// Behind the quote that ends the string which begins at `start`.
  private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int {
    var position = start + 1
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(position + 1, bytes.count)
  }
}
