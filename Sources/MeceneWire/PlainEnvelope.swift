/// A request's envelope of the plain kind that nearly all calls have: known fields alone, no metadata, a known method.
///
/// `PlainReader` says what becomes of others. Unlike a generated message, it copies neither method nor payload, and may
/// be of any length.
@safe struct PlainEnvelope {
  let head: RequestHead
  let payload: UnsafeRawBufferPointer

  init?(_ bytes: UnsafeRawBufferPointer, _ methods: MethodTable) {
    var reader = unsafe PlainReader(bytes)
    var (callID, timeoutMs, cancel) = (UInt64(0), UInt32(0), false)
    var path = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    var payload = unsafe path
    fields: while true {
      switch reader.tag() {
      case 0: break fields
      case 1 << 3: callID = reader.uint64()
      case 2 << 3 | 2: unsafe path = reader.lengthDelimited()
      case 3 << 3: timeoutMs = reader.uint32()
      case 4 << 3: cancel = reader.bool()
      case 6 << 3 | 2: unsafe payload = reader.lengthDelimited()
      default: return nil
      }
    }
    guard reader.isPlain, let method = unsafe methods.position(of: path) else { return nil }
    head = RequestHead(
      callID: callID, timeoutMs: timeoutMs, cancel: cancel, method: method, unknownMethod: "", metadata: [])
    unsafe self.payload = payload
  }
}
