internal import ArgumentParser
internal import MeceneClient
internal import MeceneWire

struct AccountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account", abstract: "Opens, shows, changes and closes accounts.",
    subcommands: [Open.self, Show.self, List.self, Update.self, Close.self])

  static func show(_ account: Account?) {
    guard let account else { return }
    Tables.show([
      "account": account.name, "number": "\(account.id)",
      "display name": account.displayName.isEmpty ? "-" : account.displayName,
      "state": state(account), "budget": Amount.text(account.budgetMicros),
      "available": Amount.text(account.availableMicros), "pot this month": Amount.text(account.potMicros),
      "pots in all": Amount.text(account.potsMicros), "opened": Tables.time(account.openedAtMs),
    ])
  }

  private static func state(_ account: Account) -> String {
    account.closed ? "closed" : account.active ? "active" : "inactive"
  }

  struct Open: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Opens an account, or many.",
      discussion: "A file for --from has the columns name and, if wanted, display_name and budget.")

    @Argument(help: "3 to 32 of a-z, 0-9, _ and -, a letter first.") var name: String?
    @Option(help: "What people see.") var displayName: String?
    @Option(help: "What to give each month; 0, or at least the minimum.", transform: Amount.parse)
    var budget: Amount?
    @OptionGroup var bulk: BulkOption
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard (name == nil) != (bulk.file == nil) else { throw ValidationError("Give a name, or --from FILE.") }
      try bulk.excludes(
        ["--display-name": displayName != nil, "--budget": budget != nil],
        "the columns display_name and budget")
    }

    func run() async throws {
      try await connection.withClient { client, options in
        if let file = bulk.file {
          return try await bulk.run(
            file, needs: ["name"], takes: ["display_name", "budget"], done: "opened", json: connection.json
          ) { row in
            _ = try await client.accountService.openAccount(
              OpenAccountRequest(
                name: row["name"], displayName: row["display_name"],
                budgetMicros: try row.amount("budget", or: "0")), options: options)
            return "opened"
          }
        }
        let response = try await client.accountService.openAccount(
          OpenAccountRequest(
            name: name ?? "", displayName: displayName ?? "", budgetMicros: budget?.micros ?? 0),
          options: options)
        connection.show(response) { AccountCommand.show(response.account) }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows an account.")

    @Argument(help: "The account's name or number.") var account: AccountArgument
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.accountService.getAccount(
          GetAccountRequest(account: account.reference), options: options)
        connection.show(response) { AccountCommand.show(response.account) }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists accounts.", discussion: "--state and --name look through all accounts.")

    enum State: String, ExpressibleByArgument, CaseIterable {
      case active, inactive, closed
    }

    @Option(help: "Only those that are active, inactive or closed.") var state: State?
    @Option(help: "Only those whose name or display name holds this.") var name: String?
    @OptionGroup var page: PageOptions
    @OptionGroup var connection: ConnectionOptions

    private var looksThroughAll: Bool { state != nil || name != nil }

    func validate() throws {
      if looksThroughAll, page.pageSize != nil || page.token != nil {
        throw ValidationError("--state and --name look through all accounts, not through a page of them.")
      }
    }

    private func isAsked(_ account: Account) -> Bool {
      if let state, AccountCommand.state(account) != state.rawValue { return false }
      guard let name else { return true }
      return account.name.contains(name.lowercased())
        || account.displayName.lowercased().contains(name.lowercased())
    }

    func run() async throws {
      try await connection.withClient { client, options in
        var page = page
        if looksThroughAll {
          page.all = true
          page.pageSize = 1_000
        }
        let request = ListAccountsRequest(pageSize: page.size, pageToken: page.pageToken)
        let response = try await page.fetch(
          request, { client.accountService.listAccountsPages($0, options: options) },
          keep: { $0.accounts.removeAll { !isAsked($0) } },
          join: {
            $0.accounts += $1.accounts
            $0.nextPageToken = $1.nextPageToken
          })
        connection.show(response) {
          Tables.show(
            [
              .number("number"), .text("name"), .text("display name"), .number("budget"),
              .number("available"),
              .number("pots"), .text("state"),
            ],
            response.accounts.map {
              [
                "\($0.id)", $0.name, $0.displayName, Amount.text($0.budgetMicros),
                Amount.text($0.availableMicros),
                Amount.text($0.potsMicros), AccountCommand.state($0),
              ]
            })
          page.hint(response.nextPageToken)
        }
      }
    }
  }

  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Changes what an account is called in public.")

    @Argument(help: "The account's name or number.") var account: AccountArgument
    @Option(help: "What people see.") var displayName: String
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.withClient { client, options in
        let response = try await client.accountService.updateAccount(
          UpdateAccountRequest(account: account.reference, displayName: displayName), options: options)
        connection.show(response) { AccountCommand.show(response.account) }
      }
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Closes an account for ever.")

    @Argument(help: "The account's name or number.") var account: AccountArgument
    @Flag(help: "Don't ask.") var yes = false
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try Terminal.confirm("Close the account \(account.text)? It can't be opened again.", yes: yes)
      try await connection.withClient { client, options in
        let response = try await client.accountService.closeAccount(
          CloseAccountRequest(account: account.reference), options: options)
        connection.show(response) { AccountCommand.show(response.account) }
      }
    }
  }
}
