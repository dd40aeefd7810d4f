import MeceneTerminal
import Testing

@Suite struct TextTests {
  @Test(
    arguments: [
      ("", 0), ("anna", 4), ("Ünïcode é", 9), ("e\u{301}", 1), ("田中さん", 8), ("🎸", 2), ("👩‍👩‍👧‍👦 family", 9),
      ("🇫🇷", 2),
      ("❤️", 2), ("ﾊﾝｶｸ", 4), ("한국", 4),
    ])
  func `a text is as wide as a terminal shows it`(text: String, width: Int) {
    #expect(text.displayWidth == width)
  }

  @Test(
    arguments: [
      ("clikc", "click"), ("clck", "click"), ("MECENE_FEEBPS", "MECENE_FEE_BPS"), ("frobnicate", nil),
      ("", nil),
      ("statmenet", "statement"),
    ] as [(String, String?)])
  func `a misspelt word has one that is near, and others have none`(word: String, expected: String?) {
    #expect(["click", "clicks", "statement", "MECENE_FEE_BPS"].nearest(to: word) == expected)
  }
}
