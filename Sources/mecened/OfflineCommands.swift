internal import ArgumentParser
internal import Foundation
internal import MeceneConcurrency
internal import MeceneEngine
internal import MeceneLedger
internal import MeceneServer
internal import MeceneTerminal

/// What `mecened` does besides serving. Each works on files, whether a daemon has them open or not.
enum OfflineCommands {
  /// The commands by name. `mecened` without one of them serves.
  static let all: [String: any ParsableCommand.Type] = [
    "verify": VerifyBooks.self, "backup": BackUp.self, "restore": Restore.self,
  ]

  /// Does the work of a command and shows its verdict.
  fileprivate static func run(
    _ done: String,
    _ work: (_ begun: (OfflineBooks.Unfinished) -> Void, _ progress: (StageProgress) -> Void) throws ->
      Verdict
  ) throws {
    let bar = ProgressBar()
    defer { bar.clear() }
    let verdict: Verdict
    // A copy holds secrets, and is as large as the books.
    let unfinished = Locked<OfflineBooks.Unfinished?>(nil)
    let interruption = Interruption(alsoAtExit: true) { unfinished.withLock { $0 }?.remove() }
    defer { interruption.end() }
    do {
      verdict = try work(
        { begun in unfinished.withLock { $0 = begun } },
        { bar.show($0.stage, UInt64(clamping: $0.done), of: UInt64(clamping: $0.total)) })
    } catch {
      bar.clear()
      Output.note("mecened: \("\(error)".shown())\n")
      throw ExitCode(1)
    }
    bar.clear()
    if let finding = verdict.finding {
      show("wrong\ntable     \(finding.table.shown())\nrow       \(finding.key.shown())\n")
      show("expected  \(finding.expected.shown())\nfound     \(finding.found.shown())\n")
      throw ExitCode(1)
    }
    show("\(done)\ntransfers    \(verdict.transfers)\nclicks       \(verdict.clicks)\n")
    show("settlements  \(verdict.settlements)\nlast commit  \(verdict.lastCommit)\n")
  }

  /// Writes a result; the program ends when it can't be written.
  static func show(_ text: String) {
    do {
      try Output.write(text)
    } catch {
      Output.note("mecened: standard output can't be written to: \(Output.reason(of: error))\n")
      exit(1)
    }
  }
}

private struct DataOption: ParsableArguments {
  @Option(help: ArgumentHelp("The directory of the books. Or set MECENE_DATA.", valueName: "dir"))
  var data =
    ProcessInfo.processInfo.environment["MECENE_DATA"].flatMap { $0.isEmpty ? nil : $0 } ?? "./mecene-data"

  func validate() throws {
    if data.isEmpty { throw ValidationError("--data names a directory; it was empty") }
  }
}

private struct VerifyBooks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mecened verify",
    abstract: "Proves the books from the files alone, or names the first row that is wrong.",
    discussion: "A daemon may go on serving meanwhile. Exit status 1 when a row is wrong.")

  @OptionGroup var directory: DataOption
  @Argument(help: "A backup to prove, in place of a data directory.") var file: String?
  @Option(
    help: ArgumentHelp(
      "A commit that was kept outside, as `mecene status` shows the last: the books have to hold it.",
      valueName: "number:link"))
  var link: String?

  func run() throws {
    try OfflineCommands.run("clean") {
      try OfflineBooks.verify(
        file.map(OfflineBooks.Place.file) ?? .directory(directory.data), against: link, progress: $1)
    }
  }
}

private struct BackUp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mecened backup",
    abstract: "Copies the books, as they are at one instant, into a new file, and proves the copy.",
    discussion: "A daemon may go on serving meanwhile. A file that is there already is never replaced.")

  @OptionGroup var directory: DataOption
  @Argument(help: "The file to make.") var file: String

  func validate() throws {
    if file == "-" {
      throw ValidationError("A backup is a file that is proved; it can't go to standard output.")
    }
  }

  func run() throws {
    try OfflineCommands.run("backed up to \(file), clean") {
      try OfflineBooks.backUp(dataPath: directory.data, to: file, begun: $0, progress: $1)
    }
  }
}

private struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mecened restore", abstract: "Makes a data directory out of a backup, and proves it.",
    discussion: "Books that are there already are never replaced.")

  @OptionGroup var directory: DataOption
  @Argument(help: "The backup.") var file: String

  func run() throws {
    try OfflineCommands.run("restored to \(directory.data), clean") {
      try OfflineBooks.restore(file: file, dataPath: directory.data, begun: $0, progress: $1)
    }
  }
}
