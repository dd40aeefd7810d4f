internal import CMeceneProto
internal import Foundation

/// Turns bytes into messages and messages into bytes, through the scanner and protobuf-c.
///
/// One coder serves one thread of work at a time; it owns two arenas, one for an envelope and one for the payload
/// inside it.
package final class MessageCoder {
  private let envelopeArena: MessageArena
  private let payloadArena: MessageArena
  private let scanner: MessageScanner
  /// What is longer goes the general way, where the arena's limit is kept; so does everything when this is nil.
  @usableFromInline let plainBytesMax: Int?

  /// - Parameters:
  ///   - arenaBytesMax: The most memory that one message can take once unpacked, in bytes.
  ///   - toleratesUnknownEnums: True for clients, whose daemon may be newer than they are.
  package convenience init(arenaBytesMax: Int, toleratesUnknownEnums: Bool = false) {
    self.init(
      arenaBytesMax: arenaBytesMax, toleratesUnknownEnums: toleratesUnknownEnums, plainBytesMax: 1_024)
  }

  init(arenaBytesMax: Int, toleratesUnknownEnums: Bool = false, plainBytesMax: Int?) {
    self.plainBytesMax = plainBytesMax
    envelopeArena = MessageArena(bytesMax: arenaBytesMax)
    payloadArena = MessageArena(bytesMax: arenaBytesMax)
    scanner = MessageScanner(toleratesUnknownEnums: toleratesUnknownEnums)
  }

  /// Unpacks a message.
  package func decode<M: Message>(_ type: M.Type, from bytes: [UInt8]) throws(WireError) -> M {
    let result: Result<M, WireError> = unsafe bytes.withUnsafeBytes { buffer in
      Self.attempt { () throws(WireError) in unsafe try decode(type, from: buffer) }
    }
    return try result.get()
  }

  /// Unpacks a message that stands in a larger buffer.
  package func decode<M: Message>(_ type: M.Type, from bytes: borrowing Span<UInt8>) throws(WireError) -> M {
    let result: Result<M, WireError> = unsafe bytes.withUnsafeBytes { buffer in
      Self.attempt { () throws(WireError) in unsafe try decode(type, from: buffer) }
    }
    return try result.get()
  }

  /// Packs a message.
  package func encode(_ message: some Message) throws(WireError) -> [UInt8] {
    var bytes: [UInt8] = []
    payloadArena.reset()
    unsafe append(packed: try message.bridge(into: payloadArena), to: &bytes)
    return bytes
  }

  private static func attempt<T>(_ body: () throws(WireError) -> T) -> Result<T, WireError> {
    do { return .success(try body()) } catch { return .failure(error) }
  }

  private func unpack(
    _ layout: MessageLayout, _ bytes: UnsafeRawBufferPointer, _ arena: MessageArena
  ) throws(WireError) -> UnsafeMutableRawPointer {
    unsafe try scanner.scan(bytes, layout)
    arena.reset()
    // protobuf-c takes a null pointer for no bytes at all only if the length is 0 too.
    guard
      let pointer = unsafe layout.unpack(
        arena.allocator, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    else { throw arena.full }
    return unsafe pointer
  }

  /// Callers compile it for their own messages: called as it stands, a message was copied by way of its type's table, which
  /// took 3 % of an empty call.
  @inlinable func decode<M: Message>(_ type: M.Type, from bytes: UnsafeRawBufferPointer) throws(WireError)
    -> M
  {
    if let plainBytesMax, bytes.count <= plainBytesMax {
      var reader = unsafe PlainReader(bytes)
      let message = M(plain: &reader)
      if reader.isPlain { return message }
    }
    return unsafe try decodeAny(type, from: bytes)
  }

  @usableFromInline func decodeAny<M: Message>(
    _ type: M.Type, from bytes: UnsafeRawBufferPointer
  ) throws(WireError) -> M {
    unsafe M(bridged: try unpack(M.layout, bytes, payloadArena))
  }

  private func append(packed pointer: UnsafeMutableRawPointer, to bytes: inout [UInt8]) {
    let message = unsafe pointer.assumingMemoryBound(to: ProtobufCMessage.self)
    let count = unsafe protobuf_c_message_get_packed_size(message)
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count))
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard count > 0, let base = buffer.baseAddress else { return }
      unsafe protobuf_c_message_pack(message, (base + start).assumingMemoryBound(to: UInt8.self))
    }
  }
}

// MARK: - Frames of a server

extension MessageCoder {
  /// Unpacks one request's envelope and hands the request to `body`.
  package func withRequest(
    in frame: borrowing Span<UInt8>, methods: MethodTable, _ body: (borrowing IncomingRequest) -> Void
  ) throws(WireError) {
    var failure: WireError?
    unsafe frame.withUnsafeBytes { bytes in
      do throws(WireError) {
        if let request = unsafe IncomingRequest(plain: bytes, methods) { return body(request) }
        let envelope = unsafe try unpack(Request.layout, bytes, envelopeArena)
        unsafe body(IncomingRequest(envelope.assumingMemoryBound(to: Mecene__V1__Request.self), methods))
      } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Unpacks a request's payload.
  @inlinable package func decode<M: Message>(
    _ type: M.Type, from request: borrowing IncomingRequest
  ) throws(WireError) -> M {
    unsafe try decode(type, from: request.payload)
  }

  /// Appends one frame with a message of an answer.
  ///
  /// - Throws: `WireError.arenaFull` when the answer is too large; nothing is appended then.
  package func appendFrame(
    callID: UInt64, more: Bool, payload: some Message, to bytes: inout [UInt8]
  ) throws(WireError) {
    if let plainBytesMax {
      let isWritten = appendFrame(callID: callID, more: more, payloadBytes: plainBytesMax, to: &bytes) {
        writer in writer.append(6, payload)
      }
      if isWritten { return }
    }
    payloadArena.reset()
    let message = unsafe try payload.bridge(into: payloadArena).assumingMemoryBound(to: ProtobufCMessage.self)
    let count = unsafe protobuf_c_message_get_packed_size(message)
    // protobuf-c checks no bounds; a frame's length has 32 bits.
    guard count <= Int(Int32.max) else { throw payloadArena.full }
    _ = appendFrame(callID: callID, more: more, payloadBytes: count, to: &bytes) { writer in
      unsafe writer.append(6, bytes: count) { room in
        guard let base = room.baseAddress else { return }
        unsafe protobuf_c_message_pack(message, base.assumingMemoryBound(to: UInt8.self))
      }
    }
  }

  /// Appends the frame that ends a stream.
  package func appendEnd(callID: UInt64, to bytes: inout [UInt8]) {
    _ = appendFrame(callID: callID, more: false, payloadBytes: 0, to: &bytes) { _ in }
  }

  /// Writes the few bytes of an answer's envelope in place, and its payload behind them.
  ///
  /// - Returns: False when the payload did not fit; nothing is appended then.
  private func appendFrame(
    callID: UInt64, more: Bool, payloadBytes: Int, to bytes: inout [UInt8],
    payload: (inout PlainWriter) -> Void
  ) -> Bool {
    var isWritten = false
    // An envelope takes 4 bytes of length, 11 of id, 2 of `more` and up to 6 before the payload.
    bytes.append(addingCapacity: 32 + payloadBytes) { span in
      unsafe span.withUnsafeMutableBufferPointer { buffer, initializedCount in
        var writer = unsafe PlainWriter(
          UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[initializedCount...])))
        writer.frame { writer in
          writer.append(1, callID)
          if more { writer.append(2, true) }
          payload(&writer)
        }
        isWritten = writer.fits
        if isWritten { initializedCount += writer.count }
      }
    }
    return isWritten
  }

  /// Appends one frame that ends a call, or speaks for the connection, with a failure.
  package func appendFrame(
    callID: UInt64, status: StatusCode, failure: Failure, to bytes: inout [UInt8]
  ) throws(WireError) {
    let response = Response(callID: callID, status: UInt32(status.rawValue), error: failure)
    envelopeArena.reset()
    unsafe appendFrame(packed: try response.bridge(into: envelopeArena), to: &bytes)
  }

  /// Appends one frame with a request.
  package func appendFrame(_ request: Request, to bytes: inout [UInt8]) throws(WireError) {
    envelopeArena.reset()
    unsafe appendFrame(packed: try request.bridge(into: envelopeArena), to: &bytes)
  }

  private func appendFrame(packed pointer: UnsafeMutableRawPointer, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: [0, 0, 0, 0])
    unsafe append(packed: pointer, to: &bytes)
    let length = UInt32(bytes.count - start - 4)
    for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index)) }
  }
}
