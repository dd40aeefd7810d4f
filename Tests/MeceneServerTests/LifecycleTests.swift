import MeceneConcurrency
import MeceneEngine
import Testing

@testable import MeceneServer

/// Lives of connections and loops, without a socket and at a time that stands still.
@Suite struct LifecycleTests {
  private let now = Deadline(nanoseconds: 5_000_000_000)
  private let second: UInt64 = 1_000_000_000

  /// A door, and whether it may be passed.
  enum Door: CaseIterable { case end, finishSending, leave }

  private func pass(_ door: Door, _ phase: inout ConnectionPhase) -> Bool {
    switch door {
    case .end: phase.end(at: now)
    case .finishSending: phase.finishSending()
    case .leave: phase.leave()
    }
  }

  @Test func `a connection only goes forward`() {
    let cases: [(ConnectionPhase, [Door: ConnectionPhase])] = [
      (.open, [.end: .ending(since: now), .leave: .gone]),
      (.ending(since: now), [.finishSending: .lingering(since: now), .leave: .gone]),
      (.lingering(since: now), [.leave: .gone]),
      (.gone, [:]),
    ]
    for (before, doors) in cases {
      for door in Door.allCases {
        var phase = before
        let passed = pass(door, &phase)
        #expect(passed == (doors[door] != nil), "\(door) from \(before)")
        #expect(phase == doors[door] ?? before, "\(door) from \(before)")
      }
    }
  }

  @Test func `a farewell has one second from its first word to the peer's last byte`() {
    let early = Deadline(nanoseconds: now.nanoseconds + second)
    let late = Deadline(nanoseconds: now.nanoseconds + second + 1)
    var phase = ConnectionPhase.open
    #expect(!phase.isOverdue(at: late))
    _ = phase.end(at: now)
    #expect(!phase.isOverdue(at: early) && phase.isOverdue(at: late))
    _ = phase.finishSending()
    #expect(!phase.isOverdue(at: early) && phase.isOverdue(at: late))
    _ = phase.leave()
    #expect(!phase.isOverdue(at: late))
  }

  @Test func `a loop drains once, and stays stopped`() {
    var phase = LoopPhase.serving
    let (first, second) = (phase.drain(), phase.drain())
    #expect(first && !second)
    phase.stop()
    let third = phase.drain()
    #expect(!third && phase == .stopped)
  }
}
