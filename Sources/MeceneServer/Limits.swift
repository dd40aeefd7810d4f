internal import MeceneWire

/// Everything that can grow in the server has its ceiling here. What a batch of writes, a settlement's step or a text may be is said
/// where it is kept: `Backlog`, `StepSize`, `PlainText`.
package struct Limits: Sendable {
  package var frameBytesMax = 0
  package var messageMemoryMax = 0
  package var connectionsMax = 0
  package var callsMax = 0
  package var readsMax = 0
  package var bytesWaitingMax = 0
  package var bytesInFlightMax = 0
  package var bytesAlways = 0
  package var bytesBeingReadMax = 0
  package var longReadsMax = 0
  package var halfFrameMs = 0
  package var idleMs = 0
  package var writeStallMs = 0
  package var stallUnderPressureMs = 0
  package var drainMs = 0
  package var pageSizeDefault = 0
  package var pageSizeMax = 0
  package var pageBytesMax = 0
  package var descriptorsHeldBack = 0

  /// Each at its default.
  package init() { for limit in Self.table { self[keyPath: limit.value] = limit.standard } }

  /// One ceiling.
  struct Limit: Sendable {
    enum Unit: String, Sendable {
      case bytes, milliseconds, connections, calls, entries, descriptors
    }

    /// As `GetStatus` shows it.
    let name: String
    let value: any WritableKeyPath<Limits, Int> & Sendable
    /// The lowest and the highest that the server works with.
    let range: ClosedRange<Int>
    /// The default.
    let standard: Int
    let unit: Unit
    let reason: String

    init(
      _ name: String, _ value: any WritableKeyPath<Limits, Int> & Sendable, _ range: ClosedRange<Int>,
      _ standard: Int, _ unit: Unit, _ reason: String
    ) {
      self.name = name
      self.value = value
      self.range = range
      self.standard = standard
      self.unit = unit
      self.reason = reason
    }
  }

  static let table = [
    Limit(
      "frame-bytes-max", \.frameBytesMax, 4_096...(1 << 24) - 1, 4 << 20, .bytes,
      "the longest body of a frame: the highest byte of its length is 0, so that no HTTP request passes for one"
    ),
    Limit(
      "message-memory-max", \.messageMemoryMax, 16_384...1 << 30, 32 << 20, .bytes,
      "what one message takes once unpacked: a receipt of 500,000 clicks"),
    Limit(
      "connections-max", \.connectionsMax, 1...1 << 20, 16_384, .connections,
      "with as many descriptors; the one that is idle for the longest goes for a newcomer"),
    Limit(
      "calls-per-connection-max", \.callsMax, 1...1 << 20, 4_096, .calls,
      "in flight on one connection: 64 x 64 callers through one proxy"),
    Limit(
      "reads-per-connection-max", \.readsMax, 1...4_096, 64, .calls,
      "in flight before nothing more is read from the connection, because their answers may be large"),
    Limit(
      "bytes-waiting-max", \.bytesWaitingMax, 65_536...1 << 30, 8 << 20, .bytes,
      "what the calls of one connection take, with their answers, before nothing more is read from it"),
    Limit(
      "bytes-in-flight-max", \.bytesInFlightMax, 1 << 20...1 << 36, 256 << 20, .bytes,
      "the same for all connections together, half for requests and half for answers"),
    Limit(
      "bytes-always", \.bytesAlways, 1_024...65_536, 4_096, .bytes,
      "what each connection may take of it in any case: small calls go on, whatever others do"),
    Limit(
      "bytes-being-read-max", \.bytesBeingReadMax, 16_384...1 << 30, 4 << 20, .bytes,
      "what large reads take together at the reader: others wait for that much at the most"),
    Limit(
      "long-reads-per-connection-max", \.longReadsMax, 1...64, 2, .calls,
      "carried out at the same time for one connection; others wait"),
    Limit(
      "half-frame-ms", \.halfFrameMs, 100...600_000, 10_000, .milliseconds,
      "how long a frame may take to arrive, from its first byte"),
    Limit(
      "idle-ms", \.idleMs, 100...86_400_000, 900_000, .milliseconds, "how long a connection may do nothing"),
    Limit(
      "write-stall-ms", \.writeStallMs, 100...600_000, 30_000, .milliseconds,
      "how long a peer may take for a MiB of what is written, or for all of it"),
    Limit(
      "stall-under-pressure-ms", \.stallUnderPressureMs, 100...600_000, 1_000, .milliseconds,
      "the same for what is large, in both directions, while there is no room for others"),
    Limit("drain-ms", \.drainMs, 0...600_000, 3_000, .milliseconds, "how long draining may take"),
    Limit("page-size-default", \.pageSizeDefault, 1...1_000, 100, .entries, "of a list that asks for none"),
    Limit("page-size-max", \.pageSizeMax, 1...1_000, 1_000, .entries, "which the contract lets a list have"),
    Limit(
      "page-bytes-max", \.pageBytesMax, 1...8 << 20, 1 << 20, .bytes,
      "a page of long texts has fewer entries than were asked for, and one at least"),
    Limit(
      "descriptors-held-back", \.descriptorsHeldBack, 16...1_024, 24, .descriptors,
      "left for the books: readers, settlements and backups open files"),
  ]

  /// Names and values, as `GetStatus` shows them.
  var all: [(name: String, value: String)] {
    Self.table.map { ($0.name, "\(self[keyPath: $0.value])") }
      + [("clicks-per-call-max", "\(Self.clicksPerCallMax)")]
  }

  /// As the contract says of `ClickManyRequest.patron_ids`.
  static var clicksPerCallMax: Int { ClickManyRequest.layout.mostElements(ofField: 1) }
}
