/// Reads a plain message in one pass: known fields of one value each, whose tags have one byte. Nearly all requests are
/// such messages.
///
/// Whatever else a message may hold, right or wrong, makes it not plain. Its reading ends there, and it goes the general
/// way through scanner and protobuf-c, which decides what it is and has the words for what is wrong. So nothing may pass
/// here that the general way refuses or reads otherwise. `make instructions` shows what it bought: unpacking a click took
/// 3,558 instructions the general way.
@safe package struct PlainReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// Where the message ends that is being read, or the message inside it.
  private var end: Int
  /// False = what was read so far counts for nothing.
  @usableFromInline private(set) var isPlain = true

  @usableFromInline init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.bytes = bytes
    end = bytes.count
  }

  /// The next field's tag, `number << 3 | wire type`; 0 at the end, and when the message is not plain.
  @inline(__always)
  mutating func tag() -> UInt8 {
    guard isPlain, position < end else { return 0 }
    let tag = byte()
    // No field has the number 0.
    if tag == 0 { giveUp() }
    return tag
  }

  /// Ends the reading of a message that is not plain.
  mutating func giveUp() { isPlain = false }

  @inline(__always)
  private mutating func byte() -> UInt8 {
    guard position < end else {
      giveUp()
      return 0
    }
    defer { position += 1 }
    return unsafe bytes[position]
  }

  /// A number of up to ten bytes.
  @inline(__always)
  mutating func uint64() -> UInt64 {
    let first = byte()
    return first < 0x80 ? UInt64(first) : longNumber(first)
  }

  private mutating func longNumber(_ first: UInt8) -> UInt64 {
    var value = UInt64(first & 0x7f)
    var shift: UInt64 = 7
    while shift <= 63 {
      let byte = byte()
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    giveUp()
    return 0
  }

  @inline(__always)
  mutating func int64() -> Int64 { Int64(bitPattern: uint64()) }

  @inline(__always)
  mutating func uint32() -> UInt32 { UInt32(truncatingIfNeeded: uint64()) }

  @inline(__always)
  mutating func int32() -> Int32 { Int32(truncatingIfNeeded: uint64()) }

  /// 0 or 1; protobuf-c has its own mind about other numbers.
  mutating func bool() -> Bool {
    let byte = byte()
    if byte > 1 { giveUp() }
    return byte == 1
  }

  /// One of the values that are known; whether others pass is for the scanner to say.
  mutating func enumeration(_ known: Set<Int32>) -> Int32 {
    let value = int32()
    if !known.contains(value) { giveUp() }
    return value
  }

  mutating func string() -> String {
    let text = unsafe lengthDelimited()
    guard unsafe MessageScanner.isTextWithoutNUL(text) else {
      giveUp()
      return ""
    }
    return unsafe String(decoding: text, as: UTF8.self)
  }

  mutating func data() -> [UInt8] { unsafe Array(lengthDelimited()) }

  /// A message inside this one.
  @inline(__always)
  mutating func message<M: Message>(_ type: M.Type) -> M {
    let around = end
    let length = length()
    end = position + length
    let message = M(plain: &self)
    end = around
    return message
  }

  /// The bytes of a field.
  @inline(__always)
  mutating func lengthDelimited() -> UnsafeRawBufferPointer {
    let length = length()
    defer { position += length }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
  }

  /// The length of what follows; 0 when it would reach beyond the end.
  @inline(__always)
  private mutating func length() -> Int {
    let start = position
    let length = uint64()
    // protobuf-c reads a length of five bytes at the most.
    guard position - start <= 5, length <= UInt64(end - position) else {
      giveUp()
      return 0
    }
    return Int(length)
  }
}
