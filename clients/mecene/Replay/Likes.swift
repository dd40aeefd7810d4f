internal import MeceneLedger

/// Dated likes as a file tells them, under labels of its own: who liked what of whom, when.
struct Likes {
  struct Like: Sendable {
    /// At the day's first instant.
    let day: Timestamp
    /// Positions in `people` and `things`.
    let patron: Int
    let thing: Int
  }

  /// Labels of patrons and owners, in the order in which they first appear.
  private(set) var people: [String] = []
  /// Things' labels with their owners.
  private(set) var things: [(label: String, owner: Int)] = []
  /// A URL that the ledger takes for each thing: its label, if that can be one and no other label spells the same.
  private(set) var urls: [String] = []
  /// In the order of days.
  private(set) var likes: [Like] = []
  /// Lines that name another owner for a thing than an earlier line did.
  private(set) var contradictions = 0

  /// Reads a file with the columns day, patron, thing and owner.
  init(_ path: String) throws {
    let file = try CSVFile(path, needs: ["day", "patron", "thing", "owner"], takes: nil)
    var peopleOf: [ExactText: Int] = [:]
    var thingsOf: [ExactText: Int] = [:]
    func person(_ label: String) -> Int {
      if let known = peopleOf[ExactText(label)] { return known }
      peopleOf[ExactText(label)] = people.count
      people.append(label)
      return people.count - 1
    }
    for row in file.rows {
      guard let day = Timestamp(parsing: row["day"]), day.text.hasSuffix("T00:00:00.000Z") else {
        throw LocalFailure(
          sentence:
            "\(file.name) line \(row.line): a day is written like 2026-11-24, and exists, from 1970 on; "
            + "it was \"\(row["day"])\"")
      }
      guard day.period < Period.last else {
        throw LocalFailure(
          sentence:
            "\(file.name) line \(row.line): the last month is \(Period.last); it was \"\(row["day"])\"")
      }
      guard !row["patron"].isEmpty, !row["thing"].isEmpty, !row["owner"].isEmpty else {
        throw LocalFailure(
          sentence: "\(file.name) line \(row.line): patron, thing and owner have to be named")
      }
      let (patron, owner) = (person(row["patron"]), person(row["owner"]))
      let thing = thingsOf[ExactText(row["thing"]), default: things.count]
      if thing == things.count {
        thingsOf[ExactText(row["thing"])] = thing
        things.append((row["thing"], owner))
      } else if things[thing].owner != owner {
        contradictions += 1
        continue
      }
      likes.append(Like(day: day, patron: patron, thing: thing))
    }
    guard !likes.isEmpty else { throw LocalFailure(sentence: "\(file.name) holds no likes") }
    likes.sort { $0.day < $1.day }
    urls = Self.urls(of: things.map(\.label))
  }

  /// Likes month by month, the oldest first; months without likes between them are there too.
  var months: [(period: Period, likes: ArraySlice<Like>)] {
    var months: [(period: Period, likes: ArraySlice<Like>)] = []
    var start = likes.startIndex
    while start < likes.endIndex {
      let period = months.last?.period.next ?? likes[start].day.period
      let end = likes[start...].firstIndex { $0.day.period > period } ?? likes.endIndex
      months.append((period, likes[start..<end]))
      start = end
    }
    return months
  }

  /// A name that the ledger takes: the label itself, if it can be one.
  static func accountName(_ label: String, number: Int) -> String {
    // A label that looks like what stands in for others is replaced too, so that no two names are one.
    (try? AccountName(label)) == nil || label.hasPrefix("person_") ? "person_\(number + 1)" : label
  }

  /// A label as the ledger takes it for a text: cut to a number of characters, with blanks for what it refuses.
  static func text(_ label: String, _ charactersMax: Int) -> String {
    let scalars = label.unicodeScalars.prefix(charactersMax).map { scalar in
      PlainText.steers(scalar) ? " " : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }

  private static func urls(of labels: [String]) -> [String] {
    var taken: Set<String> = []
    return labels.enumerated().map { number, label in
      let madeUp = "https://replay.example/thing/\(number + 1)"
      guard let url = try? CanonicalURL(label), taken.insert(url.identity).inserted else { return madeUp }
      return label
    }
  }
}
