import Foundation
import TestSupport
import Testing

/// Real likes, lived through again, and an oracle that shares no code with the product.
@Suite(.serialized) struct ReplayTests {
  private static let data = "../shared/data/endorsements.csv.gz"
  private static let isThere = FileManager.default.fileExists(atPath: data)
  private static let isFull = Campaigns.areAsked

  private func shell(_ command: String) throws -> Programs.Output {
    try Programs.run(path: "/bin/bash", ["-c", command])
  }

  @Test(.enabled(if: isThere, "the real data is not beside the project"))
  func `every balance and digest of months of real likes equals an independent oracle's`() throws {
    let directory = try TemporaryDirectory()
    let likes = directory.path + "/likes.csv"
    // Five years of few likes; all of them take minutes without optimisation.
    let slice = Self.isFull ? "cat" : "awk -F, 'NR == 1 || $1 < \"2010-05\"'"
    #expect(try shell("zcat \(Self.data) | \(slice) > \(likes)").code == 0)
    let daemon = try Programs.startDaemon(directory, ["--simulated-clock", "2005-05-01T00:00:00Z"])
    defer { daemon.terminate() }
    let server = ["MECENE_SERVER": "unix:\(directory.path)/s"]
    let output = directory.path + "/out"
    let replayed = try Programs.run(
      "mecene", ["replay", likes, "--output", output, "--json"], environment: server)
    #expect(replayed.code == 0 && replayed.out.contains("\"months\":[{"), "\(replayed.err)")
    let oracle = try shell("python3 Tests/Oracle/oracle.py \(likes) \(output) 5000000")
    #expect(oracle.code == 0 && oracle.out.contains("all equal"), "\(oracle.err)")
    let verified = try Programs.run("mecene", ["verify"], environment: server)
    #expect(verified.out.hasPrefix("clean\n"), "\(verified.out)")
    try Programs.end(daemon, directory)
  }

  @Test func `an oracle that is told other numbers says so`() throws {
    let directory = try TemporaryDirectory()
    let likes = directory.path + "/likes.csv"
    try "day,patron,thing,owner\n2026-01-03,anna,song,bert\n2026-03-04,bert,poem,anna\n"
      .write(toFile: likes, atomically: true, encoding: .utf8)
    let output = directory.path + "/out"
    // No server is named: replay starts a daemon of its own.
    let replayed = try Programs.run(
      "mecene", ["replay", likes, "--output", output], environment: ["MECENE_SERVER": ""])
    #expect(replayed.code == 0, "\(replayed.err)")
    #expect(replayed.out.contains("2026-02") && replayed.out.contains("5.00  ####"))
    let check = "python3 Tests/Oracle/oracle.py \(likes) \(output) 5000000"
    #expect(try shell(check).out == "2 months, 2 accounts: all equal\n")
    #expect(
      try shell("sed -i 's/^2,bert,10000000/2,bert,10000001/' \(output)/2026-01.csv; \(check)").code == 0)
    #expect(try shell("sed -i 's/bert,10000000/bert,10000001/' \(output)/2026-01.csv; \(check)").code == 1)
  }

  /// Labels that no ledger takes as they are, and settings around the command that are meant for another daemon.
  @Test func `no label ends a replay, look-alikes are two, and the surroundings change nothing`() throws {
    let directory = try TemporaryDirectory()
    let likes = directory.path + "/likes.csv"
    let rows = [
      "2026-01-03,anna,\"a song\twith a tab\",bert", "2026-01-03,anna,https://example.org/x,bert",
      "2026-01-04,bert,https://EXAMPLE.org/x,anna", "2026-01-05,anna,ren\u{e9},carl",
      "2026-01-05,anna,rene\u{301},dora", "2026-01-06,\u{212a}im,a poem,anna", "2026-01-06,Kim,a poem,anna",
      "2026-01-06,p\u{202e}x,t\u{2066}y,o\u{2028}z",
    ]
    try ("day,patron,thing,owner\n" + rows.joined(separator: "\n") + "\n")
      .write(toFile: likes, atomically: true, encoding: .utf8)
    var digests: Set<String> = []
    for environment in [
      ["MECENE_SERVER": ""],
      [
        "MECENE_SERVER": "", "MECENE_FEE_BPS": "1000", "MECENE_MINIMUM_BUDGET": "3",
        "MECENE_LISTEN": "tcp://127.0.0.1:1",
      ],
    ] {
      let output = directory.path + "/out"
      try? FileManager.default.removeItem(atPath: output)
      let replayed = try Programs.run(
        "mecene", ["replay", likes, "--output", output], environment: environment)
      #expect(replayed.code == 0, "\(replayed.err)")
      let accounts = try String(contentsOfFile: output + "/accounts.csv", encoding: .utf8)
      #expect(accounts.split(separator: "\n").count == 9)
      let things = try String(contentsOfFile: output + "/things.csv", encoding: .utf8)
      #expect(things.unicodeScalars.count { $0 == "\n" } == 8)
      let months = try String(contentsOfFile: output + "/months.csv", encoding: .utf8)
      // 8 clicked, none repeated, own or refused.
      #expect(months.contains("\n2026-01,5,5,8,0,0,0,"), "\(months)")
      digests.insert(months)
    }
    #expect(digests.count == 1)
  }

  @Test(arguments: [
    ("day,patron,thing\n", "lacks the column owner"), ("day,patron,thing,owner\n", "holds no likes"),
    ("day,patron,thing,owner\n2026-02-30,a,b,c\n", "line 2: a day is written like"),
  ])
  func `a file that is no list of likes is refused`(text: String, sentence: String) throws {
    let refused = try Programs.run(
      "mecene", ["replay", "-"], input: text, environment: ["MECENE_SERVER": ""])
    #expect(refused.code == 1 && refused.err.contains(sentence))
  }
}
