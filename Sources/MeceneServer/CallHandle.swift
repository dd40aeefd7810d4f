internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneWire

/// One call, wherever it is: what continuations, tasks and events carry. It knows no transport.
struct CallHandle: Sendable, Hashable {
  /// What a call is, apart from where it came from.
  struct Request: Sendable, Hashable {
    /// When it came.
    let arrival: Deadline
    // 0 = no limit: an optional would make each call larger.
    private let endNanoseconds: UInt64
    let method: Method

    init(arrival: Deadline, timeoutMs: UInt32, method: Method) {
      self.arrival = arrival
      endNanoseconds = timeoutMs == 0 ? 0 : arrival.nanoseconds + UInt64(timeoutMs) * 1_000_000
      self.method = method
    }

    /// Not executed after this; nil = no limit.
    var deadline: Deadline? { endNanoseconds == 0 ? nil : Deadline(nanoseconds: endNanoseconds) }
  }

  /// Its connection, its id on it, and its serial number.
  let ticket: Ticket
  let request: Request

  var connection: UInt64 { ticket.caller }
  var id: UInt64 { ticket.call }
  var serial: UInt64 { ticket.serial }
  var arrival: Deadline { request.arrival }
  /// Not executed after this; nil = no limit.
  var deadline: Deadline? { request.deadline }
  var method: Method { request.method }

  /// The number of the event loop that has its connection.
  var loop: Int { Int(connection >> Self.loopShift) }

  private static let loopShift: UInt64 = 48

  /// The first number of a loop's connections. Each loop counts on from there.
  static func firstConnection(ofLoop loop: Int) -> UInt64 { UInt64(loop) << loopShift + 1 }
}
