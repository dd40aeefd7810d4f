// Accounts and their money: rules 1, 2 and 8 of the economy.
extension Ledger {
  mutating func openAccount(
    _ name: AccountName, _ fingerprint: Fingerprint, _ displayName: PlainText, budget: Micros
  ) throws(Refusal) -> Outcome {
    try checkBudget(budget)
    guard accountNames[fingerprint] == nil else {
      throw Refusal(
        .nameTaken, field: "name", "the name \(name.text) is taken; names are never given again",
        ["name": name.text])
    }
    guard accounts.count < Self.accountsMax else {
      throw Refusal(.idsExhausted, "the ledger holds \(accounts.count) accounts and can't take another")
    }
    // Past the last refusal: from here on it must succeed.
    accountNames[fingerprint] = AccountIndex(UInt32(accounts.count))
    accounts.append(AccountState(budget: budget))
    standings.append(Standing(turn: open.turn))
    accountChangeCount += 1
    let id = AccountID(Int64(accounts.count))
    effects.append(
      .accountOpened(id, name: name.text, fingerprint, displayName: displayName.text, budget: budget))
    return .account(id)
  }

  mutating func updateAccount(
    _ reference: AccountReference, displayName: PlainText?
  ) throws(Refusal) -> Outcome {
    let index = try index(reference, field: "account")
    // Past the last refusal: from here on it must succeed.
    if let displayName { change(index, AccountChange(displayName: displayName.text)) }
    return .account(index.id)
  }

  mutating func setBudget(_ reference: AccountReference, _ budget: Micros) throws(Refusal) -> Outcome {
    let index = try index(reference, field: "account")
    try checkBudget(budget)
    guard !standings[index].isClosed else { throw .closed(index.id, reference, field: "account") }
    // Past the last refusal: from here on it must succeed.
    if budget != accounts[index].budget {
      accounts[index].budget = budget
      let changeID = change(index, AccountChange(budget: budget))
      topUp(index, cause: .budget(changeID: changeID))
    }
    return .account(index.id)
  }

  mutating func deposit(
    _ reference: AccountReference, _ amount: Micros, _ key: RequestKey, keyed: Transfer?
  ) throws(Refusal) -> Outcome {
    let index = try index(reference, field: "account")
    if let keyed { return try replay(keyed, .deposit, amount, key) }
    try checkAmount(amount)
    guard !standings[index].isClosed else { throw .closed(index.id, reference, field: "account") }
    guard money.adding(amount) != nil else {
      throw Refusal(
        .ledgerFull, field: "amount_micros",
        "the ledger holds \(inCurrency(money)) and can't hold \(inCurrency(amount)) more",
        ["money_micros": "\(money.rawValue)", "amount_micros": "\(amount.rawValue)"])
    }
    // Past the last refusal: from here on it must succeed.
    let transfer = post(.deposit, index, amount)
    effects.append(.keyBound(index.id, key, transfer.id))
    topUp(index, cause: .credit(transfer.id))
    return .transfer(transfer, replayed: false)
  }

  mutating func withdraw(
    _ source: MoneySource, _ amount: Micros, _ key: RequestKey, keyed: Transfer?
  ) throws(Refusal) -> Outcome {
    var index: AccountIndex?
    if case .account(let reference) = source { index = try self.index(reference, field: "account") }
    if let keyed { return try replay(keyed, .withdraw, amount, key) }
    try checkAmount(amount)
    let there = index.map { accounts[$0].available } ?? fees
    guard amount <= there else {
      throw Refusal(
        .insufficientFunds, field: "amount_micros",
        "\(inCurrency(amount)) is more than the \(inCurrency(there)) that is available",
        ["amount_micros": "\(amount.rawValue)", "available_micros": "\(there.rawValue)"])
    }
    // Past the last refusal: from here on it must succeed.
    let transfer = post(.withdraw, index, amount)
    effects.append(.keyBound(index?.id, key, transfer.id))
    return .transfer(transfer, replayed: false)
  }

  mutating func closeAccount(_ reference: AccountReference) throws(Refusal) -> Outcome {
    let index = try index(reference, field: "account")
    // Past the last refusal: from here on it must succeed.
    if !standings[index].isClosed {
      standings[index].isClosed = true
      accounts[index].budget = .zero
      change(index, AccountChange(budget: .zero, closed: true))
    }
    return .account(index.id)
  }

  /// What a key answers that was used before: rule 8.
  private func replay(
    _ first: Transfer, _ kind: Transfer.Kind, _ amount: Micros, _ key: RequestKey
  ) throws(Refusal) -> Outcome {
    guard first.kind == kind else {
      throw Refusal(
        .keyReused, field: "key", "the key \(key.text) was used for a \(first.words); use another key",
        ["key": key.text, "transfer_id": "\(first.id)"])
    }
    guard first.amount == amount else {
      throw Refusal(
        .keyReused, field: "amount_micros",
        "the key \(key.text) was used for \(inCurrency(first.amount)), not \(inCurrency(amount)); use another key",
        [
          "key": key.text, "transfer_id": "\(first.id)", "first_amount_micros": "\(first.amount.rawValue)",
          "amount_micros": "\(amount.rawValue)",
        ])
    }
    return .transfer(first, replayed: true)
  }

  private func checkBudget(_ budget: Micros) throws(Refusal) {
    let minimum = openTerms.minimum
    guard budget == .zero || budget >= minimum else {
      throw Refusal(
        .belowMinimum, field: "budget_micros",
        "the budget must be 0 or at least \(inCurrency(minimum)); it was \(inCurrency(budget))",
        ["minimum_micros": "\(minimum.rawValue)", "budget_micros": "\(budget.rawValue)"])
    }
  }

  private func checkAmount(_ amount: Micros) throws(Refusal) {
    guard amount > .zero else {
      throw Refusal(
        .invalidAmount, field: "amount_micros",
        "the amount has to be at least \(inCurrency(Micros(1))); it was \(inCurrency(amount))",
        ["amount_micros": "\(amount.rawValue)", "minimum_micros": "1"])
    }
  }
}

// The steps that several commands share.
extension Ledger {
  @discardableResult
  mutating func change(_ index: AccountIndex, _ change: AccountChange) -> Int64 {
    accountChangeCount += 1
    effects.append(.accountChanged(id: accountChangeCount, index.id, change))
    return accountChangeCount
  }

  /// Moves what an open pot lacks to its budget, as far as there is money: rule 2.
  mutating func topUp(_ index: AccountIndex, cause: Transfer.Cause) {
    let account = accounts[index]
    let pot = standing(at: index).openPot
    guard pot > .zero else { return }
    let missing = min(account.budget - pot, account.available)
    if missing > .zero { post(.potTopup, index, missing, forPeriod: openPeriod, cause: cause) }
  }
}
