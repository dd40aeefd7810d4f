internal import Foundation
internal import MeceneConcurrency
internal import MeceneLedger
internal import MeceneTerminal

/// A daemon of one's own, on a simulated clock, with its books in a directory that goes with it.
final class TemporaryDaemon {
  let address: String
  private let process: Process
  private let directory: URL
  /// It is held as long as this program runs, and killed programs hold nothing.
  private let input = Pipe()
  /// However this program ends, its daemon ends with it.
  private let interruption: Interruption
  /// Held while the daemon starts, and while it is stopped: whoever ends it meanwhile would end nothing, or be in the other's way.
  private let isOver: Locked<Bool>

  /// Starts `mecened`: the one beside this program, or else the first on the PATH.
  init(clock: Timestamp) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "mecene-\(UUID().uuidString.prefix(8))")
    let process = Process()
    let isOver = Locked(false)
    let input = input.fileHandleForWriting
    (self.directory, self.process, self.isOver) = (directory, process, isOver)
    interruption = Interruption(alsoAtExit: true) { Self.stop(process, input, directory, isOver) }
    address = "unix:\(directory.path)/mecene.sock"
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let beside = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("mecened")
    let arguments = [
      "--data", directory.path + "/data", "--listen", address, "--simulated-clock", clock.text, "--log-level",
      "warning", "--stop-at-end-of-input",
    ]
    if FileManager.default.isExecutableFile(atPath: beside.path) {
      process.executableURL = beside
      process.arguments = arguments
    } else {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["mecened"] + arguments
    }
    // What is set around this program is meant for another daemon.
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MECENE_") }
    let ready = Pipe()
    process.standardOutput = ready
    process.standardInput = self.input
    do {
      try isOver.withLock { isOver in if !isOver { try process.run() } }
    } catch {
      throw LocalFailure(
        sentence: "mecened can't be started: \(Output.reason(of: error)); name a daemon with --server")
    }
    // Nothing at all comes when it ends instead.
    guard !ready.fileHandleForReading.availableData.isEmpty else {
      stop()
      throw LocalFailure(sentence: "mecened did not start; name a daemon with --server")
    }
  }

  deinit { stop() }

  /// Ends the daemon and removes its books.
  func stop() {
    interruption.end()
    Self.stop(process, input.fileHandleForWriting, directory, isOver)
  }

  private static func stop(
    _ process: Process, _ input: FileHandle, _ directory: URL, _ isOver: Locked<Bool>
  ) {
    isOver.withLock { isOver in
      if isOver { return }
      isOver = true
      if process.isRunning {
        // It can't be missed, whenever it comes: a signal may be, by a program that is about to begin.
        try? input.close()
        process.waitUntilExit()
      }
      try? FileManager.default.removeItem(at: directory)
    }
  }
}
