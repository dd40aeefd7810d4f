internal import MeceneTransport
internal import MeceneWire

/// Mecene's own framing: each frame is a length of four bytes and an envelope in protobuf. See docs/protocol.md.
final class LengthPrefixedFraming: CallFraming {
  private var decoder: FrameDecoder
  private let coder: MessageCoder
  private let methods: MethodTable

  /// - Parameter frameBytesMax: The longest body of a frame, in bytes; below 2^24.
  init(frameBytesMax: Int, coder: MessageCoder, methods: MethodTable) {
    decoder = FrameDecoder(frameBytesMax: frameBytesMax)
    self.coder = coder
    self.methods = methods
  }

  func receive(_ bytes: ArraySlice<UInt8>) { decoder.append(bytes) }

  func forEachRequest(_ body: (borrowing IncomingRequest) -> Bool) -> Failure? {
    var failure: Failure?
    do throws(FrameDecoder.Problem) {
      try decoder.forEachFrame { frame in
        var goesOn = false
        do throws(WireError) {
          try coder.withRequest(in: frame, methods: methods) { request in goesOn = body(request) }
        } catch {
          failure = Failure(.malformedFrame, "a frame is no request: \(error.sentence)")
        }
        return goesOn
      }
    } catch {
      failure = Failure(error)
    }
    return failure
  }

  var isInsideRequest: Bool { decoder.isInsideFrame }
  var announced: Int? { decoder.announced }
  var bytesKept: Int { decoder.bytesKept }

  func shrink() { decoder.shrink() }

  func removeAll() { decoder.removeAll() }

  func write(
    _ message: some Message, of call: UInt64, more: Bool, to outbound: OutboundBuffer
  ) throws(WireError) {
    var bytes = outbound.take()
    defer { outbound.put(bytes) }
    try coder.appendFrame(callID: call, more: more, payload: message, to: &bytes)
  }

  func writeEnd(of call: UInt64, to outbound: OutboundBuffer) {
    var bytes = outbound.take()
    coder.appendEnd(callID: call, to: &bytes)
    outbound.put(bytes)
  }

  func write(_ failure: Failure, of call: UInt64, to outbound: OutboundBuffer) throws(WireError) {
    var bytes = outbound.take()
    defer { outbound.put(bytes) }
    try coder.appendFrame(callID: call, status: failure.status, failure: failure, to: &bytes)
  }
}

extension Failure {
  fileprivate init(_ problem: FrameDecoder.Problem) {
    switch problem {
    case .empty: self.init(.malformedFrame, "a frame has at least 1 byte; this one had none")
    case .tooLong(let bytes, let bytesMax):
      self.init(
        .frameTooLarge, "the frame has \(bytes) bytes; at most \(bytesMax) are taken",
        details: [
          Detail(key: "frame_bytes", value: "\(bytes)"),
          Detail(key: "frame_bytes_max", value: "\(bytesMax)"),
        ])
    }
  }
}
