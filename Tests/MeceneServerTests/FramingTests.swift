import MeceneTransport
import TestSupport
import Testing

@testable import MeceneServer
@testable import MeceneWire

/// Bytes into calls and answers into bytes, without a socket.
@Suite struct FramingTests {
  private let coder = MessageCoder(arenaBytesMax: 1 << 20)
  private let framing = LengthPrefixedFraming(
    frameBytesMax: 1_000, coder: MessageCoder(arenaBytesMax: 1 << 20), methods: MethodTable())

  private func bytes(_ requests: [Request]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for request in requests { try coder.appendFrame(request, to: &bytes) }
    return bytes
  }

  private func request(_ id: UInt64, cancel: Bool = false) -> Request {
    Request(callID: id, method: cancel ? "" : Method.clickServiceClick.path, timeoutMs: 50, cancel: cancel)
  }

  /// What the framing hands over, until as many are looked at as are wanted.
  private func requests(_ most: Int = .max) -> (found: [String], failure: Failure?) {
    var found: [String] = []
    let failure = framing.forEachRequest { request in
      let method = request.method.map { "\($0)" } ?? "none"
      found.append(
        request.cancel ? "cancel \(request.callID)" : "\(method) \(request.callID) \(request.timeoutMs)")
      return found.count < most
    }
    return (found, failure)
  }

  @Test func `requests are the same however their bytes are cut`() throws {
    let bytes = try bytes([request(1), request(2), request(1, cancel: true)])
    for cut in 0...bytes.count {
      framing.receive(bytes[..<cut])
      let first = requests()
      framing.receive(bytes[cut...])
      let second = requests()
      #expect(first.failure == nil && second.failure == nil)
      #expect(first.found + second.found == ["clickServiceClick 1 50", "clickServiceClick 2 50", "cancel 1"])
      #expect(!framing.isInsideRequest)
    }
  }

  @Test func `what is not looked at waits, and is counted`() throws {
    framing.receive(try bytes([request(1), request(2)])[...])
    #expect(requests(1).found == ["clickServiceClick 1 50"])
    #expect(framing.isInsideRequest && framing.bytesKept > 0)
    #expect(requests().found == ["clickServiceClick 2 50"])
    #expect(framing.bytesKept == 0)
  }

  @Test func `what is no request ends the connection, after those before it`() throws {
    framing.receive(try bytes([request(1)]) + [0, 0, 0, 2, 0xff, 0xff])
    let (found, failure) = requests()
    #expect(found.count == 1)
    #expect(failure?.reason == .malformedFrame)

    framing.removeAll()
    framing.receive([0, 0, 4, 0])
    #expect(framing.announced == 1_024)
    #expect(requests().failure?.message == "the frame has 1024 bytes; at most 1000 are taken")
  }

  @Test func `answers, ends and failures are read back as they were written`() throws {
    let outbound = OutboundBuffer(capacityKept: 1_000)
    let answer = ClickResponse(period: "2026-11", clicks: 3)
    try framing.write(answer, of: 7, more: true, to: outbound)
    framing.writeEnd(of: 7, to: outbound)
    try framing.write(.draining, of: 8, to: outbound)
    var decoder = FrameDecoder(frameBytesMax: 1 << 20)
    decoder.append(outbound.take()[...])
    var responses: [Response] = []
    try decoder.forEachFrame { frame in
      if let response = try? coder.decode(Response.self, from: frame) { responses.append(response) }
      return true
    }
    #expect(responses.map(\.callID) == [7, 7, 8])
    #expect(responses.map(\.more) == [true, false, false])
    #expect(try coder.decode(ClickResponse.self, from: responses[0].payload) == answer)
    #expect(responses[2].error?.reason == .draining)
  }

  @Test(arguments: 0...UInt8.max)
  func `a first byte is a length's, a greeting, or what no client sends`(byte: UInt8) {
    let greeting = Greeting(firstByte: byte)
    // Such as GET and POST, and the preface of HTTP/2.
    let isHTTP = ("A"..."Z").contains(Character(Unicode.Scalar(byte)))
    let answer = greeting.answer.map { String(decoding: $0, as: UTF8.self) }
    #expect((answer != nil) == isHTTP)
    #expect(answer.map { $0.hasPrefix("HTTP/1.1 400 ") && $0.hasSuffix("not HTTP\n") } ?? true)
    #expect((greeting.failure != nil) == (byte == 0x16))
    #expect(greeting.failure.map { $0.message.hasSuffix("not TLS") } ?? true)
  }
}
