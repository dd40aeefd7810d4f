import Testing

@testable import MeceneLedger

@Suite struct ValueTests {
  @Test(arguments: [
    (0, "0.00"), (1, "0.000001"), (10_000_000, "10.00"), (333_334, "0.333334"), (-500_000, "-0.50"),
    (1_230_000, "1.23"), (Int64.max, "9223372036854.775807"), (Int64.min, "-9223372036854.775808"),
  ])
  func `money is written and read without rounding`(micros: Int64, text: String) {
    #expect(Micros(micros).description == text)
    #expect(Micros(parsing: text) == Micros(micros))
  }

  @Test(arguments: ["", "1.", ".5", "1,5", "1.0000001", "1e3", "--1", "+1", "9223372036854.775808", " 1"])
  func `what is no amount is refused`(text: String) { #expect(Micros(parsing: text) == nil) }

  @Test func `periods follow the calendar`() {
    #expect(Period(parsing: "2026-11")?.number == 682)
    #expect(Period(number: 682).description == "2026-11")
    #expect(Period(number: 682).start.milliseconds == 1_793_491_200_000)
    #expect(Timestamp(milliseconds: 951_827_696_789).text == "2000-02-29T12:34:56.789Z")
    #expect(Timestamp(milliseconds: -1).text == "1969-12-31T23:59:59.999Z")
    // Whatever a client sends is shown, and ends nothing.
    for extreme in [Int64.min, .min + 1, .max] {
      #expect(Timestamp(milliseconds: extreme).text.hasSuffix("Z"))
    }
    for number in 0..<4_096 {
      let period = Period(number: number)
      #expect(period.start.period == period)
      #expect(Timestamp(milliseconds: period.next.start.milliseconds - 1).period == period)
      #expect(Period(parsing: period.description) == period)
    }
  }

  @Test(arguments: ["2026-13", "2026-00", "2026-1", "26-11", "2026/11", "+026-11", "2026-+1", ""])
  func `what is no period is refused`(text: String) { #expect(Period(parsing: text) == nil) }

  @Test(arguments: [
    ("HTTP://Example.COM:80", "http://example.com/"),
    ("https://example.com:443/a/./b/../c#frag", "https://example.com/a/c"),
    ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
    ("https://example.com/é", "https://example.com/%C3%A9"),
    ("https://example.com/a?utm_source=x&b=1&fbclid=2&GCLID=3", "https://example.com/a?b=1"),
    ("https://example.com/?utm_source=x", "https://example.com/"),
    ("http://example.com:8080/../..", "http://example.com:8080/"), ("http://[::1]/x", "http://[::1]/x"),
    ("  https://example.com/a b".replacing(" b", with: ""), "https://example.com/a"),
    ("https://example.com/a/", "https://example.com/a/"), ("https://e.org/%2F", "https://e.org/%2F"),
    ("https://example.org./song", "https://example.org/song"),
    ("https://a_b.xn--mnchen-3ya.example", "https://a_b.xn--mnchen-3ya.example/"),
    ("https://[0:0:0:0:0:0:0:1]:443/", "https://[::1]/"), ("https://[::]/", "https://[::]/"),
    ("https://[2001:DB8:0:0:1:0:0:1]/", "https://[2001:db8::1:0:0:1]/"),
    ("https://[2001:db8:0:1:1:1:1:1]/", "https://[2001:db8:0:1:1:1:1:1]/"),
    ("https://[::ffff:192.0.2.1]:8080/", "https://[::ffff:c000:201]:8080/"),
    ("https://127.0.0.1:443/a", "https://127.0.0.1/a"), ("https://1.example/", "https://1.example/"),
    ("https://xn--wgv71a.jp/", "https://xn--wgv71a.jp/"),
    ("https://xn--strae-oqa.de/", "https://xn--strae-oqa.de/"),
    ("https://[1:0:0:2:0:0:0:3]/", "https://[1:0:0:2::3]/"), ("https://[1::]/", "https://[1::]/"),
  ])
  func `spellings of a URL become one`(text: String, canonical: String) throws {
    #expect(try CanonicalURL(text).text == canonical)
    #expect(try CanonicalURL(canonical).text == canonical)
  }

  @Test func `http and https are the same thing`() throws {
    #expect(try CanonicalURL("http://a.org/x").identity == CanonicalURL("https://A.org/x").identity)
    #expect(try CanonicalURL("http://a.org/x").identity != CanonicalURL("http://a.org/X").identity)
  }

  @Test(arguments: [
    "", "example.com", "ftp://a.org/", "https://", "https://a b/", "https://u:p@a.org/",
    "https://a.org:99999/",
    "https://a.org/%zz", "https://a.org/a b", "https://é.org/", "javascript:alert(1)",
    "https://a.org/" + String(repeating: "x", count: 2_048), "https://a..b/", "https://./", "https://.a/",
    "https://[:::::::]/", "https://[1:2]/", "https://[1::2::3]/", "https://[1:2:3:4:5:6:7:8:9]/",
    "https://[1:2:3:4:5:6:7:8::]/", "https://[12345::]/", "https://[::1.2.3]/", "https://[::256.1.1.1]/",
    "https://1.1/", "https://127.1/", "https://0x7f.1/", "https://2130706433/", "https://127.0.0.01/",
    "https://256.256.256.256/", "https://1.2.3.4.5/", "https://a.0x1f/", "https://xn--a.org/",
    "https://xn--0.org/",
    "https://xn--99999999.org/", "https://xn---abc.org/", "https://xn--zvg.org/",
    "https://[1.2.3.4::]/", "https://[-1::]/", "https://[]/", "https://[::1", "https://xn--/", "https://a~b/",
    "https://\(String(repeating: "a", count: 64)).org/",
    "https://" + Array(repeating: String(repeating: "a", count: 63), count: 4).joined(separator: ".") + "/",
    "https://a.org/" + String(repeating: "é", count: 1_000),
  ])
  func `what can't be a thing's URL is refused`(text: String) {
    #expect(throws: Refusal.self) { try CanonicalURL(text) }
  }

  @Test func `a URL that is taken can be named as it is shown`() throws {
    // What is dropped does not count, and what is written out does.
    let long =
      "https://a.org/" + String(repeating: "é", count: 339) + "?utm_source="
      + String(repeating: "x", count: 3_000)
    let url = try CanonicalURL(long)
    #expect(url.text.utf8.count == 2_048)
    #expect(try CanonicalURL(url.text) == url)
    // What an earlier version took is found all the same.
    let older = "https://a.org/" + String(repeating: "é", count: 1_000)
    #expect(throws: Refusal.self) { try CanonicalURL(older) }
    #expect(try CanonicalURL(older, isNew: false).text.utf8.count == 6_014)
  }

  @Test(arguments: [
    ("abc", true), ("a-_9", true), ("ab", false), ("9ab", false), ("Abc", false), ("a b", false),
  ])
  func `names keep to their rule`(text: String, isValid: Bool) {
    #expect(((try? AccountName(text)) != nil) == isValid)
    #expect((try? AccountName(String(repeating: "a", count: 32))) != nil)
    #expect((try? AccountName(String(repeating: "a", count: 33))) == nil)
  }

  @Test func `texts are trimmed and their limit is named`() throws {
    #expect(try PlainText("  Anna \n", field: "title", charactersMax: 10).text == "Anna")
    let refusal = #expect(throws: Refusal.self) { try PlainText("abcd", field: "title", charactersMax: 3) }
    #expect(refusal?.sentence == "title has at most 3 characters; it had 4")
    for steering in ["\u{7}", "\u{85}", "\u{2028}", "\u{202e}", "\u{2066}", "\n"] {
      let refusal = #expect(throws: Refusal.self) {
        try PlainText("a\(steering)b", field: "title", charactersMax: 9)
      }
      #expect(refusal?.sentence.contains("it held U+") == true)
    }
    // What scripts and emoji are written with.
    for text in ["a\u{200d}b", "\u{5d0}\u{200e}1", "👩‍👧", "a\u{301}"] {
      #expect(try PlainText(text, field: "title", charactersMax: 9).text == text)
    }
  }

  @Test func `a time is read as it is written, and only if it exists`() {
    for time in [0, 951_782_400_000, 1_793_491_200_001, 4_102_444_799_999] as [Int64] {
      #expect(Timestamp(parsing: Timestamp(milliseconds: time).text)?.milliseconds == time)
    }
    #expect(Timestamp(parsing: "2026-11-01")?.milliseconds == 1_793_491_200_000)
    #expect(Timestamp(parsing: "2024-02-29T23:59:59.5Z")?.milliseconds == 1_709_251_199_500)
    for text in [
      "", "2026", "2026-11-31", "2026-02-29", "2026-13-01", "2026-00-10", "1969-12-31", "2026-11-01T",
      "2026-11-01T24:00:00Z", "2026-11-01T00:60:00Z", "2026-11-01T00:00:60Z", "2026-11-01T00:00:00",
      "2026-11-01T00:00:00.1234Z", "2026-11-01T00:00:00.Z", "2026-11-1", "+026-11-01", "2026-11-01T00:00Z",
    ] { #expect(Timestamp(parsing: text) == nil, "\(text)") }
  }
}
