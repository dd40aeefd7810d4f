import Foundation
import MeceneConcurrency
import Testing

/// Values between threads: a mailbox, and a value behind a mutex.
@Suite struct MailboxTests {
  @Test func `only who posts to an idle receiver has to wake it`() {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.post(1) && !mailbox.post([2, 3]))
    #expect(mailbox.take() == [1, 2, 3])
    // It is busy until it finds nothing.
    #expect(!mailbox.post(4))
    #expect(mailbox.take() == [4])
    #expect(mailbox.take() == nil && mailbox.isEmpty)
    #expect(mailbox.post(5))
  }

  @Test func `a receiver that is about to take is not woken, and stays busy when it takes more`() {
    let mailbox = Mailbox<Int>()
    mailbox.hold()
    #expect(!mailbox.post(1))
    #expect(mailbox.takeMore() == [1] && mailbox.takeMore().isEmpty)
    #expect(!mailbox.post(2))
  }

  @Test func `what waits can be taken back, and nothing else`() {
    let mailbox = Mailbox<Int>()
    _ = mailbox.post([1, 2, 3, 2])
    #expect(mailbox.remove { $0 == 2 })
    #expect(!mailbox.remove { $0 == 9 })
    #expect(mailbox.take() == [1, 3, 2])
    #expect(!mailbox.remove { $0 == 1 })
  }

  @Test func `nothing is lost between many posters and one receiver, each poster's in its order`() {
    let mailbox = Mailbox<(poster: Int, number: Int)>()
    let (posters, each) = (4, 20_000)
    let received = Locked([[Int]](repeating: [], count: posters))
    let receivers = Locked(0)
    DispatchQueue.concurrentPerform(iterations: posters) { poster in
      for number in 0..<each {
        guard mailbox.post((poster, number)) else { continue }
        // Whoever has to wake the receiver becomes it, until it finds nothing.
        receivers.withLock { $0 += 1 }
        while let values = mailbox.take() {
          received.withLock { received in for value in values { received[value.poster].append(value.number) }
          }
        }
      }
    }
    #expect(receivers.withLock { $0 } > 0)
    #expect(received.withLock { $0 } == Array(repeating: Array(0..<each), count: posters))
  }

  @Test func `a value behind a mutex is changed by one at a time`() {
    let sum = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { sum.withLock { $0 += 1 } }
    }
    #expect(sum.withLock { $0 } == 80_000)
  }
}
