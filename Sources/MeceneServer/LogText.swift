internal import Logging

extension String {
  /// A text of a stranger's as a value of a log line: in quotes, with what could end them or begin a line written as an escape.
  var quotedForLog: Logger.MetadataValue {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case _
      where scalar.properties.generalCategory == .control || (0x2028...0x202e).contains(scalar.value)
        || (0x2066...0x2069).contains(scalar.value):
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return .string(text + "\"")
  }
}
