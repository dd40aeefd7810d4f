import MeceneWire
import Testing

@Suite struct FrameDecoderTests {
  private func frames(_ decoder: inout FrameDecoder) throws -> [[UInt8]] {
    var result: [[UInt8]] = []
    try decoder.forEachFrame { frame in
      result.append((0..<frame.count).map { frame[$0] })
      return true
    }
    return result
  }

  private let stream: [UInt8] =
    [0, 0, 0, 2, 8, 1, 0, 0, 0, 1, 9, 0, 0, 1, 0] + Array(repeating: 7, count: 256)
  private var expected: [[UInt8]] { [[8, 1], [9], Array(repeating: 7, count: 256)] }

  @Test func `a stream gives the same frames whole and cut at every byte`() throws {
    var whole = FrameDecoder(frameBytesMax: 1_000)
    whole.append(stream[...])
    #expect(try frames(&whole) == expected)
    for cut in 0...stream.count {
      var decoder = FrameDecoder(frameBytesMax: 1_000)
      decoder.append(stream[..<cut])
      var found = try frames(&decoder)
      decoder.append(stream[cut...])
      found += try frames(&decoder)
      #expect(found == expected)
      #expect(!decoder.isInsideFrame)
    }
    var bytewise = FrameDecoder(frameBytesMax: 1_000)
    var found: [[UInt8]] = []
    for byte in stream {
      bytewise.append([byte])
      found += try frames(&bytewise)
    }
    #expect(found == expected)
  }

  @Test func `a frame at the limit passes, above it not, on the header alone`() throws {
    var decoder = FrameDecoder(frameBytesMax: 3)
    decoder.append([0, 0, 0, 3, 1, 2, 3])
    #expect(try frames(&decoder) == [[1, 2, 3]])
    decoder.append([0, 0, 0, 4])
    #expect(throws: FrameDecoder.Problem.tooLong(bytes: 4, bytesMax: 3)) { try frames(&decoder) }
  }

  @Test func `an empty frame and another protocol's bytes are told apart`() {
    for (bytes, problem) in [
      ([0, 0, 0, 0], .empty), ([0x16, 3, 1, 2], .tooLong(bytes: 0x1603_0102, bytesMax: 1_000)),
      (Array("HTTP/1.1 400".utf8), .tooLong(bytes: 0x4854_5450, bytesMax: 1_000)),
    ] as [([UInt8], FrameDecoder.Problem)] {
      var decoder = FrameDecoder(frameBytesMax: 1_000)
      decoder.append(bytes[...])
      #expect(throws: problem) { try frames(&decoder) }
    }
  }
}
