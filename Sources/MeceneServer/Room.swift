/// What calls take of memory, in bytes: on their way in, and on their way out. Each has its half of what there is, so that
/// answers can always make room for requests.
struct Room {
  /// Frames that are not complete or wait, calls that wait, and what the writer has.
  var requests = 0
  /// What is being read, with the most that it can be answered with, and what is not taken yet.
  var answers = 0

  var total: Int { requests + answers }

  static func += (a: inout Room, b: Room) {
    a.requests += b.requests
    a.answers += b.answers
  }

  static func -= (a: inout Room, b: Room) {
    a.requests -= b.requests
    a.answers -= b.answers
  }
}
