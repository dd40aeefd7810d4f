internal import Dispatch
internal import Foundation
internal import MeceneConcurrency

/// What is done before SIGINT, SIGTERM or SIGHUP ends the program: cleaning up, or saying how far it came. It stands as long as
/// the value does.
package final class Interruption: Sendable {
  private struct Registry: @unchecked Sendable {  // The sources are touched under the registry's lock alone.
    var next = 0
    var bodies: [Int: (isForExit: Bool, body: @Sendable () -> Void)] = [:]
    var sources: [any DispatchSourceSignal] = []
  }

  private static let registry = Locked(Registry())
  private let number: Int

  /// - Parameters:
  ///   - alsoAtExit: Whether it is done at `exit` too, for what must not be left behind. A pipe that nobody reads then ends the
  ///     program by `exit`, not by its signal.
  ///   - body: Done on any thread, once.
  package init(alsoAtExit: Bool = false, _ body: @escaping @Sendable () -> Void) {
    number = Self.registry.withLock { registry in
      if registry.sources.isEmpty { registry.sources = Self.watchSignals() }
      registry.next += 1
      registry.bodies[registry.next] = (alsoAtExit, body)
      return registry.next
    }
    if alsoAtExit { signal(SIGPIPE, SIG_IGN) }
  }

  deinit { end() }

  /// There is nothing to be done any more.
  package func end() {
    Self.registry.withLock { $0.bodies[number] = nil }
  }

  private static func watchSignals() -> [any DispatchSourceSignal] {
    atexit { Interruption.run { $0 } }
    return [SIGINT, SIGTERM, SIGHUP].compactMap { number in
      // Whoever started the program with a signal ignored wants it to live through that.
      let before = signal(number, SIG_IGN)
      let wasIgnored = unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if wasIgnored { return nil }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        run { _ in true }
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.activate()
      return source
    }
  }

  private static func run(_ counts: (_ isForExit: Bool) -> Bool) {
    let bodies = registry.withLock { registry in
      defer { registry.bodies = [:] }
      return registry.bodies.sorted { $0.key < $1.key }.map(\.value)
    }
    for entry in bodies where counts(entry.isForExit) { entry.body() }
  }
}
