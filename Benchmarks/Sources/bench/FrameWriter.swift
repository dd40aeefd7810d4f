/// Writes request frames byte by byte. The library's encoder builds protobuf-c's structs first, which is right for a
/// client and too dear for a load generator that shares two cores with what it measures.
enum FrameWriter {
  /// Appends a frame with one call.
  static func append(
    callID: UInt32, method: StaticString, to bytes: inout [UInt8], payload: (inout [UInt8]) -> Void
  ) {
    let start = bytes.count
    for _ in 0..<4 { bytes.append(0) }
    bytes.append(0x08)
    append(varint: UInt64(callID), to: &bytes)
    bytes.append(0x12)
    bytes.append(UInt8(method.utf8CodeUnitCount))
    method.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    bytes.append(0x32)
    appendNested(to: &bytes, payload)
    let length = bytes.count - start - 4
    for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index)) }
  }

  static func append(varint value: UInt64, to bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value))
  }

  /// A length of up to four bytes and what `body` appends.
  static func appendNested(to bytes: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
    let position = bytes.count
    bytes.append(0)
    body(&bytes)
    var length = bytes.count - position - 1
    if length < 0x80 {
      bytes[position] = UInt8(length)
      return
    }
    var prefix: [UInt8] = []
    while length >= 0x80 {
      prefix.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    prefix.append(UInt8(length))
    bytes.replaceSubrange(position...position, with: prefix)
  }

  /// Field `field` with a submessage whose field 1 is a number: an account's or a thing's id.
  static func append(reference id: UInt64, field: UInt8, to bytes: inout [UInt8]) {
    bytes.append(field << 3 | 2)
    appendNested(to: &bytes) {
      $0.append(0x08)
      append(varint: id, to: &$0)
    }
  }

  static func append(text: String, field: UInt8, to bytes: inout [UInt8]) {
    bytes.append(field << 3 | 2)
    append(varint: UInt64(text.utf8.count), to: &bytes)
    bytes.append(contentsOf: text.utf8)
  }

  static func append(number: UInt64, field: UInt8, to bytes: inout [UInt8]) {
    bytes.append(field << 3)
    append(varint: number, to: &bytes)
  }
}
