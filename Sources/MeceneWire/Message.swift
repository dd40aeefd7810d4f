internal import CMeceneProto

/// A message of the contract as a Swift value. Conformances are generated from `proto/`.
package protocol Message: Sendable, Hashable {
  /// The empty message.
  init()

  /// What the scanner has to know to let bytes through to protobuf-c.
  static var layout: MessageLayout { get }

  /// Reads a plain message. The reader says whether it was one; if not, the value counts for nothing.
  init(plain reader: inout PlainReader)

  /// Writes the message's fields. The writer says whether there was room for them.
  func write(to writer: inout PlainWriter)

  /// Copies the value out of protobuf-c's struct of this message.
  @unsafe init(bridged pointer: UnsafeRawPointer)

  /// Builds protobuf-c's struct of this message. It lives until the arena is reset.
  @unsafe func bridge(into arena: MessageArena) throws(WireError) -> UnsafeMutableRawPointer

  /// Reads proto3's JSON form.
  init(json: JSONValue) throws(JSONError)

  /// Writes proto3's JSON form: fields in the order of the contract, empty ones left out.
  func writeJSON(to json: inout JSONWriter)
}

extension Message {
  /// The message in proto3's JSON form, on one line.
  package var json: String { json(writingEmpty: false) }

  /// - Parameter writingEmpty: Whether zeros, false and empty texts and lists are written too.
  package func json(writingEmpty: Bool) -> String {
    var writer = JSONWriter(writingEmpty: writingEmpty)
    writeJSON(to: &writer)
    return writer.text
  }
}

/// A request for one page of a list.
package protocol PagedRequest: Message {
  /// From the page before; empty for the first.
  var pageToken: String { get set }
}

/// One page of a list.
package protocol PagedResponse: Message {
  /// Names the next page; empty at the end.
  var nextPageToken: String { get }
}

/// A request that is done once however often it is sent with the same key.
package protocol KeyedRequest: Message {
  /// Chosen by the client, 1 to 64 printable ASCII characters.
  var key: String { get set }
}

/// A request about the open period, which a repeated call must name.
package protocol OpenPeriodRequest: Message {
  /// Such as 2026-11; empty = whichever is open.
  var period: String { get set }
}
