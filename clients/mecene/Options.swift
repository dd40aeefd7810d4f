internal import ArgumentParser
internal import Foundation
internal import MeceneClient
internal import MeceneLedger
internal import MeceneWire

/// Where the daemon is and how answers are shown: options of every verb.
struct ConnectionOptions: ParsableArguments {
  @Option(help: "The daemon's address: tcp://HOST:PORT or unix:PATH. Or set MECENE_SERVER.")
  var server: String?

  @Option(help: "Seconds that the call may take. Default: 10; an hour for what takes long.")
  var timeout: Double?

  @Flag(help: "Show the answer as JSON (proto3's mapping: 64-bit numbers are strings).")
  var json = false

  func validate() throws {
    if let timeout, !(timeout > 0 && timeout <= 86_400) {
      throw ValidationError("--timeout is above 0 and at most 86400 seconds; it was \(timeout)")
    }
  }

  /// Whether a daemon was named, here or by MECENE_SERVER.
  var names: Bool { server != nil || Self.serverFromEnvironment != nil }

  private static var serverFromEnvironment: String? {
    ProcessInfo.processInfo.environment["MECENE_SERVER"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Opens a client for one verb.
  func withClient<Result>(
    seconds: Double = 10, _ body: (MeceneClient, CallOptions) async throws -> Result
  ) async throws -> Result {
    let address =
      server ?? Self.serverFromEnvironment ?? MeceneClient.defaultAddress
    let client: MeceneClient
    do {
      client = try MeceneClient(address: address)
    } catch {
      throw LocalFailure(sentence: "\(error)", exitCode: 2)
    }
    let options = CallOptions(timeout: .milliseconds(Int64((timeout ?? seconds) * 1_000)))
    do {
      let result = try await body(client, options)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  /// Prints a message as JSON when asked to, and in words otherwise.
  func show(_ message: some Message, words: () -> Void) {
    if json { Terminal.print(message.json(writingEmpty: true)) } else { words() }
  }
}

/// Which part of a list is shown.
struct PageOptions: ParsableArguments {
  @Flag(help: "Show all, not one page.")
  var all = false

  @Option(help: "How many on one page; 100 if left out, and 1000 at the most.")
  var pageSize: Int32?

  @Option(name: .customLong("page-token"), help: "Where to go on, as the page before said.")
  var token: String?

  /// As requests write them.
  var size: Int32 { pageSize ?? 0 }
  var pageToken: String { token ?? "" }

  /// The first page, or all of them joined by `join`; of each what `keep` leaves.
  func fetch<Request: PagedRequest, Page: PagedResponse>(
    _ request: Request, _ pages: (Request) -> PageSequence<Page>, keep: (inout Page) -> Void = { _ in },
    join: (inout Page, Page) -> Void
  ) async throws -> Page {
    var result: Page?
    for try await fetched in pages(request) {
      var page = fetched
      keep(&page)
      if var joined = result {
        join(&joined, page)
        result = joined
      } else {
        result = page
      }
      if !all { break }
    }
    return result ?? Page()
  }

  /// Says how to see more.
  func hint(_ nextPageToken: String) {
    if !nextPageToken.isEmpty { Terminal.note("more: --page-token \(nextPageToken), or --all") }
  }
}

/// What a verb does when no month is named.
protocol DefaultPeriod: Sendable {
  static var words: String { get }
}

enum OpenPeriod: DefaultPeriod { static let words = "the open one" }
enum NewestSettledPeriod: DefaultPeriod { static let words = "the newest settled one" }
enum AllPeriods: DefaultPeriod { static let words = "all" }

/// The month that is meant.
struct PeriodOption<Default: DefaultPeriod>: ParsableArguments {
  @Option(help: "The month, such as 2026-11. If left out: \(Default.words).")
  var period: String?

  /// As requests write it.
  var text: String { period ?? "" }
}

/// The number that a text is, as the daemon writes it: neither +1 nor 0001.
private func number(_ text: String) -> UInt64? { UInt64(text).flatMap { "\($0)" == text ? $0 : nil } }

/// An account by name or number.
struct AccountArgument: ExpressibleByArgument {
  let reference: MeceneWire.AccountReference
  let text: String

  init?(argument: String) {
    text = argument
    reference = number(argument).map { .id($0) } ?? .name(argument)
  }
}

/// A thing by URL or number.
struct ThingArgument: ExpressibleByArgument {
  let reference: MeceneWire.ThingReference
  let text: String

  init?(argument: String) {
    text = argument
    reference = number(argument).map { .id($0) } ?? .url(argument.withPlainHost)
  }
}

/// An amount such as 10 or 10.50.
struct Amount: Sendable {
  let micros: Int64

  /// Reads an amount as it is typed.
  static func parse(_ text: String) throws -> Amount {
    if text.utf8.count > 13, text.wholeMatch(of: /[0-9]+(\.[0-9]{1,6})?/) != nil, Micros(parsing: text) == nil
    {
      throw ValidationError("An amount is at most \(Micros(.max)); it was \(text).")
    }
    guard let micros = Micros(parsing: text), micros >= .zero else {
      throw ValidationError(
        "An amount is written like 10 or 10.50, with up to six decimals; it was \"\(text)\".")
    }
    return Amount(micros: micros.rawValue)
  }

  /// How an amount is shown: `10.00`.
  static func text(_ micros: Int64) -> String { Micros(micros).description }
}
