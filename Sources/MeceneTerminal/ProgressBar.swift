internal import Foundation

/// A bar on standard error that grows; nothing when that is no terminal.
package final class ProgressBar {
  private static let width = 30
  private let isShown: Bool
  private var isThere = false

  package init() { isShown = TerminalSize.isCapable(STDERR_FILENO) }

  /// Draws the bar anew.
  ///
  /// - Parameter total: 0 = not known.
  package func show(_ stage: String, _ done: UInt64, of total: UInt64) {
    guard isShown else { return }
    let part = total == 0 ? 0 : min(1, Double(done) / Double(total))
    let filled = Int(part * Double(Self.width))
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.width - filled)
    let count = total == 0 ? "" : " \(done)/\(total)"
    // A line that breaks can't be drawn anew.
    let columns = TerminalSize.columns(of: STDERR_FILENO) ?? .max
    Output.note("\r\u{1b}[K\("[\(bar)] \(stage.shown())\(count)".cut(to: columns - 1))")
    isThere = true
  }

  /// Takes away whatever bar is there, for a program that ends.
  package static func leave() {
    if TerminalSize.isCapable(STDERR_FILENO) { Output.note("\r\u{1b}[K") }
  }

  /// Takes the bar away.
  package func clear() {
    if isThere { Output.note("\r\u{1b}[K") }
    isThere = false
  }
}
