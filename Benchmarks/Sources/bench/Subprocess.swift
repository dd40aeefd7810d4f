internal import Foundation

/// A program that runs beside the benchmark. It is killed when the value goes.
final class Subprocess {
  let process = Process()
  private let output = Pipe()
  private let input = Pipe()

  /// Starts a program and waits for its first line, when there is one to wait for.
  init(_ path: String, _ arguments: [String], waitsForLine: Bool = true) throws {
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardInput = input
    process.standardError = FileHandle.nullDevice
    try process.run()
    if waitsForLine {
      guard !output.fileHandleForReading.availableData.isEmpty else {
        throw LoadError(description: "\(path) \(arguments.joined(separator: " ")) did not start")
      }
    }
  }

  deinit { kill() }

  var identifier: Int32 { process.processIdentifier }

  /// Ends the program with SIGTERM and waits.
  func terminate() {
    process.terminate()
    process.waitUntilExit()
  }

  /// Ends the program with SIGKILL and waits.
  func kill() {
    guard process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Resident memory, in bytes.
  var residentBytes: Int { Self.residentBytes(of: identifier) }

  /// The same of any process.
  static func residentBytes(of identifier: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1_024
  }

  /// Runs a program to its end and returns what it printed.
  static func output(_ path: String, _ arguments: [String], input: String? = nil) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    let standardInput = Pipe()
    process.standardInput = standardInput
    try process.run()
    if let input { standardInput.fileHandleForWriting.write(Data(input.utf8)) }
    try standardInput.fileHandleForWriting.close()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw LoadError(
        description: "\(path) \(arguments.joined(separator: " ")) failed with \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self)
  }
}

/// Where a server listens. A port of 0 means that `host` is a Unix socket's path.
struct ServerAddress: CustomStringConvertible {
  let host: String
  let port: Int

  static func tcp(_ port: Int) -> ServerAddress { ServerAddress(host: "127.0.0.1", port: port) }
  static func unix(_ path: String) -> ServerAddress { ServerAddress(host: path, port: 0) }

  var description: String { port == 0 ? "unix:\(host)" : "tcp://\(host):\(port)" }
}
