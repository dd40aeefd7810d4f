internal import CMeceneProto

/// The memory of one message at a time: protobuf-c's structs are carved out of one block and forgotten together.
///
/// The block is reserved once and never grows, so a hostile message can't take more than its size; pages that
/// are not touched cost nothing. `reset` makes all of it free again.
@safe package final class MessageArena {
  /// What protobuf-c's allocator works on. Plain memory: through the object each of a click's ten allocations would count
  /// references twice.
  @safe private struct Block {
    let start: UnsafeMutableRawPointer
    let bytesMax: Int
    var used = 0

    mutating func take(bytes: Int) -> UnsafeMutableRawPointer? {
      let rounded = (bytes + 15) & ~15
      guard rounded <= bytesMax - used else { return nil }
      defer { used += rounded }
      return unsafe start + used
    }
  }

  private let block: UnsafeMutablePointer<Block>
  private let bytesMax: Int
  private let allocatorPointer: UnsafeMutablePointer<ProtobufCAllocator>

  /// Reserves an arena.
  ///
  /// - Parameter bytesMax: The most memory that one message can take, in bytes.
  package init(bytesMax: Int) {
    unsafe block = .allocate(capacity: 1)
    unsafe block.initialize(
      to: Block(start: .allocate(byteCount: bytesMax, alignment: 16), bytesMax: bytesMax))
    self.bytesMax = bytesMax
    unsafe allocatorPointer = .allocate(capacity: 1)
    unsafe allocatorPointer.initialize(
      to: ProtobufCAllocator(
        alloc: { data, size in
          unsafe data?.assumingMemoryBound(to: Block.self).pointee.take(bytes: size)
        },
        free: { _, _ in },
        allocator_data: nil))
    unsafe allocatorPointer.pointee.allocator_data = UnsafeMutableRawPointer(block)
  }

  deinit {
    unsafe block.pointee.start.deallocate()
    unsafe block.deallocate()
    unsafe allocatorPointer.deallocate()
  }

  /// What protobuf-c allocates from. Valid while the arena lives.
  var allocator: UnsafeMutablePointer<ProtobufCAllocator> { unsafe allocatorPointer }

  /// The error that a full arena is reported with.
  var full: WireError { .arenaFull(bytesMax: bytesMax) }

  /// Frees everything at once.
  func reset() { unsafe block.pointee.used = 0 }

  private func take(bytes: Int) -> UnsafeMutableRawPointer? { unsafe block.pointee.take(bytes: bytes) }

  /// Room for one struct, not initialised.
  func make<T>(_ type: T.Type) throws(WireError) -> UnsafeMutablePointer<T> {
    guard let pointer = unsafe take(bytes: MemoryLayout<T>.stride) else { throw full }
    return unsafe pointer.assumingMemoryBound(to: type)
  }

  /// A C string with the text's bytes, of which none may be 0: it would end there.
  func string(_ text: String) throws(WireError) -> UnsafeMutablePointer<CChar> {
    var text = text
    let count = text.utf8.count
    if let end = text.utf8.firstIndex(of: 0) {
      throw .malformed(field: "", problem: "has a NUL character behind \"\(text[..<end].suffix(40))\"")
    }
    guard let pointer = unsafe take(bytes: count + 1) else { throw full }
    text.withUTF8 { utf8 in
      if let base = utf8.baseAddress { unsafe pointer.copyMemory(from: base, byteCount: count) }
    }
    unsafe pointer.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    return unsafe pointer.assumingMemoryBound(to: CChar.self)
  }

  /// A copy of the bytes.
  func bytes(_ bytes: [UInt8]) throws(WireError) -> ProtobufCBinaryData {
    guard let pointer = unsafe take(bytes: bytes.count) else { throw full }
    unsafe bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { unsafe pointer.copyMemory(from: base, byteCount: source.count) }
    }
    return unsafe ProtobufCBinaryData(len: bytes.count, data: pointer.assumingMemoryBound(to: UInt8.self))
  }

  /// Room for `count` bytes.
  func room(bytes count: Int) throws(WireError) -> UnsafeMutablePointer<UInt8> {
    guard let pointer = unsafe take(bytes: count) else { throw full }
    return unsafe pointer.assumingMemoryBound(to: UInt8.self)
  }

  /// A C array with one converted element for each value.
  func array<Value, Element>(
    _ values: [Value], _ convert: (Value, MessageArena) throws(WireError) -> Element
  ) throws(WireError) -> UnsafeMutablePointer<Element>? {
    if values.isEmpty { return nil }
    guard let pointer = unsafe take(bytes: MemoryLayout<Element>.stride * values.count) else { throw full }
    let elements = unsafe pointer.assumingMemoryBound(to: Element.self)
    for (index, value) in values.enumerated() {
      unsafe (elements + index).initialize(to: try convert(value, self))
    }
    return unsafe elements
  }
}

extension String {
  /// The text of a string that the scanner let through.
  init(bridged pointer: UnsafeMutablePointer<CChar>?) {
    guard let pointer = unsafe pointer else {
      self = ""
      return
    }
    self = unsafe String(cString: pointer)
  }
}

extension [UInt8] {
  init(bridged data: ProtobufCBinaryData) {
    unsafe self.init(UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len))
  }
}

/// A repeated field of numbers.
func bridgedArray<Element>(_ count: Int, _ elements: UnsafeMutablePointer<Element>?) -> [Element] {
  unsafe Array(UnsafeBufferPointer(start: elements, count: elements == nil ? 0 : count))
}

/// A repeated field of anything else.
func bridgedArray<Element, Value>(
  _ count: Int, _ elements: UnsafeMutablePointer<Element>?, _ convert: (Element) -> Value
) -> [Value] {
  unsafe UnsafeBufferPointer(start: elements, count: elements == nil ? 0 : count).map(convert)
}

/// A repeated field of messages.
func bridgedArray<Element, Value>(
  _ count: Int, _ elements: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?,
  _ convert: (UnsafeMutablePointer<Element>) -> Value
) -> [Value] {
  unsafe UnsafeBufferPointer(start: elements, count: elements == nil ? 0 : count).compactMap { element in
    unsafe element.map(convert)
  }
}
