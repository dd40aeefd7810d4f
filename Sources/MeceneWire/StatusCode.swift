/// gRPC's canonical status codes, as its documentation defines them.
public enum StatusCode: Int32, Sendable, CaseIterable {
  case ok = 0
  case cancelled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case `internal` = 13
  case unavailable = 14
  case dataLoss = 15
  case unauthenticated = 16
}

extension Reason {
  /// The reason's name without its prefix, such as `PATRON_INACTIVE`; its number when this version has none.
  public var shortName: String {
    guard let name else { return String(rawValue) }
    return String(name.dropFirst("REASON_".count))
  }
}
