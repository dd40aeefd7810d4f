internal import Foundation

/// What a terminal can show.
package enum TerminalSize {
  /// How many cells a line of the terminal behind a descriptor has; nil when there is no terminal, or it does not say.
  package static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard isatty(descriptor) == 1, unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
    else { return nil }
    return Int(size.ws_col)
  }

  /// Whether the terminal behind a descriptor understands more than lines: colours, and lines that are drawn anew.
  package static func isCapable(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }
}
