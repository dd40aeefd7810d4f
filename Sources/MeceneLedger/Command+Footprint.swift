// What a command says of itself, so that nobody else has to open it.
extension Command {
  /// One thing that a command is decided by.
  package enum Need: Sendable, Hashable {
    /// An account, or the name that is to be given.
    case account(AccountReference)
    /// A thing, or the URL that is to be taken.
    case thing(ThingReference)
    /// What an earlier request with this key made.
    case key(MoneySource, RequestKey)
    /// Whether a click stands.
    case click(AccountReference, ThingReference)
  }

  /// In whose name a command acts.
  package enum Actor: Sendable, Hashable {
    case account(AccountReference)
    case owner(of: ThingReference)
    /// A service that acts for many accounts: it opens them, brings money in and clicks for several at once.
    case service
    /// Who takes fees out, and settles.
    case `operator`
  }

  /// Whose key it carries; nil for commands that are the same when they are repeated.
  @inlinable package var key: (source: MoneySource, key: RequestKey)? {
    switch self {
    case .deposit(let account, _, let key): (.account(account), key)
    case .withdraw(let source, _, let key): (source, key)
    default: nil
    }
  }

  /// Whether it changes nothing.
  package var isRead: Bool { if case .openClicks = self { true } else { false } }

  /// How many clicks it makes or undoes.
  package var clickCount: Int {
    switch self {
    case .click, .undoClick: 1
    case .clickMany(let patrons, _, _, let positions): positions?.count ?? patrons.count
    default: 0
    }
  }

  /// How long it takes to decide, in clicks.
  package var cost: Int {
    switch self {
    case .click, .undoClick, .clickMany: clickCount
    case .drainPots, .payOwners, .checkPlan, .planSettlement: 4_096
    default: 16
    }
  }

  /// Everything that it is decided by, except its period and the plan of a settlement. A thing brings its owner with it.
  package var footprint: [Need] {
    switch self {
    case .openAccount(let name, let fingerprint, _, _): [.account(.name(name.text, fingerprint))]
    case .updateAccount(let account, _), .setBudget(let account, _), .closeAccount(let account),
      .openClicks(let account, _, _, _):
      [.account(account)]
    case .deposit(let account, _, let key): [.account(account), .key(.account(account), key)]
    case .withdraw(.account(let account), _, let key): [.account(account), .key(.account(account), key)]
    case .withdraw(.fees, _, let key): [.key(.fees, key)]
    case .addThing(let thing): [.account(thing.owner), .thing(.url(thing.url.text, thing.fingerprint))]
    case .updateThing(let thing, _, _, _), .retireThing(let thing), .reviveThing(let thing): [.thing(thing)]
    case .click(let patron, let thing, _), .undoClick(let patron, let thing, _):
      [.account(patron), .thing(thing), .click(patron, thing)]
    case .clickMany(let patrons, let things, _, let positions):
      (positions ?? patrons.indices).clamped(to: 0..<min(patrons.count, things.count)).flatMap {
        position -> [Need] in
        let patron = AccountReference.id(AccountID(Int64(clamping: patrons[position])))
        let thing = ThingReference.id(ThingID(Int64(clamping: things[position])))
        return [.account(patron), .thing(thing), .click(patron, thing)]
      }
    case .drainPots(let plan, let positions):
      plan.patrons[positions.clamped(to: plan.patrons.indices)].map { .account(.id($0.id)) }
    case .payOwners(let plan, let positions):
      plan.owners[positions.clamped(to: plan.owners.indices)].map { .account(.id($0.id)) }
    case .checkPlan, .planSettlement, .finishSettlement, .tick: []
    }
  }

  /// In whose name it acts; nil for what the daemon does by itself.
  package var actor: Actor? {
    switch self {
    case .openAccount, .deposit, .clickMany: .service
    case .updateAccount(let account, _), .setBudget(let account, _), .closeAccount(let account),
      .withdraw(.account(let account), _, _), .click(let account, _, _), .undoClick(let account, _, _),
      .openClicks(let account, _, _, _):
      .account(account)
    case .addThing(let thing): .account(thing.owner)
    case .updateThing(let thing, _, _, _), .retireThing(let thing), .reviveThing(let thing):
      .owner(of: thing)
    case .withdraw(.fees, _, _), .planSettlement: .operator
    case .checkPlan, .drainPots, .payOwners, .finishSettlement, .tick: nil
    }
  }

  /// The positions of many clicks in parts of at most `most`; nil for a command that is decided at once.
  package func parts(of most: Int) -> [Range<Int>]? {
    guard case .clickMany(let patrons, _, _, nil) = self, patrons.count > most else { return nil }
    return stride(from: 0, to: patrons.count, by: most).map { $0..<min($0 + most, patrons.count) }
  }

  /// One part of many clicks.
  ///
  /// - Parameter period: That of the parts before; nil for the first.
  package func part(_ positions: Range<Int>, in period: Period?) -> Command {
    guard case .clickMany(let patrons, let things, let asked, _) = self else { return self }
    return .clickMany(patrons: patrons, things: things, period ?? asked, positions: positions)
  }
}
