import Foundation
import MeceneConcurrency
import MeceneEngine
import MeceneLedger
import MeceneStore
import TestSupport

/// The engine on one machine.
final class EmbeddedSource: EngineSource {
  private let root: TemporaryDirectory
  private let life = Locked(0)
  private let isRebuilt: Bool

  /// - Parameter isRebuilt: Whether the next life has what its predecessors handed to their log, and nothing of their files.
  init(isRebuilt: Bool) throws {
    root = try TemporaryDirectory()
    self.isRebuilt = isRebuilt
  }

  private var keptLog: String { root.path + "/log" }

  private func data(_ life: Int) -> String { "\(root.path)/data\(life)" }

  func open(
    terms: Terms, autoSettle: Bool, sink: @escaping @Sendable ([Completion]) -> Void
  ) async throws -> any Engine {
    var settings = EmbeddedEngine.Settings(
      dataPath: data(life.withLock { $0 }), terms: terms, autoSettle: autoSettle, simulatedClock: november)
    settings.makeLog = { [file = keptLog] in KeptLog(LocalLog($0, $1), file: file) }
    return try await startEngine(
      settings: settings, logger: quietLogger, sink: sink, fatal: { fatalError("the engine gave up: \($0)") })
  }

  /// The files as they are at one instant are what a process that is killed there leaves behind; the next life has those.
  func kill(_ engine: any Engine) async throws {
    let life = life.withLock { $0 }
    if isRebuilt {
      // Its end may leave more, which the files of the next must not lack.
      await engine.shutDown()
      try rebuildBooks(from: keptLog, into: data(life + 1))
      self.life.withLock { $0 += 1 }
      return
    }
    var copied = false
    while !copied {
      try? FileManager.default.removeItem(atPath: data(life + 1))
      copied = try copy(from: data(life), to: data(life + 1))
    }
    self.life.withLock { $0 += 1 }
    await engine.shutDown()
    try? FileManager.default.removeItem(atPath: data(life))
  }

  /// - Returns: False when a file was written to meanwhile.
  private func copy(from: String, to: String) throws -> Bool {
    try FileManager.default.createDirectory(
      atPath: to, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let before = states(from)
    for file in Self.files where FileManager.default.fileExists(atPath: "\(from)/\(file)") {
      try FileManager.default.copyItem(atPath: "\(from)/\(file)", toPath: "\(to)/\(file)")
    }
    return states(from) == before
  }

  /// Other processes' index of the log is made anew.
  private static let files = ["mecene.sqlite", "mecene.sqlite-wal"]

  private func states(_ directory: String) -> [String] {
    Self.files.map { file in
      var state = stat()
      guard stat("\(directory)/\(file)", &state) == 0 else { return "none" }
      return "\(state.st_size) \(state.st_mtim.tv_sec) \(state.st_mtim.tv_nsec)"
    }
  }
}
