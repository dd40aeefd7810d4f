/// Cuts a byte stream into frames. Knows nothing of sockets or of what a frame holds.
///
///     00 00 00 02 | 08 01 | 00 00 00 05 | 08 02 …
///     length 2      body    length 5: incomplete, kept until the rest is here
///
/// Bytes are appended at the end of `buffer` and read at its front. Between reads it keeps at most one
/// incomplete frame: 4 bytes plus `frameBytesMax`.
package struct FrameDecoder: Sendable {
  /// Why the stream can't go on.
  package enum Problem: Error, Sendable, Hashable {
    /// A frame of no bytes at all.
    case empty
    /// A frame longer than the limit.
    case tooLong(bytes: Int, bytesMax: Int)
  }

  private let frameBytesMax: Int
  private var buffer: [UInt8] = []
  private var start = 0

  /// - Parameter frameBytesMax: The longest body of a frame, in bytes.
  package init(frameBytesMax: Int) {
    self.frameBytesMax = frameBytesMax
  }

  /// True while the beginning of a frame waits for its rest.
  package var isInsideFrame: Bool { start < buffer.count }

  /// Bytes that it takes for what waits for the rest of its frame, or to be looked at.
  package var bytesKept: Int { isInsideFrame ? buffer.capacity : 0 }

  /// How long the frame at the front is, in bytes, once its header is here; nil when none has begun.
  package var announced: Int? {
    guard buffer.count - start >= 4 else { return nil }
    return (0..<4).reduce(0) { $0 << 8 | Int(buffer[start + $1]) }
  }

  /// Gives room back that frames took which are gone.
  package mutating func shrink() {
    guard !isInsideFrame else { return }
    buffer = []
    start = 0
  }

  /// Forgets what came.
  package mutating func removeAll() { (buffer, start) = ([], 0) }

  /// Takes what a socket delivered.
  package mutating func append(_ bytes: ArraySlice<UInt8>) {
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: buffer.capacity <= 65_536)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Hands each whole frame to `body`, in order, until one is incomplete or `body` answers false.
  package mutating func forEachFrame(_ body: (borrowing Span<UInt8>) -> Bool) throws(Problem) {
    while let length = try nextLength() {
      guard buffer.count - start - 4 >= length else { break }
      let frame = start + 4..<start + 4 + length
      start = frame.upperBound
      if !body(buffer.span.extracting(frame)) { break }
    }
    // Moving the rest to the front costs once per read, not once per frame.
    if start > 65_536 {
      buffer.removeSubrange(0..<start)
      start = 0
    }
  }

  /// The length of the frame at the front, once its header is here.
  private mutating func nextLength() throws(Problem) -> Int? {
    guard buffer.count - start >= 4 else { return nil }
    var length = 0
    for index in 0..<4 { length = length << 8 | Int(buffer[start + index]) }
    if length == 0 { throw .empty }
    // Refuse on the header alone. Waiting for the body would let four bytes from a stranger reserve
    // as much memory as they care to announce.
    if length > frameBytesMax { throw .tooLong(bytes: length, bytesMax: frameBytesMax) }
    return length
  }
}
