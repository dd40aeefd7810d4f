internal import ArgumentParser
internal import MeceneClient
internal import MeceneWire

struct ThingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "thing", abstract: "Adds, shows, changes and retires things that can be clicked.",
    subcommands: [Add.self, Show.self, List.self, Update.self, Retire.self, Revive.self])

  static func show(_ thing: Thing?) {
    guard let thing else { return }
    Tables.show([
      "thing": "\(thing.id)", "url": thing.url, "title": thing.title.isEmpty ? "-" : thing.title,
      "description": thing.description.isEmpty ? "-" : thing.description,
      "owner": "\(thing.ownerName) (\(thing.ownerID))", "state": state(thing),
      "added": Tables.time(thing.addedAtMs),
    ])
  }

  private static func state(_ thing: Thing) -> String {
    (thing.retired ? "retired" : "clickable") + (thing.hidden ? ", hidden" : "")
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a thing, or many.",
      discussion:
        "A file for --from has the columns owner and url and, if wanted, title, description and hidden.")

    @Argument(help: "The owner's name or number.") var owner: AccountArgument?
    @Argument(help: "http or https.") var url: String?
    @Option(help: "Up to 200 characters.") var title: String?
    @Option(help: "Up to 2,000 characters.") var description: String?
    @Flag(help: "List it only under its owner.") var hidden = false
    @OptionGroup var bulk: BulkOption
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard (url == nil) != (bulk.file == nil) else {
        throw ValidationError("Give an owner and a URL, or --from FILE.")
      }
      try bulk.excludes(
        ["--title": title != nil, "--description": description != nil, "--hidden": hidden],
        "the columns title, description and hidden")
    }

    func run() async throws {
      try await connection.withClient { client, options in
        if let file = bulk.file {
          return try await bulk.run(
            file, needs: ["owner", "url"], takes: ["title", "description", "hidden"], done: "added",
            json: connection.json
          ) { row in
            let response = try await client.thingService.addThing(
              AddThingRequest(
                owner: try row.account("owner"), url: row["url"].withPlainHost, title: row["title"],
                description: row["description"], hidden: try row.flag("hidden")), options: options)
            return response.alreadyAdded ? "there before" : "added"
          }
        }
        let response = try await client.thingService.addThing(
          AddThingRequest(
            owner: owner?.reference, url: url?.withPlainHost ?? "", title: title ?? "",
            description: description ?? "",
            hidden: hidden),
          options: options)
        connection.show(response) {
          if response.alreadyAdded { Terminal.print("It was there before; nothing was changed.") }
          ThingCommand.show(response.thing)
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows a thing.")

    @Argument(help: "The thing's URL or number.") var thing: ThingArgument
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.thingService.getThing(
          GetThingRequest(thing: thing.reference), options: options)
        connection.show(response) { ThingCommand.show(response.thing) }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists things.")

    @Option(help: "The owner's name or number; hidden things are shown then too.") var owner: AccountArgument?
    @OptionGroup var page: PageOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let request = ListThingsRequest(
          owner: owner?.reference, pageSize: page.size, pageToken: page.pageToken)
        let response = try await page.fetch(
          request, { client.thingService.listThingsPages($0, options: options) },
          join: {
            $0.things += $1.things
            $0.nextPageToken = $1.nextPageToken
          })
        connection.show(response) {
          Tables.show(
            [.number("number"), .text("owner"), .text("title"), .text("url"), .text("state")],
            response.things.map { ["\($0.id)", $0.ownerName, $0.title, $0.url, ThingCommand.state($0)] })
          page.hint(response.nextPageToken)
        }
      }
    }
  }

  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Changes a thing's title, description or visibility.")

    @Argument(help: "The thing's URL or number.") var thing: ThingArgument
    @Option(help: "Up to 200 characters.") var title: String?
    @Option(help: "Up to 2,000 characters.") var description: String?
    @Flag(inversion: .prefixedNo, help: "List it only under its owner.") var hidden: Bool?
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard title != nil || description != nil || hidden != nil else {
        throw ValidationError("Give what to change: --title, --description, --hidden or --no-hidden.")
      }
    }

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.thingService.updateThing(
          UpdateThingRequest(
            thing: thing.reference, title: title, description: description, hidden: hidden), options: options)
        connection.show(response) { ThingCommand.show(response.thing) }
      }
    }
  }

  struct Retire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ends new clicks on a thing.")

    @Argument(help: "The thing's URL or number.") var thing: ThingArgument
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.thingService.retireThing(
          RetireThingRequest(thing: thing.reference), options: options)
        connection.show(response) { ThingCommand.show(response.thing) }
      }
    }
  }

  struct Revive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lets a retired thing be clicked again.")

    @Argument(help: "The thing's URL or number.") var thing: ThingArgument
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.thingService.reviveThing(
          ReviveThingRequest(thing: thing.reference), options: options)
        connection.show(response) { ThingCommand.show(response.thing) }
      }
    }
  }
}
