/// A request's envelope of the plain kind that nearly all calls have: known fields alone, no metadata, a known method.
///
/// It is read in place, in one pass. Whatever else an envelope may hold, right or wrong, goes the general way through
/// scanner and protobuf-c, which also finds the words for what is wrong. This halves the cost of an empty call's
/// envelope; see `Benchmarks/README.md`.
@safe struct PlainEnvelope {
  let head: RequestHead
  let payload: UnsafeRawBufferPointer

  init?(_ bytes: UnsafeRawBufferPointer, _ methods: MethodTable) {
    var reader = unsafe WireReader(bytes)
    var (callID, timeoutMs, cancel) = (UInt64(0), UInt64(0), UInt64(0))
    var path: UnsafeRawBufferPointer?
    var payload = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(WireError) {
      while !reader.isAtEnd {
        let tag = try reader.tag()
        switch (tag.number, tag.wireType) {
        case (1, .varint): callID = try reader.varint()
        case (2, .lengthDelimited): unsafe path = try reader.lengthDelimited(.lengthDelimited)
        case (3, .varint): timeoutMs = try reader.varint()
        case (4, .varint): cancel = try reader.varint()
        case (6, .lengthDelimited): unsafe payload = try reader.lengthDelimited(.lengthDelimited)
        default: return nil
        }
      }
    } catch {
      return nil
    }
    guard let path = unsafe path, let method = unsafe methods.position(of: path) else { return nil }
    head = RequestHead(
      callID: callID, timeoutMs: UInt32(truncatingIfNeeded: timeoutMs), cancel: cancel != 0, method: method,
      unknownMethod: "", metadata: [])
    unsafe self.payload = payload
  }
}

/// Where the bytes of an envelope end that is being written. Whoever makes it has made room.
@safe struct FrameEnd {
  private(set) var pointer: UnsafeMutablePointer<UInt8>

  init(_ pointer: UnsafeMutablePointer<UInt8>) { unsafe self.pointer = pointer }

  mutating func append(tag field: UInt8, varint value: UInt64) {
    append(field << 3)
    append(varint: value)
  }

  mutating func append(tag field: UInt8, lengthDelimited count: Int) {
    append(field << 3 | 2)
    append(varint: UInt64(count))
  }

  private mutating func append(varint value: UInt64) {
    var value = value
    while value >= 0x80 {
      append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    append(UInt8(truncatingIfNeeded: value))
  }

  private mutating func append(_ byte: UInt8) {
    unsafe pointer.pointee = byte
    unsafe pointer += 1
  }
}
