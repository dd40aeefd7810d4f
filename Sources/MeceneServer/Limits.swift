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
  /// Bytes that the calls of one connection may take, with their answers, before nothing more is read from it.
  package var bytesWaitingMax = 8 << 20
  /// The same for all connections together.
  package var bytesInFlightMax = 256 << 20
  /// What each connection may take of it in any case, in bytes: small calls go on, whatever others do.
  package var bytesAlways = 4_096
  /// Long reads of one connection that are carried out at the same time; others wait.
  package var longReadsMax = 2
  /// How long a frame may take to arrive, from its first byte, in milliseconds.
  package var halfFrameMs = 10_000
  /// How long a connection may do nothing, in milliseconds.
  package var idleMs = 900_000
  /// How long a peer may take for a MiB of what is written, or for all of it, in milliseconds.
  package var writeStallMs = 30_000
  /// The same for what is large, in both directions, while there is no room for others.
  package var stallUnderPressureMs = 1_000
  /// How long draining may take, in milliseconds.
  package var drainMs = 3_000
  package var pageSizeDefault = 100
  package var pageSizeMax = 1_000
  /// How long a page is in bytes: one of long texts has fewer entries than were asked for.
  package var pageBytesMax = 1 << 20

  package init() {}

  /// Names and values, as `GetStatus` shows them.
  var all: [(name: String, value: String)] {
    [
      ("frame-bytes-max", "\(frameBytesMax)"), ("message-memory-max", "\(messageMemoryMax)"),
      ("connections-max", "\(connectionsMax)"), ("calls-per-connection-max", "\(callsMax)"),
      ("reads-per-connection-max", "\(readsMax)"), ("bytes-waiting-max", "\(bytesWaitingMax)"),
      ("bytes-in-flight-max", "\(bytesInFlightMax)"), ("long-reads-per-connection-max", "\(longReadsMax)"),
      ("half-frame-ms", "\(halfFrameMs)"),
      ("idle-ms", "\(idleMs)"),
      ("write-stall-ms", "\(writeStallMs)"), ("drain-ms", "\(drainMs)"),
      ("page-size-default", "\(pageSizeDefault)"), ("page-size-max", "\(pageSizeMax)"),
      ("page-bytes-max", "\(pageBytesMax)"),
      ("clicks-per-call-max", "65536"),
    ]
  }
}
