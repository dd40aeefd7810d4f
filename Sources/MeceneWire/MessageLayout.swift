internal import CMeceneProto

/// A message's name, its fields, and protobuf-c's function that unpacks it.
@safe package final class MessageLayout: Sendable {
  typealias Unpack =
    @Sendable (
      UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
    ) -> UnsafeMutableRawPointer?

  /// What the scanner looks at for every field: a few plain bytes, which copy without counting references.
  struct Shape: Sendable {
    enum Kind: UInt8, Sendable {
      case absent, number, enumeration, string, bytes, message
    }

    var kind = Kind.absent
    var isRepeated = false
    /// The most elements of a repeated field.
    var elementsMax: Int32 = 1
  }

  /// Package and message, such as `mecene.v1.ClickRequest`.
  package let name: String
  /// By field number; absent where there is no such field.
  let shapes: [Shape]
  /// By field number, of fields that hold a message.
  private let messages: [MessageLayout?]
  private let rules: [FieldRule?]
  let unpack: Unpack

  init(name: String, fields: [FieldRule], unpack: @escaping Unpack) {
    self.name = name
    let count = (fields.map(\.number).max() ?? -1) + 1
    var rules = [FieldRule?](repeating: nil, count: count)
    var shapes = [Shape](repeating: Shape(), count: count)
    for field in fields {
      rules[field.number] = field
      shapes[field.number] = Shape(
        kind: field.kind.shape, isRepeated: field.isRepeated, elementsMax: Int32(field.elementsMax))
    }
    self.rules = rules
    messages = rules.map { rule in
      if case .message(let layout)? = rule?.kind { layout } else { nil }
    }
    self.shapes = shapes
    unsafe self.unpack = unpack
  }

  /// The most elements that the contract lets a repeated field have; 1 for another field, 0 when there is none.
  package func mostElements(ofField number: Int) -> Int {
    shapes.indices.contains(number) && shapes[number].kind != .absent ? Int(shapes[number].elementsMax) : 0
  }

  /// A field's name in the contract.
  func fieldName(_ number: Int) -> String { rules[number]?.name ?? "" }

  /// The layout of a field that holds a message.
  func message(_ number: Int) -> MessageLayout? { messages[number] }

  /// Whether an enumeration's field may hold this value.
  func knows(_ value: Int32, field number: Int) -> Bool {
    if case .enumeration(let known) = rules[number]?.kind { known.contains(value) } else { false }
  }
}

/// What one field may hold.
struct FieldRule: Sendable {
  enum Kind: Sendable {
    case uint64, int64, uint32, int32, bool, string, bytes
    case enumeration(Set<Int32>)
    case message(MessageLayout)

    fileprivate var shape: MessageLayout.Shape.Kind {
      switch self {
      case .uint64, .int64, .uint32, .int32, .bool: .number
      case .enumeration: .enumeration
      case .string: .string
      case .bytes: .bytes
      case .message: .message
      }
    }
  }

  let number: Int
  let name: String
  let kind: Kind
  let isRepeated: Bool
  let elementsMax: Int

  init(_ number: Int, _ name: String, _ kind: Kind, elementsMax: Int? = nil) {
    self.number = number
    self.name = name
    self.kind = kind
    isRepeated = elementsMax != nil
    self.elementsMax = elementsMax ?? 1
  }
}
