import Glibc
import MeceneProof
import TestSupport
import Testing

@testable import MeceneLedger
@testable import MeceneStore

/// Reads through a mapping of a file that grows and is written beside them.
@Suite struct BookReaderTests {
  private let directory: TemporaryDirectory
  private let book: BookFile
  private let writer: BookWriter

  init() throws {
    directory = try TemporaryDirectory()
    book = try BookFile(
      path: directory.path + "/mecene.sqlite",
      identity: BookFile.Identity(
        currency: "EUR", createdAt: november, isSimulated: true))
    writer = try book.makeWriter()
    var ledger = Ledger(currency: "EUR", terms: Terms(), at: november)
    _ = try writer.load(terms: Terms())
    ledger.advance(to: november)
    try commit(1) {
      ledger.takeEffects() + [
        .accountOpened(
          AccountID(1), name: "owner", zeroKey.fingerprint(of: "owner"), displayName: "", budget: .zero)
      ]
    }
  }

  private func commit(_ sequence: Int64, _ effects: () throws -> [Effect]) throws {
    try writer.begin(sequence: sequence, time: november)
    try writer.append(effects())
    try writer.commit(writer.seal(after: []))
  }

  private static let thingsPerCommit: Int64 = 20

  /// A commit of things with long descriptions, which follow from their ids; some of them are changed in the next.
  private func commitThings(_ sequence: Int64) throws {
    let first = (sequence - 2) * Self.thingsPerCommit + 1
    var effects: [Effect] = []
    for id in first..<first + Self.thingsPerCommit {
      let url = try CanonicalURL("https://example.org/\(id)")
      let thing = NewThing(
        owner: .id(AccountID(1)), url: url, fingerprint: zeroKey.fingerprint(of: url.identity),
        title: try PlainText("thing \(id)", field: "title", charactersMax: 50),
        description: try PlainText(Self.description(id), field: "description", charactersMax: 2_000),
        hidden: false)
      effects.append(.thingAdded(ThingID(id), owner: AccountID(1), thing))
      let earlier = id - Self.thingsPerCommit
      guard earlier > 0, earlier % 7 == 0 else { continue }
      // Numbers that no other change takes.
      let change = ThingChange(title: "changed \(earlier)", description: nil, hidden: nil, retired: nil)
      effects.append(.thingChanged(id: -id, ThingID(earlier), change))
    }
    try commit(sequence) { effects }
  }

  private static func description(_ id: Int64) -> String { String(repeating: "\(id).", count: 300) }

  private func check(_ snapshot: BookSnapshot, through sequence: Int64) throws {
    let last = (sequence - 1) * Self.thingsPerCommit
    #expect(try snapshot.status().things == Int(last))
    for id in stride(from: last, to: 0, by: -37) {
      let thing = try snapshot.thing(.id(ThingID(id)))
      let isChanged = id % 7 == 0 && id <= last - Self.thingsPerCommit
      #expect(thing.title == (isChanged ? "changed \(id)" : "thing \(id)"))
      #expect(thing.description == Self.description(id))
    }
  }

  @Test(arguments: [0, 1 << 20, 1 << 40] as [Int64])
  func `a mapped file is read as it was at one commit, however it grew since`(growthMax: Int64) throws {
    let reader = try BookReader(book, growthMax: growthMax)
    for sequence in 2...150 as ClosedRange<Int64> {
      try reader.read { snapshot in
        if sequence > 2 { try check(snapshot, through: sequence - 1) }
        try commitThings(sequence)
        if sequence % 3 == 0 { try writer.checkpoint() }
        if sequence > 2 { try check(snapshot, through: sequence - 1) }
      }
      if sequence % 3 == 1 { try writer.checkpoint() }
    }
    #expect(book.sizes().database > 4 << 20)
    try book.read { try check($0, through: 150) }
  }

  @Test func `what many things are called is what each is called, up to a number of bytes`() throws {
    for sequence in 2...6 as ClosedRange<Int64> { try commitThings(sequence) }
    try book.read { snapshot in
      let ids = stride(from: 1 as Int64, to: 100, by: 3).map(ThingID.init)
      let single = try ids.map { id in
        let thing = try snapshot.thing(.id(id))
        return ThingLabel(id: id, url: thing.url, title: thing.title, ownerName: thing.ownerName)
      }
      #expect(try snapshot.labels(of: ids, bytesMax: .max) == single)
      #expect(try snapshot.labels(of: [], bytesMax: 0).isEmpty)
      let bytes = single.prefix(5).map { $0.url.utf8.count + $0.title.utf8.count + $0.ownerName.utf8.count }
      // The one that goes beyond is there too.
      #expect(try snapshot.labels(of: ids, bytesMax: bytes.reduce(0, +)) == Array(single.prefix(6)))
      #expect(try snapshot.labels(of: ids, bytesMax: 0) == [single[0]])
      for stranger in [ThingID(0), ThingID(101)] {
        let asked = (ids + [stranger]).sorted { $0.rawValue < $1.rawValue }
        #expect(throws: Refusal.thingNotFound(.id(stranger))) {
          try snapshot.labels(of: asked, bytesMax: .max)
        }
      }
    }
  }

  @Test func `a read that fails leaves no snapshot behind`() throws {
    let reader = try book.makeReader()
    #expect(throws: Refusal.self) { try reader.read { _ = try $0.thing(.id(ThingID(1))) } }
    try commitThings(2)
    try reader.read { try check($0, through: 2) }
    #expect(try writer.checkpoint().moved > 0)
  }

  @Test func `a file that was cut short is damage, and not the end of the process`() throws {
    let reader = try book.makeReader()
    for sequence in 2...40 as ClosedRange<Int64> { try commitThings(sequence) }
    try writer.checkpoint()
    try reader.read { try check($0, through: 40) }
    #expect(truncate(directory.path + "/mecene.sqlite", 8_192) == 0)
    #expect(throws: StoreError.self) { try reader.read { try check($0, through: 40) } }
  }

  @Test func `a reader outlives nothing that it needs`() throws {
    for _ in 0..<50 { try book.makeReader().read { _ = try $0.openPeriod() } }
  }
}
