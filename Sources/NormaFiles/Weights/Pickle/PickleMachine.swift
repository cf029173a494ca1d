import Foundation

/// Reads a pickle without Python and without running anything: a stack, a memo, and a fixed list of
/// names that stand for data. What a checkpoint has no need of is refused by name. Time and memory are
/// bounded by the pickle's length.
final class PickleMachine {
  /// A state dictionary of ten thousand tensors takes about 2 MB.
  static let lengthLimit = 64 << 20
  /// Tuples within tuples.
  static let depthLimit = 64

  private let file: String
  var cursor: ByteCursor
  var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var lists: [PickleList] = []
  private var dictionaries: [PickleDictionary] = []
  /// Every storage that the pickle has mentioned so far, by key; the first mention counts.
  var storages: [String: TorchStorage] = [:]
  /// Items copied from one container into another. Copying costs one instruction however many they
  /// are, so without a bound a short pickle could ask for endless memory.
  private var copied = 0

  /// - Parameters:
  ///   - offset: where in `data` the pickle begins.
  ///   - file: what errors call it.
  init(_ data: Data, offset: Int = 0, file: String) {
    cursor = ByteCursor(data, offset: offset, limit: Self.lengthLimit)
    self.file = file
  }

  /// Values that contain each other are taken apart one by one: Swift would free a long chain of them
  /// recursively, and a hostile file can make one long enough to exhaust the stack.
  deinit {
    stack.removeAll()
    memo.removeAll()
    for list in lists { list.items.removeAll() }
    for dictionary in dictionaries { dictionary.items.removeAll() }
  }

  /// Reads up to the pickle's end and gives `body` what it built, which lives as long as the machine.
  /// - Returns: what `body` returns, and the offset of the byte after the pickle.
  /// - Throws: ``WeightsFileError``.
  func run<Result>(_ body: (PickleValue) throws -> Result) throws -> (Result, end: Int) {
    while true {
      let code = try needed(cursor.byte())
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw refusal(
          "it uses the pickle instruction \(PickleOpcode.name(code)), "
            + "which no file of weights needs")
      }
      if opcode == .stop {
        let result = try pop()
        return (try body(result), cursor.offset)
      }
      try execute(opcode)
    }
  }

  private func execute(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .proto:
      let version = try needed(cursor.byte())
      guard (2...5).contains(version) else {
        throw refusal("its pickle is of version \(version); 2 to 5 are read")
      }
    case .frame: _ = try needed(cursor.take(8))
    case .mark: marks.append(stack.count)
    case .pop: _ = try pop()
    case .popMark: _ = try popToMark()
    case .emptyList, .emptyTuple, .emptyDict, .tuple, .tuple1, .tuple2, .tuple3, .append,
      .appends, .setItem, .setItems:
      try executeContainer(opcode)
    case .binPut: try memorize(at: needed(cursor.integer(width: 1)))
    case .longBinPut: try memorize(at: needed(cursor.integer(width: 4)))
    case .memoize: try memorize(at: memo.count)
    case .binGet: try recall(needed(cursor.integer(width: 1)))
    case .longBinGet: try recall(needed(cursor.integer(width: 4)))
    case .global, .stackGlobal, .reduce, .build, .binPersistentID: try executeObject(opcode)
    case .stop: break
    default: stack.append(try literal(opcode))
    }
  }

  private func executeContainer(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .emptyList: push(PickleList())
    case .emptyDict: push(PickleDictionary())
    case .emptyTuple: try push(tuple: [])
    case .tuple: try push(tuple: popToMark())
    case .tuple1: try push(tuple: pop(1))
    case .tuple2: try push(tuple: pop(2))
    case .tuple3: try push(tuple: pop(3))
    case .append: try append(pop(1))
    case .appends: try append(popToMark())
    case .setItem: try setItems(pop(2))
    default: try setItems(popToMark())
    }
  }

  private func append(_ items: [PickleValue]) throws {
    guard case .list(let list)? = stack.last else { throw damage("items without a list") }
    list.items += items
  }

  private func setItems(_ items: [PickleValue]) throws {
    guard case .dictionary(let dictionary)? = stack.last, items.count.isMultiple(of: 2) else {
      throw damage("items without a dictionary")
    }
    for index in stride(from: 0, to: items.count, by: 2) {
      dictionary.items.append((items[index], items[index + 1]))
    }
  }

  private func memorize(at index: Int) throws {
    guard let top = stack.last else { throw damage("nothing to remember") }
    memo[index] = top
  }

  private func recall(_ index: Int) throws {
    guard let value = memo[index] else { throw damage("nothing was remembered as \(index)") }
    stack.append(value)
  }
}

extension PickleMachine {
  func push(_ list: PickleList) {
    lists.append(list)
    stack.append(.list(list))
  }

  func push(_ dictionary: PickleDictionary) {
    dictionaries.append(dictionary)
    stack.append(.dictionary(dictionary))
  }

  func push(tuple items: [PickleValue]) throws {
    var depth = 1
    for case .tuple(let inner) in items { depth = max(depth, inner.depth + 1) }
    guard depth <= Self.depthLimit else {
      throw refusal("its pickle nests tuples more than \(Self.depthLimit) deep")
    }
    stack.append(.tuple(PickleTuple(items: items, depth: depth)))
  }

  func charge(copies count: Int) throws {
    copied += count
    guard copied <= cursor.offset else {
      throw refusal(
        "its pickle copies the same items over and over, which no file of weights needs")
    }
  }

  func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else {
      throw damage("a value is missing")
    }
    return top
  }

  /// The last `count` values, in the order in which they were pushed.
  func pop(_ count: Int) throws -> [PickleValue] {
    guard stack.count - count >= (marks.last ?? 0) else { throw damage("a value is missing") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damage("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  func needed<T>(_ value: T?) throws -> T {
    guard let value else { throw damage("it ends too early, or a number in it is out of range") }
    return value
  }

  func damage(_ what: String) -> WeightsFileError {
    refusal("its pickle is damaged at byte \(cursor.offset): \(what)")
  }

  func refusal(_ reason: String) -> WeightsFileError {
    WeightsFileError(file: file, reason: reason)
  }
}

extension PickleMachine {
  /// The numbers and texts that stand in the pickle itself.
  func literal(_ opcode: PickleOpcode) throws -> PickleValue {
    switch opcode {
    case .none: .none
    case .newTrue: .bool(true)
    case .newFalse: .bool(false)
    case .binInt:
      .integer(Int(Int32(truncatingIfNeeded: try needed(cursor.integer(width: 4)))))
    case .binInt1: .integer(try needed(cursor.integer(width: 1)))
    case .binInt2: .integer(try needed(cursor.integer(width: 2)))
    case .long1: try longInteger()
    case .binFloat:
      .float(Double(bitPattern: try bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
    case .shortBinUnicode, .shortBinString: try text(lengthWidth: 1)
    case .binUnicode, .binString: try text(lengthWidth: 4)
    case .binUnicode8: try text(lengthWidth: 8)
    case .shortBinBytes: .bytes(try bytes(needed(cursor.integer(width: 1))))
    case .binBytes: .bytes(try bytes(needed(cursor.integer(width: 4))))
    default: throw refusal("it uses the pickle instruction \(PickleOpcode.name(opcode.rawValue))")
    }
  }

  private func bytes(_ count: Int) throws -> [UInt8] { Array(try needed(cursor.take(count))) }

  private func text(lengthWidth: Int) throws -> PickleValue {
    let utf8 = try bytes(needed(cursor.integer(width: lengthWidth)))
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw damage("a text in it is not UTF-8")
    }
    return .string(text)
  }

  /// A signed integer of up to 255 bytes, little-endian.
  private func longInteger() throws -> PickleValue {
    let digits = try bytes(needed(cursor.integer(width: 1)))
    guard digits.count <= 8 else { return .bigInteger(digits) }
    let isNegative = (digits.last ?? 0) >= 0x80
    let pattern = digits.reversed().reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
    return .integer(Int(truncatingIfNeeded: pattern))
  }
}

/// Everything by which a pickle asks Python for more than plain data. Where Python would import a name
/// and call it, the machine recognises the few that make tensors and describes what they would make.
extension PickleMachine {
  func executeObject(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .global:
      let module = try needed(cursor.line(limit: 1024))
      let name = try needed(cursor.line(limit: 1024))
      try pushGlobal(
        module: String(decoding: module, as: UTF8.self),
        name: String(decoding: name, as: UTF8.self))
    case .stackGlobal:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw damage("a name that is no text")
      }
      try pushGlobal(module: module, name: name)
    case .reduce:
      guard case .tuple(let arguments) = try pop(), case .global(let global) = try pop() else {
        throw damage("a call of something that is no name")
      }
      try reduce(global, arguments.items)
    case .build: try build()
    default: stack.append(.storage(try storage(pop())))
    }
  }

  private func pushGlobal(module: String, name: String) throws {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw refusal(
        "refuses to run \(printable(module)).\(printable(name)): a weights file needs no code. "
          + "If you trust its origin, load it in Python and save only its tensors: "
          + "torch.save(model.state_dict(), …)")
    }
    stack.append(.global(global))
  }

  private func reduce(_ global: PickleGlobal, _ arguments: [PickleValue]) throws {
    switch global {
    case .orderedDictionary: push(try orderedDictionary(arguments))
    case .size:
      guard let sizes = arguments.first else { throw damage("a size without sizes") }
      try push(tuple: integers(sizes).map(PickleValue.integer))
    case .rebuildTensor: stack.append(.tensor(try tensor(arguments)))
    case .rebuildParameter:
      guard case .tensor(let tensor)? = arguments.first else {
        throw damage("a parameter without its tensor")
      }
      stack.append(.tensor(tensor))
    case .storageType: throw damage("a storage that is made by a call")
    }
  }

  /// Python 2 gives the items as a list of pairs; later versions add them afterwards.
  private func orderedDictionary(_ arguments: [PickleValue]) throws -> PickleDictionary {
    let dictionary = PickleDictionary()
    guard let first = arguments.first else { return dictionary }
    guard case .list(let pairs) = first else {
      throw damage("an ordered dictionary made of no list")
    }
    try charge(copies: pairs.items.count)
    for pair in pairs.items {
      switch pair {
      case .list(let pair) where pair.items.count == 2:
        dictionary.items.append((pair.items[0], pair.items[1]))
      case .tuple(let pair) where pair.items.count == 2:
        dictionary.items.append((pair.items[0], pair.items[1]))
      default: throw damage("an ordered dictionary's item that is no pair")
      }
    }
    return dictionary
  }

  /// An ordered dictionary's own attributes (PyTorch keeps version numbers there) are left out.
  private func build() throws {
    let state = try pop()
    guard case .dictionary? = stack.last else {
      throw damage("attributes of something that is no dictionary")
    }
    switch state {
    case .dictionary, .none: break
    default: throw damage("attributes that are no dictionary")
    }
  }

  /// `('storage', type, key, device, count)`, and in the old format the place in another storage,
  /// which PyTorch has not written since 0.4.
  private func storage(_ identifier: PickleValue) throws -> TorchStorage {
    guard case .tuple(let tuple) = identifier, tuple.items.count >= 5,
      case .string("storage") = tuple.items[0],
      case .global(.storageType(let type)) = tuple.items[1],
      case .string(let key) = tuple.items[2], case .integer(let count) = tuple.items[4], count >= 0
    else { throw damage("a reference to something that is no storage") }
    if tuple.items.count > 5 {
      guard case .none = tuple.items[5] else {
        throw refusal(
          "it shares storages as PyTorch before 0.4 did; save it again with a later PyTorch")
      }
    }
    let storage = TorchStorage(type: type, key: key, count: count)
    if storages[key] == nil { storages[key] = storage }
    return storage
  }

  /// `(storage, offset, sizes, strides, …)`; the rest concerns gradients.
  private func tensor(_ arguments: [PickleValue]) throws -> TorchTensor {
    guard arguments.count >= 4, case .storage(let storage) = arguments[0],
      case .integer(let offset) = arguments[1], offset >= 0
    else { throw damage("a tensor without its storage") }
    let (shape, strides) = (try integers(arguments[2]), try integers(arguments[3]))
    guard shape.count == strides.count, (shape + strides).allSatisfy({ $0 >= 0 }) else {
      throw damage("a tensor of the shape \(shape) with the strides \(strides)")
    }
    return TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  /// Sizes or strides; a tensor has at most 16 dimensions here.
  private func integers(_ value: PickleValue) throws -> [Int] {
    guard case .tuple(let tuple) = value, tuple.items.count <= 16 else {
      throw damage("a tensor without sizes")
    }
    return try tuple.items.map { item in
      guard case .integer(let integer) = item else { throw damage("a size that is no integer") }
      return integer
    }
  }

  /// A name from a hostile file, fit to stand in a message.
  private func printable(_ name: String) -> String {
    String(name.prefix(100).map { $0.isASCII && !$0.isNewline && $0 >= " " ? $0 : "?" })
  }
}
