internal import CZlib

/// Reading of files that may be compressed with gzip.
package enum Gzip {
  /// Why a compressed file can't be read.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
  }

  /// Whether the bytes begin as a compressed file does.
  package static func isCompressed(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

  /// Decompresses a whole file.
  ///
  /// - Parameter bytesMax: The most bytes that come out.
  /// - Throws: `Problem` for bytes that are damaged or cut short, or hold more than `bytesMax`.
  package static func decompress(_ bytes: [UInt8], bytesMax: Int) throws(Problem) -> [UInt8] {
    guard bytes.count < Int(UInt32.max) else { throw Problem(description: "it has more than 4 GiB") }
    var stream = unsafe z_stream()
    // 16 more than the largest window: gzip's header and checksum.
    guard
      unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw Problem(description: "zlib can't begin") }
    defer { unsafe inflateEnd(&stream) }
    var result: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    var code = Z_OK
    var input = bytes
    unsafe input.withUnsafeMutableBufferPointer { buffer in
      unsafe stream.next_in = buffer.baseAddress
      unsafe stream.avail_in = UInt32(buffer.count)
      while code == Z_OK, result.count <= bytesMax {
        let count = unsafe piece.withUnsafeMutableBufferPointer { output in
          unsafe stream.next_out = output.baseAddress
          unsafe stream.avail_out = UInt32(output.count)
          code = unsafe inflate(&stream, Z_NO_FLUSH)
          return unsafe output.count - Int(stream.avail_out)
        }
        result += piece[..<count]
        // Files that were put together hold one compressed stream after the other.
        if code == Z_STREAM_END, unsafe stream.avail_in > 0 { code = unsafe inflateReset(&stream) }
      }
    }
    guard result.count <= bytesMax else { throw Problem(description: "it holds more than \(bytesMax) bytes") }
    guard code == Z_STREAM_END else { throw Problem(description: "it is damaged or cut short") }
    return result
  }
}
