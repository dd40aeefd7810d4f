package import Foundation

/// Runs programs: the product's own, which stand beside the tests, and others.
package enum Programs {
  package struct Output: Sendable {
    package let code: Int32
    package let out: String
    package let err: String
  }

  package struct NotReady: Error {
    package let said: String
  }

  package static var directory: URL {
    #if os(Linux)
      URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    #else
      Bundle.main.bundleURL.deletingLastPathComponent()
    #endif
  }

  /// One of the product's programs, ready to run.
  package static func process(
    _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
  ) -> Process {
    process(at: directory.appendingPathComponent(program).path, arguments, environment)
  }

  private static func process(
    at path: String, _ arguments: [String], _ environment: [String: String]
  ) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    return process
  }

  /// Runs one of the product's programs to its end.
  package static func run(
    _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) throws -> Output {
    try run(process(program, arguments, environment), input: input)
  }

  /// Runs any program to its end.
  package static func run(
    path: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Output {
    try run(process(at: path, arguments, environment), input: "")
  }

  private static func run(_ process: Process, input: String) throws -> Output {
    let (input_, out, err) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input_
    process.standardOutput = out
    process.standardError = err
    try process.run()
    input_.fileHandleForWriting.write(Data(input.utf8))
    try input_.fileHandleForWriting.close()
    let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errors = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Output(code: process.terminationStatus, out: text, err: errors)
  }

  /// Runs `body` beside a daemon, with a function that runs `mecene` on a line and an input, and holds the books against those
  /// that the daemon's log gives.
  package static func withDaemon(
    _ more: [String] = [], _ body: (TemporaryDirectory, (String, String) throws -> Output) throws -> Void
  ) throws {
    let directory = try TemporaryDirectory()
    let daemon = try startDaemon(directory, more)
    defer { if daemon.isRunning { daemon.terminate() } }
    try body(directory) { line, input in
      try run(
        "mecene", line.split(separator: " ").map(String.init), input: input,
        environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
    }
    try end(daemon, directory)
  }

  /// Ends the last daemon on a directory, and holds its books against those that its log gives.
  package static func end(_ daemon: Process, _ directory: TemporaryDirectory) throws {
    daemon.terminate()
    daemon.waitUntilExit()
    try expectRebuilt(directory)
  }

  /// A daemon that has said that it is ready.
  package static func startDaemon(
    _ directory: TemporaryDirectory, _ more: [String] = [], keepsLog: Bool = true,
    environment: [String: String] = [:]
  ) throws -> Process {
    let kept = keepsLog ? ["MECENE_TEST_KEEP_LOG": directory.path + "/kept-log"] : [:]
    let daemon = process(
      "mecened",
      [
        "--data", directory.path + "/data", "--listen", "unix:\(directory.path)/s", "--simulated-clock",
        "2026-11-01T00:00:00Z", "--log-level", "critical",
      ] + more, kept.merging(environment) { $1 })
    let out = Pipe()
    daemon.standardOutput = out
    try daemon.run()
    let line = String(decoding: out.fileHandleForReading.availableData, as: UTF8.self)
    guard line.hasPrefix("mecened "), line.contains("is ready on unix:") else {
      daemon.terminate()
      throw NotReady(said: line)
    }
    return daemon
  }
}
