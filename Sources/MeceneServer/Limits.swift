/// Everything that can grow has its ceiling here.
package struct Limits: Sendable {
  /// The longest body of a frame, in bytes; below 16 MiB.
  package var frameBytesMax = 4 << 20
  /// The most memory that one message takes once unpacked, in bytes.
  package var messageMemoryMax = 32 << 20
  package var connectionsMax = 16_384
  /// Calls in flight on one connection.
  package var callsMax = 4_096
  /// Reads in flight on one connection before nothing more is read from it: their answers may be large.
  package var readsMax = 64
  /// Bytes that may wait to be written to one connection before nothing more is read from it.
  package var bytesWaitingMax = 8 << 20
  /// How long a frame may take to arrive, from its first byte, in milliseconds.
  package var halfFrameMs = 10_000
  /// How long a connection may do nothing, in milliseconds.
  package var idleMs = 900_000
  /// How long a peer may refuse to take what is written, in milliseconds.
  package var writeStallMs = 30_000
  /// How long draining may take, in milliseconds.
  package var drainMs = 5_000
  package var pageSizeDefault = 100
  package var pageSizeMax = 1_000

  package init() {}

  /// Names and values, as `GetStatus` shows them.
  var all: [(name: String, value: String)] {
    [
      ("frame-bytes-max", "\(frameBytesMax)"), ("message-memory-max", "\(messageMemoryMax)"),
      ("connections-max", "\(connectionsMax)"), ("calls-per-connection-max", "\(callsMax)"),
      ("reads-per-connection-max", "\(readsMax)"), ("bytes-waiting-max", "\(bytesWaitingMax)"),
      ("half-frame-ms", "\(halfFrameMs)"),
      ("idle-ms", "\(idleMs)"),
      ("write-stall-ms", "\(writeStallMs)"), ("drain-ms", "\(drainMs)"),
      ("page-size-default", "\(pageSizeDefault)"), ("page-size-max", "\(pageSizeMax)"),
      ("clicks-per-call-max", "65536"),
    ]
  }
}
