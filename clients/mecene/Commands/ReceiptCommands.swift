internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneLedger
internal import MeceneProof
internal import MeceneTerminal
internal import MeceneWire

/// Receipts: what a settlement did with one account's money, and the proof of it.
struct ReceiptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receipt",
    abstract: "Shows, saves and checks proofs of what a settlement did with one account.",
    subcommands: [Show.self, Save.self, Check.self])

  enum Role: String, ExpressibleByArgument, CaseIterable {
    case patron, owner

    var wire: ReceiptRole { self == .patron ? .patron : .owner }
  }

  /// Whose receipt, of which month.
  struct Asked: ParsableArguments {
    @Argument(help: "The account's name or number.") var account: AccountArgument
    @Option(help: "The settled month, such as 2026-11.") var period: String
    @Option(name: .customLong("as"), help: "What the account gave, or what it received.") var role = Role
      .patron
    @OptionGroup var connection: ConnectionOptions

    func fetch() async throws -> Receipt {
      try await connection.withClient { client, options in
        let response = try await client.settlementService.getReceipt(
          GetReceiptRequest(account: account.reference, period: period, role: role.wire), options: options)
        return response.receipt ?? Receipt()
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a receipt that the daemon makes, and shows it in words.")

    @OptionGroup var asked: Asked

    func run() async throws {
      let receipt = try await asked.fetch()
      let proof = try receipt.checked()
      asked.connection.show(receipt) { ReceiptCommand.show(proof) }
    }
  }

  struct Save: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a receipt that the daemon makes, and saves it as a file for later.",
      discussion:
        "The file is JSON; docs/economy.md tells how to check it with other means. It replaces no file.")

    @OptionGroup var asked: Asked
    @Option(help: "The file; receipt-ACCOUNT-MONTH-ROLE.json if left out.") var output: String?

    func run() async throws {
      let receipt = try await asked.fetch()
      _ = try receipt.checked()
      let file = output ?? "receipt-\(asked.account.text)-\(asked.period)-\(asked.role.rawValue).json"
      do {
        try Data((receipt.json + "\n").utf8).write(
          to: URL(fileURLWithPath: file), options: .withoutOverwriting)
      } catch {
        // Half a receipt would be in the way of the next attempt.
        if (error as? CocoaError)?.code != .fileWriteFileExists {
          try? FileManager.default.removeItem(atPath: file)
        }
        throw LocalFailure(sentence: "\(file) can't be made: \(Output.reason(of: error))")
      }
      Terminal.print("saved to \(file); its digest is \(receipt.digest.shown())")
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a saved receipt, without a daemon.",
      discussion: """
        Without --digest the receipt is only held against the digest that it names itself: compare that with the one \
        that the operator published. Exit status 1 when the receipt proves nothing.
        """)

    @Argument(help: "The file that `mecene receipt save` made.") var file: String
    @Option(help: "The digest that the operator published.") var digest: String?

    func run() throws {
      let receipt: Receipt
      do {
        receipt = try Receipt(json: JSONValue(parsing: InputFile.text(file)))
      } catch let error as JSONError {
        throw LocalFailure(sentence: "\(file) is no receipt: \(error)")
      }
      let proof = try receipt.checked()
      if let digest, [UInt8](hexadecimal: digest.lowercased())?.count != 32 {
        throw LocalFailure(sentence: "a digest is 64 hexadecimal digits; it was \(digest)", exitCode: 2)
      }
      if let digest, digest.lowercased() != receipt.digest {
        throw LocalFailure(
          sentence:
            "the receipt is of a settlement with the digest \(receipt.digest), not \(digest.lowercased())")
      }
      Terminal.print(Terminal.coloured(digest == nil ? "consistent" : "proved", .green))
      ReceiptCommand.show(proof)
      Terminal.print("digest   \(receipt.digest.shown())")
    }
  }

  fileprivate static func show(_ proof: ReceiptProof) {
    let period = "\(proof.header.period)"
    switch proof.leaf {
    case .patron(let leaf):
      Tables.show([
        "account": "number \(leaf.id), as a patron", "period": period, "pot": "\(leaf.pot)",
        "fee": "\(leaf.fee)",
        "clicks": "\(leaf.clicks.count)",
      ])
      if leaf.clicks.isEmpty { return Terminal.print("Nothing was clicked, so the pot went back.") }
      Tables.show(
        [.number("thing"), .number("owner"), .number("share")],
        leaf.clicks.map { ["\($0.thing)", "\($0.owner)", "\($0.share)"] })
    case .owner(let leaf):
      Tables.show([
        "account": "number \(leaf.id), as an owner", "period": period, "clicks": "\(leaf.clicks)",
        "revenue": "\(leaf.micros)",
      ])
    }
  }
}

extension Receipt {
  /// The proof that the receipt holds.
  ///
  /// - Throws: `LocalFailure` when it proves nothing.
  func checked() throws -> ReceiptProof {
    func refuse(_ what: String) -> LocalFailure {
      LocalFailure(sentence: "the receipt proves nothing: \(what)")
    }
    guard Int64(ruleVersion) == SettlementHeader.ruleVersion else {
      throw refuse("it follows version \(ruleVersion) of the rule, and this program knows version 1 alone")
    }
    guard let month = Period(parsing: period), month <= Period.last else {
      throw refuse("\(period) is no month")
    }
    func hash(_ text: String) throws -> [UInt8] {
      guard let bytes = [UInt8](hexadecimal: text), bytes.count == 32 else {
        throw refuse("a hash is 64 hexadecimal digits in lower case; one was \"\(text.prefix(80))\"")
      }
      return bytes
    }
    func number(_ value: UInt64) throws -> Int64 {
      guard let number = Int64(exactly: value) else { throw refuse("a number is \(value)") }
      return number
    }
    let header = SettlementHeader(
      period: month, feeBps: Int64(feeBps), pots: try number(pots), clicks: try number(clicks),
      owners: try number(owners), potsMicros: Micros(potsMicros), feesMicros: Micros(feesMicros),
      revenueMicros: Micros(revenueMicros))
    let account = AccountID(try number(accountID))
    let leaf: ReceiptProof.Leaf
    switch part {
    case .patron(let part):
      let clicks = try part.clicks.map { click in
        PatronLeaf.Click(
          thing: ThingID(try number(click.thingID)), owner: AccountID(try number(click.ownerID)),
          share: Micros(click.shareMicros))
      }
      leaf = .patron(
        PatronLeaf(id: account, pot: Micros(part.potMicros), fee: Micros(part.feeMicros), clicks: clicks))
    case .owner(let part):
      leaf = .owner(OwnerLeaf(id: account, clicks: try number(part.clicks), micros: Micros(part.micros)))
    case nil: throw refuse("it holds neither a patron's part nor an owner's")
    }
    let proof = ReceiptProof(
      header: header, leaf: leaf, blind: try hash(blind), index: leafIndex, path: try path.map(hash),
      otherRoot: try hash(otherRoot))
    guard let found = proof.digest, found == (try hash(digest)) else {
      throw refuse("its parts don't lead to its digest")
    }
    if let contradiction = proof.contradiction { throw refuse(contradiction) }
    return proof
  }
}
