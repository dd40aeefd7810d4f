import MeceneTransport
import Testing

@Suite struct AddressTests {
  @Test(arguments: [
    ("tcp://127.0.0.1:7437", Address.tcp(host: "127.0.0.1", port: 7437)),
    ("tcp://localhost", .tcp(host: "localhost", port: 7437)), ("tcp://[::1]:1", .tcp(host: "::1", port: 1)),
    ("unix:/run/m.sock", .unix(path: "/run/m.sock")), ("unix:///run/m.sock", .unix(path: "/run/m.sock")),
    ("unix:m.sock", .unix(path: "m.sock")),
  ])
  func `an address is read and written`(text: String, address: Address) throws {
    #expect(try Address(parsing: text) == address)
    #expect(try Address(parsing: address.description) == address)
  }

  @Test(arguments: [
    "", "127.0.0.1:7437", "http://a", "tcp://", "tcp://a:b", "tcp://a:70000", "tcp://a:+1", "tcp://[::1",
    "unix:",
    "unix:/" + String(repeating: "x", count: 200),
  ])
  func `what is no address is refused with a sentence`(text: String) {
    let error = #expect(throws: AddressError.self) { try Address(parsing: text) }
    #expect(error?.description.contains(" ") == true)
  }
}
