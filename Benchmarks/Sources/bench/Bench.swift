internal import ArgumentParser
internal import Foundation

/// One part of the benchmark. It can run alone.
protocol Step {
  static var name: String { get }
  static var title: String { get }
  init()
  func run(_ shop: Workshop) throws
}

@main
struct Bench: ParsableCommand {
  static var steps: [any Step.Type] {
    [
      EmptyCalls.self, SingleClicks.self, OneByOne.self, Growth.self, Settlement.self, MixedLoad.self,
      OpenLoop.self, Attacks.self,
    ]
  }

  static let configuration = CommandConfiguration(
    abstract: "Measures the daemon against bare C baselines in the same run.",
    discussion: "Steps: " + steps.map { $0.name }.joined(separator: ", ") + ". See Benchmarks/README.md.")

  @Option(help: "Directory of the daemon's program.") var programs: String
  @Option(help: "Directory of the baselines' programs.") var tools: String
  @Option(help: "One step alone.") var step: String?
  @Option(help: "How many accounts and things.") var accounts: UInt64 = 1_000_000
  @Option(help: "Real likes, whose shape the clicks take.") var likes = "../shared/data/endorsements.csv.gz"
  @Option(help: "Where data is made; emptied before.") var directory: String
  @Option(help: "Where the results go, as JSON.") var json: String?
  @Option(help: "Where the picture goes, as SVG.") var picture: String?
  @Flag(help: "Measure Redis and PostgreSQL too.") var peers = false
  @Flag(help: "Take data that an earlier run left.") var reuse = false

  func validate() throws {
    if let step, !Self.steps.contains(where: { $0.name == step }) {
      throw ValidationError(
        "there is no step \(step); there are \(Self.steps.map { $0.name }.joined(separator: ", "))")
    }
  }

  func run() throws {
    if !reuse { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let population = Population(accounts: accounts, things: accounts, likesPath: likes)
    let shop = Workshop(
      daemonPath: programs + "/mecened", toolsPath: tools, directory: directory, population: population,
      peers: peers ? try Peers(directory: directory + "/peers") : nil)
    show("\(accounts) accounts and things; clicks in \(population.origin)")
    for kind in Self.steps where step == nil || kind.name == step {
      show("\n\(kind.title)")
      try kind.init().run(shop)
    }
    show("\n\(shop.results.table)")
    if let json { try shop.results.write(to: json) }
    if let picture, !shop.results.curves.isEmpty {
      let drawn = Picture(curves: shop.results.curves, machine: shop.results.machine)
      try drawn.svg.write(toFile: picture, atomically: true, encoding: .utf8)
    }
  }
}
