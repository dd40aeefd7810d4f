import MeceneWire
import Testing

@Suite struct JSONTests {
  @Test func `JSON is proto3's mapping`() throws {
    let thing = Thing(id: 1, url: "a\"\\\n\u{1}é", hidden: true, addedAtMs: -5)
    #expect(thing.json == #"{"id":"1","url":"a\"\\\n\u0001é","hidden":true,"addedAtMs":"-5"}"#)
    #expect(try Thing(json: JSONValue(parsing: thing.json)) == thing)
    #expect(ClickRequest(patron: .name("a")).json == #"{"patron":{"name":"a"}}"#)
    #expect(WithdrawRequest(source: .fees(false)).json == #"{"fees":false}"#)
    #expect(Failure(reason: .ownThing).json == #"{"reason":"REASON_OWN_THING"}"#)
    #expect(Metadata(key: "k", value: [1, 2, 255]).json == #"{"key":"k","value":"AQL/"}"#)
  }

  @Test func `JSON is read in every form that proto3 allows`() throws {
    let forms = [
      #"{"amountMicros":"5","key":"k"}"#, #"{"amount_micros":5,"key":"k"}"#,
      #"{"amountMicros":5.0,"key":"k","account":null}"#,
    ]
    for form in forms {
      #expect(
        try DepositRequest(json: JSONValue(parsing: form)) == DepositRequest(amountMicros: 5, key: "k"))
    }
    #expect(try Failure(json: JSONValue(parsing: #"{"reason":7}"#)).reason == .ownThing)
    #expect(try Metadata(json: JSONValue(parsing: #"{"value":"AQL_"}"#)).value == [1, 2, 255])
    #expect(try GetAccountRequest(json: JSONValue(parsing: "{}")) == GetAccountRequest())
    // Equal names in different objects, and strings that look like members.
    let nested = #"{"a":{"a":["a","a",{"a":"\"a\":1,\"a\":2"},{"a":{}}],"b":{}},"b":["{","a"]}"#
    #expect(throws: Never.self) { try JSONValue(parsing: nested) }
  }

  @Test(arguments: [
    (#"{"frob":1}"#, "the JSON field frob does not exist"),
    (
      #"{"account":{"id":"x"}}"#,
      "the JSON field account.id is not a whole number from 0 to 18446744073709551615"
    ),
    (#"{"account":5}"#, "the JSON field account is not an object"), ("[1", "the JSON is not valid JSON"),
    (
      #"{"account":{"id":1}, "\u0061ccount" : {"id":2}}"#,
      #"the JSON has the member "account" twice in one object"#
    ),
    (
      #"{"account":{"id":1,"name":"a\"b","id":1}}"#, #"the JSON has the member "id" twice in one object"#
    ),
  ])
  func `what is wrong in JSON is named`(text: String, sentence: String) {
    let error = #expect(throws: JSONError.self) { try GetAccountRequest(json: JSONValue(parsing: text)) }
    #expect(error?.description == sentence)
  }

  @Test func `what steers a terminal is written as an escape, and read back`() throws {
    let thing = Thing(title: "a\u{1b}\u{9b}b\u{202e}\u{2028}é\u{7f}")
    #expect(thing.json == #"{"title":"a\u001b\u009bb\u202e\u2028é\u007f"}"#)
    #expect(try Thing(json: JSONValue(parsing: thing.json)) == thing)
  }
}
