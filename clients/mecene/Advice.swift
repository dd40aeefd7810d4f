internal import MeceneClient
internal import MeceneTerminal
internal import MeceneWire

/// What to try next after an error.
enum Advice {
  /// The error in one sentence, with the next thing to try.
  static func sentence(_ error: MeceneError) -> String {
    let sentence = "\(error)".shown()
    if error.reason == .connectFailed, error.cause == "Permission denied" {
      return "\(sentence); the socket is another user's, and you may not open it"
    }
    guard let next = next(error.reason) else { return sentence }
    return "\(sentence); \(next)"
  }

  private static func next(_ reason: Reason) -> String? {
    switch reason {
    case .accountNotFound: "`mecene account list` shows the accounts"
    case .thingNotFound: "`mecene thing list` shows the things"
    case .patronInactive, .ownerInactive: "`mecene budget` and `mecene deposit` make an account active"
    case .belowMinimum: "`mecene status` shows the minimum"
    case .periodClosed, .periodNotFound: "`mecene status` shows the open period"
    case .receiptNotFound: "--as patron or --as owner names the other part"
    case .insufficientFunds:
      "`mecene account show` tells what is available, `mecene status` what fees there are"
    case .nameTaken: "choose another name"
    case .keyReused: "leave --key out to have a new one made"
    case .periodOpen, .earlierPeriodUnsettled, .settlementNotFound:
      "`mecene settlements` shows what is settled"
    case .connectFailed: "start one with `mecened`, or name its address with --server"
    case .deadlineExceeded: "try again, or allow more time with --timeout"
    case .diskFull: "make room on the daemon's disk"
    case .diskFailing: "look at the daemon's log and its disk"
    default: nil
    }
  }
}
