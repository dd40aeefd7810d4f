internal import ArgumentParser
internal import MeceneClient
internal import MeceneWire

struct BudgetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "budget", abstract: "Sets what an account gives each month.")

  @Argument(help: "The account's name or number.") var account: AccountArgument
  @Argument(help: "What to give each month; 0, or at least the minimum.") var amount: Amount
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
private func show(_ transfer: Transfer?, replayed: Bool, key: String, keyWasMade: Bool) {
  guard let transfer else { return }
  Tables.show([
    "transfer": "\(transfer.id)" + (replayed ? " (made before, with this key)" : ""),
    "what": transfer.description, "amount": Amount.text(transfer.amountMicros),
    "available": Amount.text(transfer.availableAfterMicros), "pots": Amount.text(transfer.potsAfterMicros),
    "key": key + (keyWasMade ? " (made now; repeat it to be sure that this is done once)" : ""),
  ])
}

struct DepositCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deposit", abstract: "Pays money in, or many payments.",
    discussion: "A file for --from has the columns account and amount and, if wanted, key.")

  @Argument(help: "The account's name or number.") var account: AccountArgument?
  @Argument(help: "How much.") var amount: Amount?
  @Option(help: "Makes the deposit happen once, however often it is asked for.") var key: String?
  @OptionGroup var bulk: BulkOption
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (amount == nil) != (bulk.file == nil) else {
      throw ValidationError("Give an account and an amount, or --from FILE.")
    }
  }

  func run() async throws {
    try await connection.withClient { client, options in
      if let file = bulk.file {
        return try await bulk.run(file, columns: ["account", "amount"]) { row in
          guard let account = AccountArgument(argument: row["account"] ?? "") else { return "refused" }
          let response = try await client.accountService.deposit(
            DepositRequest(
              account: account.reference, amountMicros: try row.amount("amount"), key: row["key"] ?? ""),
            options: options)
          return response.replayed ? "made before" : "deposited"
        }
      }
      let chosen = key ?? MeceneClient.makeKey()
      let response = try await client.accountService.deposit(
        DepositRequest(account: account?.reference, amountMicros: amount?.micros ?? 0, key: chosen),
        options: options)
      connection.show(response) {
        show(response.transfer, replayed: response.replayed, key: chosen, keyWasMade: key == nil)
      }
    }
  }
}

struct WithdrawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: "Pays money out of an account, or out of the collected fees.",
    usage: "mecene withdraw <account> <amount> [options]\n       mecene withdraw --fees <amount> [options]")

  @Argument(help: "The account's name or number, and how much.") var words: [String]
  @Flag(help: "Out of the collected fees.") var fees = false
  @Option(help: "Makes the withdrawal happen once, however often it is asked for.") var key: String?
  @Flag(help: "Don't ask.") var yes = false
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard words.count == (fees ? 1 : 2) else {
      throw ValidationError("Give an account and an amount, or --fees and an amount.")
    }
    guard let last = words.last, Amount(argument: last) != nil else {
      throw ValidationError("An amount is written like 10 or 10.50; it was \(words.last ?? "").")
    }
  }

  func run() async throws {
    let amount = words.last.flatMap(Amount.init(argument:))?.micros ?? 0
    let source = fees ? "the fees" : words[0]
    try Terminal.confirm("Paying \(Amount.text(amount)) out of \(source).", yes: yes)
    let chosen = key ?? MeceneClient.makeKey()
    try await connection.withClient { client, options in
      let account = fees ? nil : AccountArgument(argument: words[0])?.reference
      let response = try await client.accountService.withdraw(
        WithdrawRequest(
          source: account.map { .account($0) } ?? .fees(true), amountMicros: amount, key: chosen),
        options: options)
      connection.show(response) {
        show(response.transfer, replayed: response.replayed, key: chosen, keyWasMade: key == nil)
      }
    }
  }
}

struct StatementCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statement", abstract: "Shows every movement of an account's money.")

  @Argument(help: "The account's name or number.") var account: AccountArgument
  @OptionGroup var period: PeriodOption
  @OptionGroup var page: PageOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let request = GetStatementRequest(
        account: account.reference, period: period.period, pageSize: page.pageSize, pageToken: page.pageToken)
      let response = try await page.fetch(
        request, { client.accountService.getStatementPages($0, options: options) },
        join: {
          $0.transfers += $1.transfers
          $0.nextPageToken = $1.nextPageToken
          $0.closingAvailableMicros = $1.closingAvailableMicros
          $0.closingPotsMicros = $1.closingPotsMicros
        })
      connection.show(response) {
        let opening = [
          "", "", "opening balance", "", Amount.text(response.openingAvailableMicros),
          Amount.text(response.openingPotsMicros),
        ]
        let closing = [
          "", "", "closing balance", "", Amount.text(response.closingAvailableMicros),
          Amount.text(response.closingPotsMicros),
        ]
        let rows = response.transfers.map { transfer in
          [
            "\(transfer.id)", Tables.time(transfer.committedAtMs), transfer.description,
            Amount.text(transfer.amountMicros), Amount.text(transfer.availableAfterMicros),
            Amount.text(transfer.potsAfterMicros),
          ]
        }
        Tables.show(
          [
            .number("transfer"), .text("when"), .text("what"), .number("amount"), .number("available"),
            .number("pots"),
          ], [opening] + rows + [closing])
        page.hint(response.nextPageToken)
      }
    }
  }
}
