// What can be clicked. A thing's URL and owner never change.
extension Ledger {
  mutating func addThing(_ thing: NewThing) throws(Refusal) -> Outcome {
    let owner = try index(thing.owner, field: "owner")
    guard !standings[owner].isClosed else { throw .closed(owner.id, thing.owner, field: "owner") }
    if let known = thingURLs[thing.fingerprint] {
      guard things[Int(known)].owner == owner else {
        throw Refusal(
          .urlTaken, field: "url", "another owner has added \(thing.url.text)",
          ["url": thing.url.text, "thing_id": "\(known + 1)"])
      }
      return .thing(ThingID(Int64(known) + 1), alreadyAdded: true)
    }
    guard things.count < Self.thingsMax else {
      throw Refusal(.idsExhausted, "the ledger holds \(things.count) things and can't take another")
    }
    // Past the last refusal: from here on it must succeed.
    thingURLs[thing.fingerprint] = UInt32(things.count)
    things.append(ThingState(owner: owner))
    thingChangeCount += 1
    let thingID = ThingID(Int64(things.count))
    effects.append(.thingAdded(thingID, owner: owner.id, thing))
    return .thing(thingID, alreadyAdded: false)
  }

  mutating func updateThing(
    _ reference: ThingReference, title: PlainText?, description: PlainText?, hidden: Bool?
  ) throws(Refusal) -> Outcome {
    let index = try index(reference)
    // Past the last refusal: from here on it must succeed.
    if title != nil || description != nil || hidden != nil {
      change(index, ThingChange(title: title?.text, description: description?.text, hidden: hidden))
    }
    return .thing(ThingID(Int64(index) + 1), alreadyAdded: true)
  }

  mutating func retireThing(_ reference: ThingReference) throws(Refusal) -> Outcome {
    let index = try index(reference)
    // Past the last refusal: from here on it must succeed.
    if !things[index].isRetired {
      things[index].isRetired = true
      change(index, ThingChange(retired: true))
    }
    return .thing(ThingID(Int64(index) + 1), alreadyAdded: true)
  }

  mutating func reviveThing(_ reference: ThingReference) throws(Refusal) -> Outcome {
    let index = try index(reference)
    let owner = things[index].owner
    guard !standings[owner].isClosed else { throw .closed(owner.id, field: "thing") }
    // Past the last refusal: from here on it must succeed.
    if things[index].isRetired {
      things[index].isRetired = false
      change(index, ThingChange(retired: false))
    }
    return .thing(ThingID(Int64(index) + 1), alreadyAdded: true)
  }

  private mutating func change(_ index: Int, _ change: ThingChange) {
    thingChangeCount += 1
    effects.append(.thingChanged(id: thingChangeCount, ThingID(Int64(index) + 1), change))
  }
}
