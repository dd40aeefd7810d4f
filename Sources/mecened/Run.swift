internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import Logging
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneServer
internal import MeceneTerminal
internal import MeceneTransport

/// Starts the daemon and waits for a signal.
@main
enum Run {
  static func main() {
    ProcessLimits.ignoreFileSizeLimit()
    let commandLine = Array(CommandLine.arguments.dropFirst())
    if let name = commandLine.first, let command = OfflineCommands.all[name] {
      return command.main(Array(commandLine.dropFirst()))
    }
    for (name, nearest) in Environment.unknown(ProcessInfo.processInfo.environment) {
      let advice = nearest.map { "; did you mean \($0)?" } ?? ""
      Output.note("mecened: the variable \(name.shown()) means nothing here\(advice)\n")
    }
    let configuration: Configuration
    do {
      let variables = try Environment.arguments(ProcessInfo.processInfo.environment, commandLine: commandLine)
      let options = try Mecened.parse(variables + commandLine)
      configuration = try options.understood()
      if options.checkConfig {
        for address in configuration.listen { try Listener.checkIsLocal(address) }
        OfflineCommands.show(configuration.shown.map { "\($0.name)=\($0.value)\n" }.joined())
        return
      }
    } catch let error as TransportError {
      Mecened.exit(withError: ValidationError("--listen: \(error)"))
    } catch {
      let text = Mecened.fullMessage(for: error)
      for option in Environment.options(in: text, commandLine: commandLine) {
        Output.note("mecened: the value comes from the variable \(option)\n")
      }
      Mecened.exit(withError: error)
    }
    Daemon(configuration: configuration).run()
  }
}

/// One daemon process.
final class Daemon: Sendable {
  private static let descriptorsMin = 64
  private let configuration: Configuration
  private let logger: Logger

  init(configuration: Configuration) {
    self.configuration = configuration
    let level = configuration.logLevel
    let format = configuration.logFormat
    LoggingSystem.bootstrap { _ in LineLogHandler(format: format, logLevel: level) }
    logger = Logger(label: "mecened")
  }

  func run() -> Never {
    Memory.keepLean()
    Memory.endOnBusError(
      "mecened: a file of the books was cut, or its disk failed, while it was read. What was acknowledged is in the database and its "
        + "log. Look at the disk, run `mecened verify`, and start again\n")
    Signals.hold([SIGHUP, SIGTERM, SIGINT])
    // A terminal that closes, or a log that is rotated, ends no daemon.
    let hangUps = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
    hangUps.setEventHandler { [logger] in logger.notice("SIGHUP changes nothing; SIGTERM drains") }
    hangUps.activate()
    let signals = [SIGTERM, SIGINT].map { number in
      DispatchSource.makeSignalSource(signal: number, queue: .global())
    }
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    for source in signals {
      source.setEventHandler { stop.yield() }
      source.activate()
    }
    if configuration.stopsAtEndOfInput {
      // Whoever holds the other end may die without a word.
      Thread.detachNewThread {
        while let data = try? FileHandle.standardInput.read(upToCount: 4_096), !data.isEmpty {}
        stop.yield()
      }
    }
    Task { await serve(stops) }
    // Not `dispatchMain`, which ends this thread and lets signals be handled on what is left of its stack: AddressSanitizer takes
    // that for an access out of bounds.
    while true { withExtendedLifetime((signals, hangUps)) { _ = pause() } }
  }

  private func serve(_ stops: AsyncStream<Void>) async {
    let descriptors = ProcessLimits.raiseDescriptorLimit()
    guard descriptors >= Self.descriptorsMin else {
      Output.note(
        "mecened: the limit of open files is \(descriptors), and at least \(Self.descriptorsMin) are needed, for the books and a few "
          + "connections; raise it with `ulimit -n`\n")
      exit(1)
    }
    logger.debug("descriptor limit raised", metadata: ["descriptors": "\(descriptors)"])
    do {
      let server = try await Server(
        listen: configuration.listen, inDirectoryToBeMade: configuration.settings.dataPath,
        shownSettings: configuration.shown, logger: logger, makeEngine: makeEngine)
      let addresses = server.addresses.map(\.description).joined(separator: " ")
      // Written past the buffer of `print`: whoever started the daemon waits for this line.
      try? Output.write("mecened \(Server.version) is ready on \(addresses)\n")
      await waitAndDrain(server, stops)
    } catch {
      Output.note("mecened: \("\(error)".shown())\n")
      exit(1)
    }
  }

  /// The one place that says which engine keeps the books.
  private func makeEngine() throws -> any Engine {
    try EmbeddedEngine(settings: configuration.settings, logger: logger) { [logger] reason in
      logger.critical("the daemon can't go on", metadata: ["reason": "\(reason)"])
      exit(1)
    }
  }

  private func waitAndDrain(_ server: Server, _ stops: AsyncStream<Void>) async {
    var iterator = stops.makeAsyncIterator()
    await iterator.next()
    logger.notice("draining; another signal ends at once")
    let finished = Task {
      await server.shutDown()
      self.logger.notice("stopped")
      exit(0)
    }
    await iterator.next()
    finished.cancel()
    exit(1)
  }
}
