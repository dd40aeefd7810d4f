import Testing

@testable import MeceneLedger
@testable import MeceneWire

@Suite struct ReasonTests {
  @Test func `every reason has a name, a status code and a number of its own`() {
    for reason in Reason.allCases where reason != .unspecified {
      #expect(reason.name?.hasPrefix("REASON_") == true)
      #expect(reason.status != nil && reason.status != .ok)
    }
    #expect(Set(Reason.allCases.map(\.rawValue)).count == Reason.allCases.count)
  }

  @Test func `the ledger's reasons are the contract's`() {
    for reason in Refusal.Reason.allCases {
      let name = Reason(rawValue: reason.rawValue).description.replacing("_", with: "").lowercased()
      #expect(name == "\(reason)".lowercased())
    }
  }
}
