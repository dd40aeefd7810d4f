/// gRPC's canonical status codes, as its documentation defines them.
public enum StatusCode: Int32, Sendable, CaseIterable {
  /// Done.
  case ok = 0
  /// The client cancelled the call.
  case cancelled = 1
  /// An error of which nothing more is known.
  case unknown = 2
  /// The request is wrong whatever the state of the ledger.
  case invalidArgument = 3
  /// The call's time ran out.
  case deadlineExceeded = 4
  /// What the request names does not exist.
  case notFound = 5
  /// What the request wants to make exists.
  case alreadyExists = 6
  /// The caller may not do this.
  case permissionDenied = 7
  /// A limit or the disk is exhausted.
  case resourceExhausted = 8
  /// The state of the ledger does not allow it.
  case failedPrecondition = 9
  /// A conflict with another call.
  case aborted = 10
  /// Beyond what can be held.
  case outOfRange = 11
  /// No such method.
  case unimplemented = 12
  /// A fault of the daemon.
  case `internal` = 13
  /// Not now; try again later.
  case unavailable = 14
  /// The books are damaged.
  case dataLoss = 15
  /// The caller is not known.
  case unauthenticated = 16
}

extension StatusCode {
  /// The code's name in gRPC's documentation, such as `NOT_FOUND`.
  public var name: String {
    "\(self)".reduce(into: "") { name, letter in
      name += letter.isUppercase ? "_\(letter)" : letter.uppercased()
    }
  }
}
