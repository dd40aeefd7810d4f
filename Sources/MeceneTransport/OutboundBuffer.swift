/// Bytes on their way out of one connection. What the peer has taken leaves the buffer.
public final class OutboundBuffer {
  /// What an attempt to send came to.
  public enum Flush: Sendable, Hashable {
    /// Nothing waits any more.
    case done
    /// The peer takes no more now; wait until the socket is this.
    case wouldBlock(until: StreamSocket.Readiness)
    /// The peer has closed, or the connection is broken.
    case closed
  }

  /// How many sent bytes may stand before those that wait: a peer that always leaves something waiting would let them pile up.
  private static let sentMax = 1 << 20

  private var bytes: [UInt8] = []
  private var sent = 0
  private let capacityKept: Int

  /// - Parameter capacityKept: The most room that is kept for the next bytes, in bytes.
  public init(capacityKept: Int) { self.capacityKept = capacityKept }

  /// What is not sent yet, in bytes.
  public var waiting: Int { bytes.count - sent }

  /// What the bytes take, in bytes; with the room for the next ones if that is more than is usually kept.
  public var held: Int { bytes.capacity > capacityKept ? bytes.capacity : bytes.count }

  /// What stands in it, with what is sent and was not removed yet, in bytes.
  public var count: Int { bytes.count }

  /// Adds bytes behind the others.
  public func append(_ more: [UInt8]) {
    var bytes = take()
    if bytes.isEmpty { bytes = more } else { bytes += more }
    put(bytes)
  }

  /// Takes the bytes out, to add to them in place; `put` brings them back.
  ///
  /// A property that is passed on as it stands is guarded by run-time checks of exclusive access wherever it is looked at:
  /// they took 5 % of an empty call.
  public func take() -> [UInt8] {
    let taken = bytes
    bytes = []
    return taken
  }

  /// Brings back what `take` took out.
  public func put(_ taken: consuming [UInt8]) {
    assert(bytes.isEmpty, "bytes were added while others were taken out")
    bytes = taken
  }

  /// Forgets everything.
  public func removeAll() { (bytes, sent) = ([], 0) }

  /// Gives back the room for more than `count` bytes, when nothing waits.
  public func shrink(to count: Int) {
    if bytes.isEmpty, bytes.capacity > count { bytes = [] }
  }

  /// Sends as much as the peer takes.
  ///
  /// - Returns: What it came to, and how many bytes were sent.
  public func flush(to socket: StreamSocket) -> (Flush, bytes: Int) {
    var bytes = take()
    defer { put(bytes) }
    let before = sent
    while sent < bytes.count {
      switch socket.send(bytes, from: sent) {
      case .bytes(let count): sent += count
      case .wouldBlock(let readiness):
        let flushed = sent - before
        if sent > Self.sentMax {
          bytes.removeFirst(sent)
          sent = 0
        }
        return (.wouldBlock(until: readiness), flushed)
      case .closed: return (.closed, sent - before)
      }
    }
    let flushed = sent - before
    bytes.removeAll(keepingCapacity: bytes.capacity <= capacityKept)
    sent = 0
    return (.done, flushed)
  }
}
