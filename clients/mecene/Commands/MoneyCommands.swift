internal import ArgumentParser
internal import MeceneClient
internal import MeceneWire

struct BudgetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "budget", abstract: "Sets what an account gives each month.")

  @Argument(help: "The account's name or number.") var account: AccountArgument
  @Argument(help: "What to give each month; 0, or at least the minimum.", transform: Amount.parse)
  var amount: Amount
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let response = try await client.accountService.setBudget(
        SetBudgetRequest(account: account.reference, budgetMicros: amount.micros), options: options)
      connection.show(response) { AccountCommand.show(response.account) }
    }
  }
}

/// How a movement of money is told.
private func show(_ transfer: Transfer?, replayed: Bool) {
  guard let transfer else { return }
  Tables.show([
    "transfer": "\(transfer.id)" + (replayed ? " (made before, with this key)" : ""),
    "what": transfer.description, "amount": Amount.text(transfer.amountMicros),
    replayed ? "available then" : "available": Amount.text(transfer.availableAfterMicros),
    replayed ? "pots then" : "pots": Amount.text(transfer.potsAfterMicros),
    "key": transfer.key,
  ])
}

/// The key of a movement of money.
struct KeyOption: ParsableArguments {
  @Option(help: "Makes the movement happen once, however often it is asked for. One is made if left out.")
  var key: String?

  func validate() throws {
    if key?.isEmpty == true { throw ValidationError("--key has 1 to 64 printable ASCII characters.") }
  }

  /// The key that was given, or a new one, which is told before the call: whoever loses the answer needs it.
  func chosen() -> String {
    if let key { return key }
    let made = MeceneClient.makeKey()
    Terminal.note("key: \(made) (made now; with --key it can be asked again and is done once)")
    return made
  }
}

struct DepositCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deposit", abstract: "Pays money in, once or many times.",
    discussion: """
      A file for --from has the columns account and amount and, if wanted, key. Without a key, one is made from the file and \
      the line: the same file can be sent again, and pays nothing twice. A file that was changed pays all of it again: for files \
      that grow, give keys.
      """)

  @Argument(help: "The account's name or number.") var account: AccountArgument?
  @Argument(help: "How much.", transform: Amount.parse) var amount: Amount?
  @OptionGroup var key: KeyOption
  @OptionGroup var bulk: BulkOption
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (amount == nil) != (bulk.file == nil) else {
      throw ValidationError("Give an account and an amount, or --from FILE.")
    }
    try bulk.excludes(["--key": key.key != nil], "the column key")
  }

  func run() async throws {
    try await connection.withClient { client, options in
      if let file = bulk.file {
        return try await bulk.run(
          file, needs: ["account", "amount"], takes: ["key"], done: "deposited", json: connection.json
        ) { row in
          let response = try await client.accountService.deposit(
            DepositRequest(
              account: try row.account("account"), amountMicros: try row.amount("amount"),
              key: try row.key("key")),
            options: options)
          return response.replayed ? "made before" : "deposited"
        }
      }
      let chosen = key.chosen()
      let response = try await client.accountService.deposit(
        DepositRequest(account: account?.reference, amountMicros: amount?.micros ?? 0, key: chosen),
        options: options)
      connection.show(response) {
        show(response.transfer, replayed: response.replayed)
      }
    }
  }
}

struct WithdrawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: "Pays money out of an account, or out of the collected fees.",
    usage: """
      mecene withdraw <account> <amount> [--key <key>] [--yes] [<options>]
      mecene withdraw --fees <amount> [--key <key>] [--yes] [<options>]
      """)

  @Argument(help: ArgumentHelp("The account's name or number, and how much.", valueName: "account amount"))
  var words: [String]
  @Flag(help: "Out of the collected fees.") var fees = false
  @OptionGroup var key: KeyOption
  @Flag(help: "Don't ask.") var yes = false
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard words.count == (fees ? 1 : 2) else {
      throw ValidationError("Give an account and an amount, or --fees and an amount.")
    }
    if let last = words.last { _ = try Amount.parse(last) }
  }

  func run() async throws {
    let amount = try words.last.map(Amount.parse)?.micros ?? 0
    let source = fees ? "the fees" : words[0]
    try Terminal.confirm("Pay \(Amount.text(amount)) out of \(source)?", yes: yes)
    let chosen = key.chosen()
    try await connection.withClient { client, options in
      let account = fees ? nil : AccountArgument(argument: words[0])?.reference
      let response = try await client.accountService.withdraw(
        WithdrawRequest(
          source: account.map { .account($0) } ?? .fees(true), amountMicros: amount, key: chosen),
        options: options)
      connection.show(response) {
        show(response.transfer, replayed: response.replayed)
      }
    }
  }
}

struct StatementCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statement", abstract: "Shows every movement of an account's money.")

  @Argument(help: "The account's name or number.") var account: AccountArgument
  @OptionGroup var period: PeriodOption<AllPeriods>
  @OptionGroup var page: PageOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let request = GetStatementRequest(
        account: account.reference, period: period.text, pageSize: page.size, pageToken: page.pageToken)
      let response = try await page.fetch(
        request, { client.accountService.getStatementPages($0, options: options) },
        join: {
          $0.transfers += $1.transfers
          $0.nextPageToken = $1.nextPageToken
          $0.closingAvailableMicros = $1.closingAvailableMicros
          $0.closingPotsMicros = $1.closingPotsMicros
        })
      connection.show(response) {
        let isFirst = page.pageToken.isEmpty
        let isLast = response.nextPageToken.isEmpty
        let opening = [
          "", "", isFirst ? "opening balance" : "brought forward", "", "",
          Amount.text(response.openingAvailableMicros),
          Amount.text(response.openingPotsMicros),
        ]
        let closing = [
          "", "", isLast ? "closing balance" : "carried forward", "", "",
          Amount.text(response.closingAvailableMicros),
          Amount.text(response.closingPotsMicros),
        ]
        let rows = response.transfers.map { transfer in
          [
            "\(transfer.id)", Tables.time(transfer.committedAtMs), transfer.description, transfer.key,
            transfer.kind.sign + Amount.text(transfer.amountMicros),
            Amount.text(transfer.availableAfterMicros),
            Amount.text(transfer.potsAfterMicros),
          ]
        }
        Tables.show(
          [
            .number("transfer"), .text("when"), .text("what"), .text("key"), .number("amount"),
            .number("available"),
            .number("pots"),
          ], [opening] + rows + [closing])
        page.hint(response.nextPageToken)
      }
    }
  }
}
