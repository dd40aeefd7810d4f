internal import Foundation

/// Signals that a source watches.
package enum Signals {
  /// Keeps signals pending, on this thread and on all that begin from now on, until a source takes them. Ignoring them would forget
  /// what came before: a parent may have had them blocked.
  package static func hold(_ numbers: [Int32]) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in numbers { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }
}
