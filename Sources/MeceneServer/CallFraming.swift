internal import MeceneTransport
internal import MeceneWire

/// Turns the bytes of one connection into begun and cancelled calls, and answers into bytes. Whoever handles calls knows
/// nothing of how they travel.
///
/// Length-prefixed messages are the first kind. The first byte of a connection says whether they are spoken: see `Greeting`.
protocol CallFraming: AnyObject {
  /// Takes what a socket delivered.
  func receive(_ bytes: ArraySlice<UInt8>)

  /// Hands each request over that is whole, in order, until `body` answers false.
  ///
  /// - Returns: Why the connection can't go on; nil when it can.
  func forEachRequest(_ body: (borrowing IncomingRequest) -> Bool) -> Failure?

  /// Whether a request has begun whose rest is not here.
  var isInsideRequest: Bool { get }

  /// How long that request is, in bytes, once that is known; nil when none has begun.
  var announced: Int? { get }

  /// Bytes that it takes for what waits for its rest, or to be looked at.
  var bytesKept: Int { get }

  /// Gives room back that requests took which are gone.
  func shrink()

  /// Forgets what came.
  func removeAll()

  /// Writes a message of an answer.
  ///
  /// - Parameter more: Whether others of the same call follow.
  /// - Throws: `WireError` when the answer is too large; nothing is written then.
  func write(_ message: some Message, of call: UInt64, more: Bool, to outbound: OutboundBuffer)
    throws(WireError)

  /// Writes the end of a stream.
  func writeEnd(of call: UInt64, to outbound: OutboundBuffer)

  /// Writes the failure that ends a call, or the connection for the call 0.
  ///
  /// - Throws: `WireError` when it is too large.
  func write(_ failure: Failure, of call: UInt64, to outbound: OutboundBuffer) throws(WireError)
}
