import Foundation

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
