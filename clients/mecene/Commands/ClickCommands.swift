internal import ArgumentParser
internal import MeceneClient
internal import MeceneWire

struct ClickCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "click", abstract: "Likes a thing this month, or many things.",
    discussion: "A file for --from has the columns patron and thing.")

  @Argument(help: "The patron's name or number.") var patron: AccountArgument?
  @Argument(help: "The thing's URL or number.") var thing: ThingArgument?
  @OptionGroup var period: PeriodOption<OpenPeriod>
  @OptionGroup var bulk: BulkOption
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (thing == nil) != (bulk.file == nil) else {
      throw ValidationError("Give a patron and a thing, or --from FILE.")
    }
  }

  func run() async throws {
    let month = period.text
    try await connection.withClient { client, options in
      if let file = bulk.file {
        return try await bulk.run(
          file, needs: ["patron", "thing"], takes: [], done: "clicked", json: connection.json
        ) { row in
          let response = try await client.clickService.click(
            ClickRequest(patron: try row.account("patron"), thing: try row.thing("thing"), period: month),
            options: options)
          return response.alreadyClicked ? "clicked before" : "clicked"
        }
      }
      let response = try await client.clickService.click(
        ClickRequest(patron: patron?.reference, thing: thing?.reference, period: month), options: options)
      connection.show(response) {
        Terminal.print(response.alreadyClicked ? "It was clicked before; nothing was changed." : "Clicked.")
        showStanding(response.period, response.clicks, response.shareMicros, response.potMicros)
      }
    }
  }
}

struct UnclickCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unclick", abstract: "Takes a click of the open month back.")

  @Argument(help: "The patron's name or number.") var patron: AccountArgument
  @Argument(help: "The thing's URL or number.") var thing: ThingArgument
  @OptionGroup var period: PeriodOption<OpenPeriod>
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let response = try await client.clickService.undoClick(
        UndoClickRequest(patron: patron.reference, thing: thing.reference, period: period.text),
        options: options)
      connection.show(response) {
        Terminal.print(response.wasClicked ? "Taken back." : "It was not clicked; nothing was changed.")
        showStanding(response.period, response.clicks, response.shareMicros, response.potMicros)
      }
    }
  }
}

private func showStanding(_ period: String, _ clicks: UInt64, _ share: Int64, _ pot: Int64) {
  Tables.show([
    "period": period, "clicks": "\(clicks)", "pot": Amount.text(pot),
    "each is worth now": clicks == 0 ? "-" : Amount.text(share),
  ])
}

struct ClicksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clicks",
    abstract: "Shows what a patron clicked in a month, and what each click is or was worth.")

  @Argument(help: "The patron's name or number.") var patron: AccountArgument
  @OptionGroup var period: PeriodOption<OpenPeriod>
  @OptionGroup var page: PageOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let request = ListClicksRequest(
        patron: patron.reference, period: period.text, pageSize: page.size, pageToken: page.pageToken)
      let response = try await page.fetch(
        request, { client.clickService.listClicksPages($0, options: options) },
        join: {
          $0.clicks += $1.clicks
          $0.nextPageToken = $1.nextPageToken
        })
      connection.show(response) {
        Tables.show(
          [.number("thing"), .text("title"), .text("url"), .text("owner"), .number("share")],
          response.clicks.map {
            ["\($0.thingID)", $0.title, $0.url, $0.ownerName, Amount.text($0.shareMicros)]
          })
        Terminal.print("")
        Tables.show([
          "period": response.period + (response.settled ? " (settled)" : " (not settled yet)"),
          "clicks": "\(response.clicksTotal)", "pot": Amount.text(response.potMicros),
          "fee": Amount.text(response.feeMicros),
        ])
        page.hint(response.nextPageToken)
      }
    }
  }
}
