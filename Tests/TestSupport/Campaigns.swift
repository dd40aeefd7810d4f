import Foundation

/// What is long and random, and runs as `make campaigns`.
package enum Campaigns {
  package static let areAsked = ProcessInfo.processInfo.environment["MECENE_CAMPAIGNS"] != nil
}
