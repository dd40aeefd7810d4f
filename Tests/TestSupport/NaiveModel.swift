/// The economy again, slow and plain: dictionaries, one list of movements, and every balance added up from the
/// beginning each time it is asked for. It shares no code with the ledger.
package struct NaiveModel {
  package struct Move: Equatable {
    package let kind: String
    package let from: String
    package let to: String
    package let amount: Int64

    package init(kind: String, from: String, to: String, amount: Int64) {
      (self.kind, self.from, self.to, self.amount) = (kind, from, to, amount)
    }
  }

  package struct Account {
    package var budget: Int64
    package var closed = false

    package init(budget: Int64) { self.budget = budget }
  }

  package struct Thing {
    package let owner: Int
    package var retired = false

    package init(owner: Int) { self.owner = owner }
  }

  package let minimum: Int64
  package let feeBps: Int64
  package let receiveRequiresGiving: Bool
  package var period: Int
  package var accounts: [Int: Account] = [:]
  package var things: [Int: Thing] = [:]
  /// Clicks by period: patron, then things.
  package var clicks: [Int: [Int: Set<Int>]] = [:]
  package var moves: [Move] = []
  package var keys: [String: (kind: String, amount: Int64)] = [:]
  package var settledBefore: Int

  package init(minimum: Int64, feeBps: Int64, receiveRequiresGiving: Bool, period: Int) {
    self.minimum = minimum
    self.feeBps = feeBps
    self.receiveRequiresGiving = receiveRequiresGiving
    self.period = period
    settledBefore = period
  }

  package func balance(_ name: String) -> Int64 {
    var sum: Int64 = 0
    for move in moves {
      if move.to == name { sum += move.amount }
      if move.from == name { sum -= move.amount }
    }
    return sum
  }

  package func available(_ a: Int) -> Int64 { balance("available \(a)") }
  package func pot(_ a: Int, _ p: Int) -> Int64 { balance("pot \(a) \(p)") }
  package func isActive(_ a: Int) -> Bool {
    pot(a, period) > 0 || min(accounts[a]?.budget ?? 0, available(a)) >= minimum
  }

  package mutating func move(_ kind: String, _ from: String, _ to: String, _ amount: Int64) {
    if amount > 0 { moves.append(Move(kind: kind, from: from, to: to, amount: amount)) }
  }

  package mutating func topUp(_ a: Int) {
    let pot = pot(a, period)
    guard pot > 0, let account = accounts[a] else { return }
    move("potTopup", "available \(a)", "pot \(a) \(period)", min(account.budget, pot + available(a)) - pot)
  }

  package mutating func deposit(_ a: Int, _ amount: Int64, _ key: String) -> String? {
    guard let account = accounts[a] else { return "accountNotFound" }
    if let first = keys["\(a) \(key)"] {
      return first.kind == "deposit" && first.amount == amount ? nil : "keyReused"
    }
    if amount < 1 { return "invalidAmount" }
    if account.closed { return "accountClosed" }
    keys["\(a) \(key)"] = ("deposit", amount)
    move("deposit", "world", "available \(a)", amount)
    topUp(a)
    return nil
  }

  package mutating func withdraw(_ a: Int?, _ amount: Int64, _ key: String) -> String? {
    if let a, accounts[a] == nil { return "accountNotFound" }
    let owner = a.map { "\($0)" } ?? "fees"
    if let first = keys["\(owner) \(key)"] {
      return first.kind == "withdraw" && first.amount == amount ? nil : "keyReused"
    }
    if amount < 1 { return "invalidAmount" }
    let source = a.map { "available \($0)" } ?? "fees"
    if amount > balance(source) { return "insufficientFunds" }
    keys["\(owner) \(key)"] = ("withdraw", amount)
    move("withdraw", source, "world", amount)
    return nil
  }

  package mutating func setBudget(_ a: Int, _ budget: Int64) -> String? {
    guard let account = accounts[a] else { return "accountNotFound" }
    if budget != 0, budget < minimum { return "belowMinimum" }
    if account.closed { return "accountClosed" }
    accounts[a]?.budget = budget
    topUp(a)
    return nil
  }

  package mutating func close(_ a: Int) -> String? {
    guard accounts[a] != nil else { return "accountNotFound" }
    accounts[a]?.closed = true
    accounts[a]?.budget = 0
    return nil
  }

  package mutating func click(_ a: Int, _ t: Int, _ asked: Int?) -> String? {
    guard let patron = accounts[a] else { return "accountNotFound" }
    guard let thing = things[t] else { return "thingNotFound" }
    if let asked, asked != period { return "periodClosed" }
    if patron.closed || accounts[thing.owner]?.closed == true { return "accountClosed" }
    if thing.retired { return "thingRetired" }
    if thing.owner == a { return "ownThing" }
    if clicks[period]?[a]?.contains(t) == true { return nil }
    if !isActive(a) { return "patronInactive" }
    if receiveRequiresGiving, !isActive(thing.owner) { return "ownerInactive" }
    if pot(a, period) == 0 {
      move("potOpen", "available \(a)", "pot \(a) \(period)", min(patron.budget, available(a)))
    }
    clicks[period, default: [:]][a, default: []].insert(t)
    return nil
  }

  package mutating func undo(_ a: Int, _ t: Int, _ asked: Int?) -> String? {
    if accounts[a] == nil { return "accountNotFound" }
    if things[t] == nil { return "thingNotFound" }
    if let asked, asked != period { return "periodClosed" }
    clicks[period]?[a]?.remove(t)
    return nil
  }

  /// Settles the oldest closed period: share by share.
  package mutating func settle() {
    let p = settledBefore
    settledBefore += 1
    var earned: [Int: Int64] = [:]
    for a in accounts.keys.sorted() {
      let pot = pot(a, p)
      if pot == 0 { continue }
      let mine = (clicks[p]?[a] ?? []).sorted()
      if mine.isEmpty {
        move("potReturn", "pot \(a) \(p)", "available \(a)", pot)
        topUp(a)
        continue
      }
      let fee = pot / 10_000 * feeBps + pot % 10_000 * feeBps / 10_000
      move("fee", "pot \(a) \(p)", "fees", fee)
      move("give", "pot \(a) \(p)", "clearing \(p)", pot - fee)
      var shares = Array(repeating: (pot - fee) / Int64(mine.count), count: mine.count)
      var x = UInt64(a) * 4_096 + UInt64(p)
      x = (x ^ (x >> 30)) &* 0xbf58_476d_1ce4_e5b9
      x = (x ^ (x >> 27)) &* 0x94d0_49bb_1331_11eb
      x ^= x >> 31
      // The extra micros go to the positions from the offset on, around the end.
      var position = Int(x % UInt64(mine.count))
      for _ in 0..<(pot - fee) % Int64(mine.count) {
        shares[position] += 1
        position = (position + 1) % mine.count
      }
      for (t, share) in zip(mine, shares) { earned[things[t]?.owner ?? 0, default: 0] += share }
    }
    for owner in earned.keys.sorted() {
      move("revenue", "clearing \(p)", "available \(owner)", earned[owner] ?? 0)
      if earned[owner] ?? 0 > 0 { topUp(owner) }
    }
  }
}
