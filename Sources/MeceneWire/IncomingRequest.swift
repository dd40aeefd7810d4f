internal import CMeceneProto
internal import Foundation

/// A client's request while it is being handled: its envelope is read, its payload still packed.
///
/// Everything is read in place, and nothing in it is counted: a call makes no string and no array here.
@safe package struct IncomingRequest: ~Copyable {
  /// The call's id.
  package let callID: UInt64
  /// Milliseconds that the server may take; 0 = no limit.
  package let timeoutMs: UInt32
  /// True = cancel the call with this id.
  package let cancel: Bool
  /// The method; nil when the contract has none of this name.
  package let method: Method?
  let path: UnsafeRawBufferPointer
  @usableFromInline let payload: UnsafeRawBufferPointer
  /// How long the payload is, in bytes.
  @inlinable package var payloadBytes: Int { unsafe payload.count }
  /// Nil for an envelope of the plain kind, which has no metadata.
  private let envelope: UnsafePointer<Mecene__V1__Request>?

  /// The method's name as the client gave it.
  package var methodName: String { unsafe String(decoding: path, as: UTF8.self) }

  /// The call's headers.
  package var metadata: [Metadata] {
    guard let envelope = unsafe envelope else { return [] }
    return unsafe bridgedArray(envelope.pointee.n_metadata, envelope.pointee.metadata) { pointer in
      unsafe Metadata(bridged: UnsafeRawPointer(pointer))
    }
  }

  /// Reads an envelope of the plain kind that nearly all calls have: known fields alone, no metadata, a known method.
  ///
  /// Nil for others; `PlainReader` says what becomes of them. Unlike a message, an envelope may be of any length here.
  init?(plain bytes: UnsafeRawBufferPointer, _ methods: MethodTable) {
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
    guard reader.isPlain, let method = unsafe methods.method(at: path) else { return nil }
    self.callID = callID
    self.timeoutMs = timeoutMs
    self.cancel = cancel
    self.method = method
    unsafe self.path = path
    unsafe self.payload = payload
    unsafe envelope = nil
  }

  /// Takes an envelope from protobuf-c.
  init(_ envelope: UnsafePointer<Mecene__V1__Request>, _ methods: MethodTable) {
    let c = unsafe envelope.pointee
    unsafe callID = c.call_id
    unsafe timeoutMs = c.timeout_ms
    unsafe cancel = c.cancel != 0
    unsafe path = UnsafeRawBufferPointer(start: c.method, count: c.method == nil ? 0 : strlen(c.method))
    unsafe method = methods.method(at: path)
    unsafe payload = UnsafeRawBufferPointer(
      start: c.payload.data, count: c.payload.data == nil ? 0 : c.payload.len)
    unsafe self.envelope = envelope
  }
}
