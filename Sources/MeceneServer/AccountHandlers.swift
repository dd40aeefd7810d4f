internal import MeceneEngine
internal import MeceneLedger
internal import MeceneProof
internal import MeceneWire

extension Handlers: AccountServiceHandler {
  /// About what an account and a transfer take in an answer, in bytes.
  private static let accountBytes = 512
  private static let transferBytes = 256

  func openAccount(_ request: OpenAccountRequest, _ call: CallContext) throws -> Answer<OpenAccountResponse> {
    let name = try AccountName(request.name)
    let displayName = try PlainText(
      request.displayName, field: "display_name", charactersMax: PlainText.displayNameMax)
    return account(
      .openAccount(
        name: name, fingerprint: fingerprintKey.fingerprint(of: name.text), displayName: displayName,
        budget: Micros(request.budgetMicros))
    ) { OpenAccountResponse(account: $0) }
  }

  func getAccount(_ request: GetAccountRequest, _ call: CallContext) throws -> Answer<GetAccountResponse> {
    let account = try reference(request.account, field: "account")
    return .read(bytes: Self.accountBytes, .account(account)) { GetAccountResponse(account: Account($0)) }
  }

  func listAccounts(_ request: ListAccountsRequest, _ call: CallContext) throws -> Answer<
    ListAccountsResponse
  > {
    let size = try limits.pageSize(request.pageSize)
    let after = try PageToken.parse(request.pageToken, arguments: ["accounts"]).map(AccountID.init)
    return .read(bytes: size * Self.accountBytes, .accounts(after: after, limit: size + 1)) { accounts in
      ListAccountsResponse(
        accounts: accounts.prefix(size).map(Account.init),
        nextPageToken: accounts.count > size
          ? PageToken.make(after: accounts[size - 1].id.rawValue, arguments: ["accounts"]) : "")
    }
  }

  func updateAccount(
    _ request: UpdateAccountRequest, _ call: CallContext
  ) throws -> Answer<UpdateAccountResponse> {
    let reference = try reference(request.account, field: "account")
    let displayName = try request.displayName.map { text in
      try PlainText(text, field: "display_name", charactersMax: PlainText.displayNameMax)
    }
    return account(.updateAccount(reference, displayName: displayName)) { UpdateAccountResponse(account: $0) }
  }

  func setBudget(_ request: SetBudgetRequest, _ call: CallContext) throws -> Answer<SetBudgetResponse> {
    account(.setBudget(try reference(request.account, field: "account"), Micros(request.budgetMicros))) {
      SetBudgetResponse(account: $0)
    }
  }

  func deposit(_ request: DepositRequest, _ call: CallContext) throws -> Answer<DepositResponse> {
    let account = try reference(request.account, field: "account")
    let key = try RequestKey(request.key)
    return transfer(.deposit(account, Micros(request.amountMicros), key), key) {
      DepositResponse(transfer: $0, replayed: $1)
    }
  }

  func withdraw(_ request: WithdrawRequest, _ call: CallContext) throws -> Answer<WithdrawResponse> {
    let source: MoneySource
    switch request.source {
    case .account(let account): source = .account(try reference(account, field: "account"))
    case .fees(true): source = .fees
    case .fees(false), nil:
      throw Refusal(.fieldMissing, field: "account", "a withdrawal has to name an account, or fees")
    }
    let key = try RequestKey(request.key)
    return transfer(.withdraw(source, Micros(request.amountMicros), key), key) {
      WithdrawResponse(transfer: $0, replayed: $1)
    }
  }

  func closeAccount(_ request: CloseAccountRequest, _ call: CallContext) throws -> Answer<
    CloseAccountResponse
  > {
    account(.closeAccount(try reference(request.account, field: "account"))) {
      CloseAccountResponse(account: $0)
    }
  }

  func getStatement(_ request: GetStatementRequest, _ call: CallContext) throws -> Answer<
    GetStatementResponse
  > {
    let account = try reference(request.account, field: "account")
    let period = try period(request.period)
    let size = try limits.pageSize(request.pageSize)
    let arguments = ["statement", "\(account)", request.period]
    let after = try PageToken.parse(request.pageToken, arguments: arguments).map(TransferID.init)
    let query = Query.statement(account, period: period, after: after, limit: size)
    return .read(bytes: size * Self.transferBytes, query) { page in
      let last = page.entries.last?.transfer
      return GetStatementResponse(
        account: Account(page.account), openingAvailableMicros: page.openingAvailable.rawValue,
        openingPotsMicros: page.openingPots.rawValue,
        transfers: page.entries.map { Transfer($0.transfer, key: $0.key) },
        closingAvailableMicros: (last?.availableAfter ?? page.openingAvailable).rawValue,
        closingPotsMicros: (last?.potsAfter ?? page.openingPots).rawValue,
        nextPageToken: page.hasMore ? PageToken.make(after: last?.id.rawValue ?? 0, arguments: arguments) : ""
      )
    }
  }

  func listTransfers(_ request: ListTransfersRequest, _ call: CallContext) throws -> Answer<
    ListTransfersResponse
  > {
    let period = try period(request.period)
    let size = try limits.pageSize(request.pageSize)
    let arguments = ["transfers", request.period]
    let after = try PageToken.parse(request.pageToken, arguments: arguments).map(TransferID.init)
    let query = Query.journal(period: period, after: after, limit: size + 1)
    return .read(bytes: size * Self.transferBytes, query) { entries in
      ListTransfersResponse(
        entries: entries.prefix(size).map(JournalEntry.init),
        nextPageToken: entries.count > size
          ? PageToken.make(after: entries[size - 1].transfer.id.rawValue, arguments: arguments) : "")
    }
  }

  private func account<Response: Message>(
    _ command: Command, _ respond: @escaping @Sendable (Account) -> Response
  ) -> Answer<Response> {
    .write(.command(command)) { outcome in
      guard case .account(_, let record?) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(respond(Account(record)))
    }
  }

  private func transfer<Response: Message>(
    _ command: Command, _ key: RequestKey,
    _ respond: @escaping @Sendable (MeceneWire.Transfer, Bool) -> Response
  ) -> Answer<Response> {
    .write(.command(command)) { outcome in
      guard case .transfer(let transfer, let replayed) = outcome else { throw Handlers.unexpected(outcome) }
      return .now(respond(MeceneWire.Transfer(transfer, key: key.text), replayed))
    }
  }
}
