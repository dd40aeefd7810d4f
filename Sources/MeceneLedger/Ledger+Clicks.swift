// Clicking: rules 1 to 4 of the economy.
extension Ledger {
  /// What one click comes to, without the words of a refusal: a batch of thousands needs none.
  private enum ClickDecision {
    case clicked
    case alreadyClicked
    case refused(Refusal.Reason)
  }

  mutating func click(
    _ patronReference: AccountReference, _ thingReference: ThingReference, _ period: Period?
  ) throws(Refusal) -> Outcome {
    let patron = try index(patronReference, field: "patron")
    let thing = try index(thingReference)
    try checkOpen(period)
    switch decideClick(patron, thing) {
    case .clicked: return .clicked(standing(patron), alreadyClicked: false)
    case .alreadyClicked: return .clicked(standing(patron), alreadyClicked: true)
    case .refused(let reason): throw refusal(reason, patron: patron, thing: thing)
    }
  }

  mutating func clickMany(
    _ patrons: [UInt64], _ thingIDs: [UInt64], _ period: Period?
  ) throws(Refusal) -> Outcome {
    guard patrons.count == thingIDs.count else {
      throw Refusal(
        .invalidValue, field: "thing_ids",
        "there are \(patrons.count) patron ids and \(thingIDs.count) thing ids; they have to be as many",
        ["patron_ids": "\(patrons.count)", "thing_ids": "\(thingIDs.count)"])
    }
    try checkOpen(period)
    var outcome = ClickManyOutcome(period: openPeriod)
    for position in patrons.indices {
      switch decideClick(patrons[position], thingIDs[position]) {
      case .clicked: outcome.clicked += 1
      case .alreadyClicked: outcome.alreadyClicked += 1
      case .refused(let reason):
        outcome.refusedIndexes.append(UInt32(position))
        outcome.refusedReasons.append(reason)
      }
    }
    return .clickedMany(outcome)
  }

  mutating func undoClick(
    _ patronReference: AccountReference, _ thingReference: ThingReference, _ period: Period?
  ) throws(Refusal) -> Outcome {
    let patron = try index(patronReference, field: "patron")
    let thing = try index(thingReference)
    try checkOpen(period)
    let wasClicked = open?.clicks.remove(patron: UInt32(patron), thing: UInt32(thing)) ?? false
    if wasClicked {
      accounts[patron].clicks -= 1
      effects.append(.click(id(patron), ThingID(Int64(thing) + 1), undone: true))
    }
    return .undone(standing(patron), wasClicked: wasClicked)
  }

  func listClicks(
    _ patronReference: AccountReference, _ period: Period?, after: ThingID?, limit: Int
  ) throws(Refusal) -> Outcome {
    let patron = try index(patronReference, field: "patron")
    try checkOpen(period)
    let things = open?.clicks.things(from: accounts[patron].newestClick) ?? []
    return .clicks(
      ClickPage(
        period: openPeriod, patron: id(patron), allThings: things.map { ThingID(Int64($0) + 1) },
        split: split(patron), pot: accounts[patron].openPot, after: after, limit: limit, settled: false))
  }

  private mutating func decideClick(_ patronID: UInt64, _ thingID: UInt64) -> ClickDecision {
    guard patronID >= 1, patronID <= UInt64(accounts.count) else { return .refused(.accountNotFound) }
    guard thingID >= 1, thingID <= UInt64(things.count) else { return .refused(.thingNotFound) }
    return decideClick(Int(patronID) - 1, Int(thingID) - 1)
  }

  /// The refusals in their order, then the click.
  private mutating func decideClick(_ patron: Int, _ thing: Int) -> ClickDecision {
    guard let terms = open?.terms else { return .refused(.periodClosed) }
    let target = things[thing]
    let owner = Int(target.owner)
    let giver = accounts[patron]
    if giver.isClosed || accounts[owner].isClosed { return .refused(.accountClosed) }
    if target.isRetired { return .refused(.thingRetired) }
    if owner == patron { return .refused(.ownThing) }
    if open?.clicks.contains(patron: UInt32(patron), thing: UInt32(thing)) ?? false { return .alreadyClicked }
    guard terms.isActive(pot: giver.openPot, budget: giver.budget, available: giver.available) else {
      return .refused(.patronInactive)
    }
    if terms.receiveRequiresGiving {
      let receiver = accounts[owner]
      guard
        terms.isActive(pot: receiver.openPot, budget: receiver.budget, available: receiver.available)
      else { return .refused(.ownerInactive) }
    }

    if giver.openPot == .zero { setAside(patron, min(giver.budget, giver.available), .potOpen) }
    accounts[patron].clicks += 1
    accounts[patron].newestClick =
      open?.clicks.insert(patron: UInt32(patron), thing: UInt32(thing), head: giver.newestClick)
      ?? ClickIndex.end
    effects.append(.click(id(patron), ThingID(Int64(thing) + 1), undone: false))
    return .clicked
  }

  private func checkOpen(_ period: Period?) throws(Refusal) {
    guard let period, period != openPeriod else { return }
    throw Refusal(
      .periodClosed, field: "period", "the period \(period) is not open; \(openPeriod) is",
      ["period": "\(period)", "open_period": "\(openPeriod)"])
  }

  private func split(_ patron: Int) -> Split {
    Split(
      pot: accounts[patron].openPot, feeBps: open?.terms.feeBps ?? 0, clicks: Int(accounts[patron].clicks),
      patron: id(patron), period: openPeriod)
  }

  private func standing(_ patron: Int) -> PatronStanding {
    PatronStanding(
      period: openPeriod, clicks: Int(accounts[patron].clicks), share: split(patron).least,
      pot: accounts[patron].openPot)
  }

  private func refusal(_ reason: Refusal.Reason, patron: Int, thing: Int) -> Refusal {
    let owner = Int(things[thing].owner)
    switch reason {
    case .accountClosed:
      return accounts[patron].isClosed
        ? .closed(id(patron), field: "patron") : .closed(id(owner), field: "thing")
    case .thingRetired:
      return Refusal(
        reason, field: "thing", "thing number \(thing + 1) is retired and takes no new clicks",
        ["thing_id": "\(thing + 1)"])
    case .ownThing:
      return Refusal(
        reason, field: "thing",
        "thing number \(thing + 1) belongs to the patron; own things can't be clicked",
        ["thing_id": "\(thing + 1)", "account_id": "\(patron + 1)"])
    case .patronInactive:
      return inactive(reason, patron, field: "patron", "the patron can't give")
    default:
      return inactive(reason, owner, field: "thing", "the owner can't receive, because they can't give")
    }
  }

  private func inactive(_ reason: Refusal.Reason, _ index: Int, field: String, _ claim: String) -> Refusal {
    let account = accounts[index]
    let minimum = open?.terms.minimum ?? nextTerms.minimum
    return Refusal(
      reason, field: field,
      "\(claim): the budget is \(inCurrency(account.budget)) and \(inCurrency(account.available)) is available; "
        + "both have to be at least \(inCurrency(minimum))",
      [
        "account_id": "\(index + 1)", "budget_micros": "\(account.budget.rawValue)",
        "available_micros": "\(account.available.rawValue)", "minimum_micros": "\(minimum.rawValue)",
      ])
  }
}
