internal import Foundation
internal import MeceneTerminal

/// What a replay came to, for people and for machines.
struct ReplayReport {
  private struct Owner: Encodable {
    let label: String
    let micros: Int64
  }

  private struct Summary: Encodable {
    let months: [Replay.Month]
    let people: Int
    let things: Int
    let likes: Int
    let contradictions: Int
    let depositedMicros: Int64
    let givenMicros: Int64
    let topOwners: [Owner]
    let seconds: Double
  }

  private static let barWidth = 40
  private let summary: Summary

  init(
    _ likes: Likes, _ months: [Replay.Month], _ owners: [(label: String, micros: Int64)], seconds: Double,
    top: Int
  ) {
    summary = Summary(
      months: months, people: likes.people.count, things: likes.things.count, likes: likes.likes.count,
      contradictions: likes.contradictions, depositedMicros: months.reduce(0) { $0 + $1.depositedMicros },
      givenMicros: months.reduce(0) { $0 + $1.givenMicros },
      topOwners: owners.prefix(top).map { Owner(label: $0.label, micros: $0.micros) }, seconds: seconds)
  }

  func showJSON() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    Terminal.print(String(decoding: try encoder.encode(summary), as: UTF8.self))
  }

  func show() {
    Tables.show(
      [
        .text("month"), .number("patrons"), .number("owners"), .number("clicks"), .number("repeats"),
        .number("own things"), .number("refused"), .number("given"), .text("digest"),
      ],
      summary.months.map { month in
        [
          month.period, "\(month.patrons)", "\(month.owners)", "\(month.clicked)", "\(month.repeated)",
          "\(month.own)",
          "\(month.refused)", Amount.text(month.givenMicros), String(month.digest.prefix(16)) + "…",
        ]
      })
    showOwners()
    Tables.show([
      "months": "\(summary.months.count)", "people": "\(summary.people)", "things": "\(summary.things)",
      "likes": "\(summary.likes)", "clicks": "\(summary.months.reduce(0) { $0 + $1.clicked })",
      "given in all": Amount.text(summary.givenMicros), "took": String(format: "%.1f s", summary.seconds),
    ])
    if summary.contradictions > 0 {
      Terminal.note(
        "\(summary.contradictions) left out, because they name another owner of their thing than an earlier line"
      )
    }
  }

  private func showOwners() {
    guard let most = summary.topOwners.first?.micros, most > 0 else { return }
    Terminal.print("The best-paid owners, over all months")
    let width = summary.topOwners.map { Amount.text($0.micros).count }.max() ?? 0
    for owner in summary.topOwners {
      let amount = Amount.text(owner.micros)
      let bar = String(
        repeating: "#", count: max(1, Int(Double(owner.micros) / Double(most) * Double(Self.barWidth))))
      Terminal.print(
        String(repeating: " ", count: width - amount.count) + amount + "  "
          + bar.padding(toLength: Self.barWidth, withPad: " ", startingAt: 0) + "  " + owner.label.shown())
    }
    Terminal.print("")
  }
}
