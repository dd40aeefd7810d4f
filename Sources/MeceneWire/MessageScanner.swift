/// Walks a message's bytes before protobuf-c sees them, and lets through only what it unpacks rightly and cheaply.
///
/// protobuf-c 1.4.1 checks neither UTF-8 nor NUL in strings, keeps unknown fields, and merges a singular
/// submessage that is sent twice into a wrong value. Here every field is held against its rule:
///
/// - the wire type fits the field, and lengths stay inside the message;
/// - strings are UTF-8 without NUL;
/// - a repeated field has at most its limit of elements;
/// - a singular submessage comes once;
/// - enum values are known (unless the reader tolerates newer peers);
/// - unknown fields are skipped, at most `unknownFieldsMax` of them.
///
/// Depth is bounded because no message of the contract contains itself.
struct MessageScanner {
  static let unknownFieldsMax = 64

  let toleratesUnknownEnums: Bool

  func scan(_ bytes: UnsafeRawBufferPointer, _ layout: MessageLayout) throws(WireError) {
    var reader = unsafe WireReader(bytes)
    // Element counts live in a small array only when the message has repeated fields.
    var counts: [Int] = []
    var seenMessages: UInt64 = 0
    var unknown = 0
    while !reader.isAtEnd {
      let tag = try reader.tag()
      let shape = tag.number < layout.shapes.count ? layout.shapes[tag.number] : MessageLayout.Shape()
      if shape.kind == .absent {
        unknown += 1
        guard unknown <= Self.unknownFieldsMax else {
          throw .malformed(field: "", problem: "has more than \(Self.unknownFieldsMax) unknown fields")
        }
        try reader.skip(tag.wireType)
        continue
      }
      do throws(WireError) {
        let elements = try scanField(&reader, tag, shape, layout, &seenMessages)
        guard shape.isRepeated else { continue }
        if counts.isEmpty { counts = Array(repeating: 0, count: layout.shapes.count) }
        counts[tag.number] += elements
        guard counts[tag.number] <= Int(shape.elementsMax) else {
          throw .malformed(field: "", problem: "has more than \(shape.elementsMax) elements")
        }
      } catch { throw error.inside(layout.fieldName(tag.number)) }
    }
  }

  /// Checks one occurrence of a field and returns how many elements it holds.
  private func scanField(
    _ reader: inout WireReader, _ tag: WireReader.Tag, _ shape: MessageLayout.Shape, _ layout: MessageLayout,
    _ seenMessages: inout UInt64
  ) throws(WireError) -> Int {
    switch shape.kind {
    case .number:
      return try scanNumbers(&reader, tag, shape) { _ throws(WireError) in }
    case .enumeration:
      return try scanNumbers(&reader, tag, shape) { value throws(WireError) in
        let number = Int32(truncatingIfNeeded: value)
        guard toleratesUnknownEnums || layout.knows(number, field: tag.number) else {
          throw .malformed(field: "", problem: "has no value \(number)")
        }
      }
    case .string:
      let text = unsafe try reader.lengthDelimited(tag.wireType)
      guard unsafe Self.isTextWithoutNUL(text) else {
        throw .malformed(field: "", problem: "is not UTF-8 text without NUL characters")
      }
    case .bytes, .absent:
      _ = unsafe try reader.lengthDelimited(tag.wireType)
    case .message:
      let body = unsafe try reader.lengthDelimited(tag.wireType)
      if !shape.isRepeated {
        let bit: UInt64 = 1 << UInt64(tag.number & 63)
        guard seenMessages & bit == 0 else { throw .malformed(field: "", problem: "is set twice") }
        seenMessages |= bit
      }
      if let inner = layout.message(tag.number) { unsafe try scan(body, inner) }
    }
    return 1
  }

  private func scanNumbers(
    _ reader: inout WireReader, _ tag: WireReader.Tag, _ shape: MessageLayout.Shape,
    _ check: (UInt64) throws(WireError) -> Void
  ) throws(WireError) -> Int {
    if tag.wireType == .varint {
      try check(try reader.varint())
      return 1
    }
    guard shape.isRepeated, tag.wireType == .lengthDelimited else {
      throw .malformed(field: "", problem: "has the wrong wire type \(tag.wireType.rawValue)")
    }
    var packed = unsafe WireReader(try reader.lengthDelimited(tag.wireType))
    var elements = 0
    while !packed.isAtEnd {
      try check(try packed.varint())
      elements += 1
      if elements > shape.elementsMax { break }
    }
    return elements
  }

  static func isTextWithoutNUL(_ text: UnsafeRawBufferPointer) -> Bool {
    // ASCII is told eight bytes at a time: a byte that is 0, or not below 0x80, sets its highest bit here.
    var position = 0
    while text.count - position >= 8 {
      let word = unsafe text.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      if (word | (word &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 != 0 { break }
      position += 8
    }
    var isASCII = true
    while position < text.count {
      let byte = unsafe text[position]
      if byte == 0 { return false }
      if byte >= 0x80 { isASCII = false }
      position += 1
    }
    return unsafe isASCII || String(validating: text, as: UTF8.self) != nil
  }
}

/// Reads protobuf's encoding, a tag or a value at a time, never past the end.
@safe struct WireReader {
  enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case startGroup = 3
    case endGroup = 4
    case fixed32 = 5
  }

  struct Tag {
    let number: Int
    let wireType: WireType
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  var isAtEnd: Bool { unsafe position >= bytes.count }

  @inline(__always)
  mutating func tag() throws(WireError) -> Tag {
    // Fields up to 15 have a tag of one byte.
    if unsafe position < bytes.count {
      let byte = unsafe bytes[position]
      if byte < 0x80, byte >= 8, let wireType = WireType(rawValue: byte & 7), wireType != .startGroup,
        wireType != .endGroup
      {
        position += 1
        return Tag(number: Int(byte >> 3), wireType: wireType)
      }
    }
    return try longTag()
  }

  private mutating func longTag() throws(WireError) -> Tag {
    let start = position
    let value = try varint()
    // protobuf-c reads a tag of five bytes at the most.
    guard position - start <= 5, value <= UInt64(UInt32.max), value >> 3 != 0 else {
      throw .malformed(field: "", problem: "has a field number out of range")
    }
    guard let wireType = WireType(rawValue: UInt8(value & 7)), wireType != .startGroup, wireType != .endGroup
    else { throw .malformed(field: "", problem: "has a field of the unsupported wire type \(value & 7)") }
    return Tag(number: Int(value >> 3), wireType: wireType)
  }

  @inline(__always)
  mutating func varint() throws(WireError) -> UInt64 {
    // Most numbers, and nearly all tags and lengths, have one byte.
    if unsafe position < bytes.count, unsafe bytes[position] < 0x80 {
      defer { position += 1 }
      return unsafe UInt64(bytes[position])
    }
    return try longVarint()
  }

  private mutating func longVarint() throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while unsafe position < bytes.count {
      let byte = unsafe bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { throw .malformed(field: "", problem: "has a number of more than ten bytes") }
    }
    throw .malformed(field: "", problem: "ends in the middle of a number")
  }

  @inline(__always)
  mutating func lengthDelimited(_ wireType: WireType) throws(WireError) -> UnsafeRawBufferPointer {
    guard wireType == .lengthDelimited else {
      throw .malformed(field: "", problem: "has the wrong wire type \(wireType.rawValue)")
    }
    let start = position
    let length = try varint()
    // protobuf-c reads a length of five bytes at the most.
    guard position - start <= 5, unsafe length <= UInt64(bytes.count - position) else {
      throw .malformed(field: "", problem: "is longer than the message around it")
    }
    defer { position += Int(length) }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
  }

  mutating func skip(_ wireType: WireType) throws(WireError) {
    switch wireType {
    case .varint: _ = try varint()
    case .lengthDelimited: _ = unsafe try lengthDelimited(wireType)
    case .fixed64: try skip(bytes: 8)
    case .fixed32: try skip(bytes: 4)
    case .startGroup, .endGroup: break  // `tag` refuses them.
    }
  }

  private mutating func skip(bytes count: Int) throws(WireError) {
    guard unsafe bytes.count - position >= count else {
      throw .malformed(field: "", problem: "ends in the middle of a field")
    }
    position += count
  }
}
