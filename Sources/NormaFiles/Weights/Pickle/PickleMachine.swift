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
