import Testing

@testable import MeceneLedger

/// What commands say of themselves.
@Suite struct CommandTests {
  private static let anna = AccountReference.id(AccountID(1))
  private static let bert = AccountReference.name("bert", Fingerprint(high: 1, low: 2))
  private static let song = ThingReference.id(ThingID(7))

  private struct Case {
    let command: Command
    var footprint: [Command.Need] = []
    var actor: Command.Actor?
    var key: String?
    var clicks = 0
    var isRead = false
  }

  private func cases() throws -> [Case] {
    let (anna, bert, song) = (Self.anna, Self.bert, Self.song)
    let key = try RequestKey("k")
    let text = try PlainText("", field: "text", charactersMax: 1)
    let url = try CanonicalURL("https://example.org/")
    let print = Fingerprint(high: 3, low: 4)
    let pair: [Command.Need] = [.account(anna), .thing(song), .click(anna, song)]
    return [
      Case(
        command: .openAccount(
          name: try AccountName("carl"), fingerprint: print, displayName: text, budget: .zero),
        footprint: [.account(.name("carl", print))], actor: .service),
      Case(
        command: .updateAccount(bert, displayName: nil), footprint: [.account(bert)], actor: .account(bert)),
      Case(command: .setBudget(anna, .zero), footprint: [.account(anna)], actor: .account(anna)),
      Case(command: .closeAccount(anna), footprint: [.account(anna)], actor: .account(anna)),
      Case(
        command: .deposit(anna, Micros(1), key), footprint: [.account(anna), .key(.account(anna), key)],
        actor: .service, key: "k"),
      Case(
        command: .withdraw(.account(anna), Micros(1), key),
        footprint: [.account(anna), .key(.account(anna), key)], actor: .account(anna), key: "k"),
      Case(
        command: .withdraw(.fees, Micros(1), key), footprint: [.key(.fees, key)], actor: .operator, key: "k"),
      Case(
        command: .addThing(
          NewThing(
            owner: anna, url: url, fingerprint: print, title: text, description: text, hidden: false)),
        footprint: [.account(anna), .thing(.url(url.text, print))], actor: .account(anna)),
      Case(command: .retireThing(song), footprint: [.thing(song)], actor: .owner(of: song)),
      Case(command: .reviveThing(song), footprint: [.thing(song)], actor: .owner(of: song)),
      Case(command: .click(anna, song, nil), footprint: pair, actor: .account(anna), clicks: 1),
      Case(command: .undoClick(anna, song, nil), footprint: pair, actor: .account(anna), clicks: 1),
      Case(
        command: .clickMany(patrons: [1, 1], things: [7, 7], nil), footprint: pair + pair, actor: .service,
        clicks: 2),
      Case(
        command: .clickMany(patrons: [9, 1], things: [9, 7], nil, positions: 1..<2), footprint: pair,
        actor: .service, clicks: 1),
      Case(
        command: .openClicks(anna, nil, after: nil, limit: 9), footprint: [.account(anna)],
        actor: .account(anna), isRead: true),
      Case(command: .tick),
    ]
  }

  @Test func `a command says whose it is, what it needs and what it is`() throws {
    for one in try cases() {
      #expect(one.command.footprint == one.footprint, "\(one.command)")
      #expect(one.command.actor == one.actor, "\(one.command)")
      #expect(one.command.key?.key.text == one.key, "\(one.command)")
      #expect(one.command.clickCount == one.clicks, "\(one.command)")
      #expect(one.command.isRead == one.isRead, "\(one.command)")
    }
  }

  @Test func `the parts of many clicks are all of them, in their order`() {
    let ids = (1...10).map { UInt64($0) }
    let command = Command.clickMany(patrons: ids, things: ids, nil)
    #expect(command.parts(of: 10) == nil)
    #expect(command.parts(of: 4) == [0..<4, 4..<8, 8..<10])
    let period = Period(number: 682)
    guard case .clickMany(let patrons, _, period, let positions) = command.part(4..<8, in: period) else {
      Issue.record("a part is another command")
      return
    }
    #expect(patrons == ids && positions == 4..<8)
  }
}
