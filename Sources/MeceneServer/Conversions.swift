internal import MeceneEngine
internal import MeceneLedger
internal import MeceneProof
internal import MeceneWire

// Messages to the ledger's values.

extension Handlers {
  /// The account that a request names.
  func reference(
    _ reference: MeceneWire.AccountReference?, field: String
  ) throws(Refusal) -> MeceneLedger.AccountReference {
    switch reference?.by {
    case .id(let id): return .id(AccountID(Int64(clamping: id)))
    case .name(let name): return .name(String(name.prefix(64)), fingerprintKey.fingerprint(of: name))
    case nil:
      throw Refusal(.fieldMissing, field: field, "\(field) has to name an account by id or by name")
    }
  }

  /// The thing that a request names.
  func reference(_ reference: MeceneWire.ThingReference?) throws(Refusal) -> MeceneLedger.ThingReference {
    switch reference?.by {
    case .id(let id): return .id(ThingID(Int64(clamping: id)))
    case .url(let text):
      let url = try CanonicalURL(text, field: "thing.url", isNew: false)
      return .url(url.text, fingerprintKey.fingerprint(of: url.identity))
    case nil:
      throw Refusal(.fieldMissing, field: "thing", "thing has to name a thing by id or by url")
    }
  }
}

/// The period that a request names; nil when it names none.
func period(_ text: String) throws(Refusal) -> Period? {
  if text.isEmpty { return nil }
  guard let period = Period(parsing: text), period <= Period.last else {
    throw Refusal(
      .invalidPeriod, field: "period",
      "a period is written like 2026-11, up to \(Period.last); it was \"\(text.prefix(32))\"")
  }
  return period
}

extension Limits {
  /// How long a page is.
  func pageSize(_ asked: Int32) throws(Refusal) -> Int {
    guard asked >= 0 else {
      throw Refusal(
        .invalidPageSize, field: "page_size",
        "the page size is \(asked); it has to be 0 (the default) or more",
        ["page_size": "\(asked)"])
    }
    return min(asked == 0 ? pageSizeDefault : Int(asked), pageSizeMax)
  }

  /// As many entries as a page takes in bytes, and at least one.
  ///
  /// - Returns: The entries, and whether some were left out.
  func page<Item, Entry>(
    _ items: [Item], _ entry: (Item) throws -> Entry, bytes: (Entry) -> Int
  ) rethrows -> (entries: [Entry], isCut: Bool) {
    var entries: [Entry] = []
    var total = 0
    for item in items {
      let next = try entry(item)
      total += bytes(next)
      if total > pageBytesMax, !entries.isEmpty { return (entries, true) }
      entries.append(next)
    }
    return (entries, false)
  }
}

// The ledger's values to messages.

extension MeceneWire.Account {
  init(_ record: AccountRecord) {
    self.init(
      id: UInt64(clamping: record.id.rawValue), name: record.name, displayName: record.displayName,
      budgetMicros: record.money.budget.rawValue, availableMicros: record.money.available.rawValue,
      potMicros: record.money.pot.rawValue, potsMicros: record.money.pots.rawValue, active: record.isActive,
      closed: record.isClosed, openedAtMs: record.openedAt.milliseconds)
  }
}

extension MeceneWire.Transfer {
  init(_ transfer: MeceneLedger.Transfer, key: String) {
    self.init(
      id: UInt64(clamping: transfer.id.rawValue), kind: TransferKind(rawValue: Int32(transfer.kind.rawValue)),
      amountMicros: transfer.amount.rawValue, committedAtMs: transfer.committedAt.milliseconds,
      period: transfer.period.description, forPeriod: transfer.forPeriod?.description ?? "",
      availableAfterMicros: transfer.availableAfter.rawValue, potsAfterMicros: transfer.potsAfter.rawValue,
      description: transfer.words, key: key)
  }
}

extension MeceneWire.JournalEntry {
  init(_ booked: BookedTransfer) {
    let (transfer, name) = (booked.transfer, booked.accountName)
    let route = transfer.route
    self.init(
      transfer: Transfer(transfer, key: booked.key),
      accountID: UInt64(clamping: transfer.account?.rawValue ?? 0), accountName: name,
      fromAccount: route?.from.path(named: name) ?? "", toAccount: route?.to.path(named: name) ?? "")
  }
}

extension MeceneWire.Thing {
  init(_ record: ThingRecord) {
    self.init(
      id: UInt64(clamping: record.id.rawValue), ownerID: UInt64(clamping: record.owner.rawValue),
      ownerName: record.ownerName,
      url: record.url, title: record.title, description: record.description, hidden: record.isHidden,
      retired: record.isRetired, addedAtMs: record.addedAt.milliseconds)
  }
}

extension MeceneWire.Settlement {
  init(_ record: SettlementRecord) {
    let state: SettlementState =
      switch record.state {
      case .open: .open
      case .closed: .closed
      case .planned: .planned
      case .settled: .settled
      }
    self.init(
      period: record.period.description, state: state, feeBps: UInt32(clamping: record.feeBps),
      pots: UInt64(clamping: record.totals.pots), clicks: UInt64(clamping: record.totals.clicks),
      owners: UInt64(clamping: record.totals.owners),
      potsMicros: record.totals.potsMicros.rawValue, feesMicros: record.totals.feesMicros.rawValue,
      revenueMicros: record.totals.revenueMicros.rawValue,
      returnedMicros: record.totals.returnedMicros.rawValue,
      digest: record.digest.hexadecimal, settledAtMs: record.settledAt?.milliseconds ?? 0,
      commit: record.commit?.text ?? "")
  }
}

extension PeriodTerms {
  init(_ terms: MeceneLedger.Terms) {
    self.init(
      feeBps: UInt32(clamping: terms.feeBps), minimumBudgetMicros: terms.minimum.rawValue,
      receiveRequiresGiving: terms.receiveRequiresGiving)
  }
}

extension MeceneWire.StageProgress {
  init(_ progress: MeceneEngine.StageProgress) {
    self.init(
      stage: progress.stage, done: UInt64(clamping: progress.done), total: UInt64(clamping: progress.total))
  }
}

extension MeceneWire.Verdict {
  init(_ verdict: MeceneEngine.Verdict) {
    self.init(
      clean: verdict.finding == nil, transfers: UInt64(clamping: verdict.transfers),
      clicks: UInt64(clamping: verdict.clicks),
      settlements: UInt64(clamping: verdict.settlements),
      commits: UInt64(clamping: verdict.last.number),
      firstWrongRow: verdict.finding.map {
        WrongRow(table: $0.table, key: $0.key, expected: $0.expected, found: $0.found)
      }, lastCommit: verdict.finding == nil ? verdict.last.text : "")
  }
}

extension MeceneWire.Receipt {
  init(_ account: AccountID, _ proof: ReceiptProof) {
    let header = proof.header
    let part: Part =
      switch proof.leaf {
      case .patron(let leaf):
        .patron(
          PatronPart(
            potMicros: leaf.pot.rawValue, feeMicros: leaf.fee.rawValue,
            clicks: leaf.clicks.map { click in
              ReceiptClick(
                thingID: UInt64(clamping: click.thing.rawValue),
                ownerID: UInt64(clamping: click.owner.rawValue),
                shareMicros: click.share.rawValue)
            }))
      case .owner(let leaf):
        .owner(OwnerPart(clicks: UInt64(clamping: leaf.clicks), micros: leaf.micros.rawValue))
      }
    self.init(
      ruleVersion: UInt32(clamping: SettlementHeader.ruleVersion), period: header.period.description,
      feeBps: UInt32(clamping: header.feeBps), pots: UInt64(clamping: header.pots),
      clicks: UInt64(clamping: header.clicks), owners: UInt64(clamping: header.owners),
      potsMicros: header.potsMicros.rawValue, feesMicros: header.feesMicros.rawValue,
      revenueMicros: header.revenueMicros.rawValue, accountID: UInt64(clamping: account.rawValue),
      blind: proof.blind.hexadecimal, part: part, leafIndex: proof.index, path: proof.path.map(\.hexadecimal),
      otherRoot: proof.otherRoot.hexadecimal, digest: proof.digest?.hexadecimal ?? "")
  }
}
