internal import ArgumentParser
internal import MeceneClient
internal import MeceneTerminal

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Brings accounts, things or clicks in from a CSV file.",
    discussion: """
      The header tells what the file holds; columns in brackets may be left out:

        accounts  name[,display_name,budget,deposit]
        things    owner,url[,title,description,hidden]
        clicks    patron,thing[,period]

      What is there already stays as it is: after an interruption, import the same file again. Lines that can't be taken are \
      named, and the rest goes on.

      With --format flattr-revenue the file is a revenue report of Flattr's, of one month or many, and its things become those \
      of --owner. The report does not say who clicked: patrons are made up, and say so. It takes a daemon on a simulated clock \
      that lives through those months, without a fee and with a minimum below the least click; what is refused says how to \
      start one.

      Exit status 1 when a line was refused.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case csv
    case flattrRevenue = "flattr-revenue"
  }

  @Argument(help: "The file, plain or as .gz; - is standard input.") var file: String
  @Option(help: "csv or flattr-revenue.") var format = Format.csv
  @Option(help: "Whose things a report of Flattr's tells of: a name or a number.") var owner: AccountArgument?
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (owner != nil) == (format == .flattrRevenue) else {
      throw ValidationError("--owner goes with --format flattr-revenue, and that with --owner.")
    }
  }

  func run() async throws {
    let isWhole = try await connection.withClient(seconds: 3_600) { client, options in
      let importer = Importer(client: client, options: options)
      let interruption = Interruption {
        ProgressBar.leave()
        Terminal.note("stopped; import the same file again: what is there already stays as it is")
      }
      defer { interruption.end() }
      let report =
        if let owner { try await importer.runFlattr(file, owner: owner.reference) } else {
          try await importer.run(file)
        }
      return await report.show(json: connection.json)
    }
    if !isWhole { throw ExitCode(1) }
  }
}
