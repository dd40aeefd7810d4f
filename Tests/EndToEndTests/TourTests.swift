import Foundation
import TestSupport
import Testing

/// What README.md shows is what is printed.
@Suite(.serialized) struct TourTests {
  /// The commands of the README's tour, each with what it prints there.
  private static func tour() throws -> [(command: String, shown: [String])] {
    let readme = try String(contentsOfFile: "README.md", encoding: .utf8)
    let begin = try #require(readme.firstRange(of: "## A two-minute tour"))
    let end = try #require(readme.firstRange(of: "Every verb that shows"))
    var steps: [(command: String, shown: [String])] = []
    for block in readme[begin.upperBound..<end.lowerBound].matches(of: /```console\n((?s).*?)```/) {
      for line in block.output.1.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        if line.hasPrefix("$ ") {
          steps.append((String(line.dropFirst(2)), []))
        } else if !steps.isEmpty {
          steps[steps.count - 1].shown.append(String(line))
        }
      }
    }
    return steps
  }

  @Test func `the tour prints what the README shows`() throws {
    let steps = try Self.tour()
    #expect(steps.count > 12)
    let directory = try TemporaryDirectory()
    let daemon = try Programs.startDaemon(directory)
    defer { daemon.terminate() }
    for (command, shown) in steps {
      let words = command.split(separator: " ").map(String.init)
      let output = try Programs.run(
        words[0], Array(words.dropFirst()), environment: ["MECENE_SERVER": "unix:\(directory.path)/s"])
      #expect(output.code == 0, "\(command): \(output.err)")
      let printed = output.out.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      // Where the README shows nothing, it says so by that.
      if !shown.isEmpty { #expect(printed.map(String.init) == shown, "\(command)") }
    }
    try Programs.end(daemon, directory)
  }
}
