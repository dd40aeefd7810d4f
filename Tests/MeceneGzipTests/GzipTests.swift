import Foundation
import MeceneGzip
import TestSupport
import Testing

/// Compressed files, made by gzip itself.
@Suite struct GzipTests {
  /// What gzip makes of a text.
  private func compressed(_ text: String) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/text"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try Programs.run(path: "/bin/gzip", [path]).code == 0)
    return try Array(Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
  }

  private func text(_ bytes: [UInt8], bytesMax: Int = 1 << 24) throws -> String {
    String(decoding: try Gzip.decompress(bytes, bytesMax: bytesMax), as: UTF8.self)
  }

  @Test func `what gzip has made comes back, short and long`() throws {
    for count in [0, 1, 300_000] {
      let original = String(repeating: "L'été, ", count: count)
      let bytes = try compressed(original)
      #expect(Gzip.isCompressed(bytes))
      #expect(try text(bytes) == original)
    }
    #expect(!Gzip.isCompressed(Array("day,patron".utf8)) && !Gzip.isCompressed([]))
  }

  @Test func `files that were put together are read to the end`() throws {
    #expect(try text(compressed("one\n") + compressed("two\n")) == "one\ntwo\n")
  }

  @Test func `what is cut short, or damaged behind its header, is refused`() throws {
    let bytes = try compressed((0..<500).map { "\($0)\n" }.joined())
    for end in [0, 2, 10, bytes.count / 2, bytes.count - 1] {
      #expect(throws: Gzip.Problem.self) { try text(Array(bytes[..<end])) }
    }
    // Behind the header, which holds the file's name and time.
    for position in 20..<bytes.count {
      var damaged = bytes
      damaged[position] ^= 0x10
      #expect(throws: Gzip.Problem.self, "position \(position)") { try text(damaged) }
    }
  }

  @Test func `no more comes out than may`() throws {
    let bytes = try compressed(String(repeating: "0", count: 5_000_000))
    #expect(bytes.count < 10_000)
    #expect(try text(bytes, bytesMax: 5_000_000).utf8.count == 5_000_000)
    #expect(throws: Gzip.Problem.self) { try text(bytes, bytesMax: 4_999_999) }
  }
}
