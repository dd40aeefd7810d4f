/// Why the rules refuse a command: an ordinary answer, not a fault.
package struct Refusal: Error, Sendable, Hashable {
  /// What programs branch on. The numbers are those of the contract's `Reason`.
  package enum Reason: Int32, Sendable, Hashable, CaseIterable {
    case accountNotFound = 1
    case thingNotFound = 2
    case periodNotFound = 3
    case periodClosed = 4
    case accountClosed = 5
    case thingRetired = 6
    case ownThing = 7
    case patronInactive = 8
    case ownerInactive = 9
    case nameTaken = 10
    case urlTaken = 11
    case keyReused = 12
    case belowMinimum = 13
    case insufficientFunds = 14
    case invalidAmount = 15
    case ledgerFull = 16
    case invalidName = 17
    case invalidURL = 18
    case invalidText = 19
    case invalidKey = 20
    case invalidPeriod = 21
    case invalidPageSize = 22
    case invalidPageToken = 23
    case fieldMissing = 24
    case invalidValue = 25
    case periodOpen = 26
    case earlierPeriodUnsettled = 27
    case settlementNotFound = 28
    case digestMismatch = 29
    case clockNotSimulated = 30
    case clockOutOfRange = 31
    case serviceUnknown = 32
    case idsExhausted = 33
    case booksInconsistent = 34
    case receiptNotFound = 35
    case messageTooLarge = 62
  }

  /// One number or text of the sentence.
  package struct Detail: Sendable, Hashable {
    package let key: String
    package let value: String
  }

  package let reason: Reason
  /// The request field at fault, as spelled in the contract; empty when no single field is.
  package let field: String
  /// One sentence with the values in it.
  package let sentence: String
  /// The values again, by name.
  package let details: [Detail]

  package init(
    _ reason: Reason, field: String = "", _ sentence: String, _ details: KeyValuePairs<String, String> = [:]
  ) {
    self.reason = reason
    self.field = field
    self.sentence = sentence
    self.details = details.map { Detail(key: $0.key, value: $0.value) }
  }
}

// The refusals that more than one place gives.
extension Refusal {
  static func notFound(_ reference: AccountReference, field: String) -> Refusal {
    switch reference {
    case .id(let id):
      Refusal(.accountNotFound, field: field, "there is no account number \(id)", ["account_id": "\(id)"])
    case .name(let name, _):
      Refusal(.accountNotFound, field: field, "there is no account named \(name)", ["account_name": name])
    }
  }

  static func notFound(_ reference: ThingReference) -> Refusal {
    switch reference {
    case .id(let id):
      Refusal(.thingNotFound, field: "thing", "there is no thing number \(id)", ["thing_id": "\(id)"])
    case .url(let url, _):
      Refusal(.thingNotFound, field: "thing", "nobody has added the thing \(url)", ["thing_url": url])
    }
  }

  /// - Parameter reference: How the request named the account, when it did.
  static func closed(_ id: AccountID, _ reference: AccountReference? = nil, field: String) -> Refusal {
    let name = if case .name(let name, _)? = reference { name } else { "number \(id)" }
    return Refusal(.accountClosed, field: field, "the account \(name) is closed", ["account_id": "\(id)"])
  }

  /// The refusal of an account that does not exist, for readers outside the ledger.
  package static func accountNotFound(_ reference: AccountReference, field: String) -> Refusal {
    notFound(reference, field: field)
  }

  /// The refusal of a thing that does not exist, for readers outside the ledger.
  package static func thingNotFound(_ reference: ThingReference) -> Refusal { notFound(reference) }

  /// The refusal of what would have to go on with rows that contradict each other.
  package static func booksInconsistent(_ finding: Finding) -> Refusal {
    Refusal(
      .booksInconsistent, "the books contradict themselves: \(finding); `verify` names the first wrong row",
      ["table": finding.table, "key": finding.key, "expected": finding.expected, "found": finding.found])
  }

  /// The refusal of a period without a settlement that has ended.
  package static func settlementNotFound(_ period: Period) -> Refusal {
    Refusal(
      .settlementNotFound, field: "period", "the period \(period) is not settled yet", ["period": "\(period)"]
    )
  }

  /// The refusal of a period that the ledger has not lived through.
  package static func periodNotFound(_ period: Period) -> Refusal {
    Refusal(
      .periodNotFound, field: "period", "the ledger has not lived through the period \(period)",
      ["period": "\(period)"])
  }
}
