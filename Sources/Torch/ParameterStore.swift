import Networks

/// The tensors that learn, by name, in the order in which the network asked for them.
public final class ParameterStore {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]

  public init() {}

  public var all: [Tensor] { names.compactMap { tensors[$0] } }

  public subscript(name: String) -> Tensor? { tensors[name] }

  /// Parameters that begin as their initialisers say, drawn from `generator`, and are kept here. A
  /// name asked for twice gives the same tensor; another shape the second time throws.
  public func initialized(by generator: Generator) -> Parameters<Tensor> {
    Parameters { name, shape, initializer in
      if let known = self.tensors[name] {
        guard known.shape == shape else {
          throw TorchError("parameter \(name) is asked for as \(shape) and as \(known.shape)")
        }
        return known
      }
      let tensor = try self.initial(shape, initializer, generator)
      try tensor.requireGradient()
      self.names.append(name)
      self.tensors[name] = tensor
      return tensor
    }
  }

  private func initial(
    _ shape: [Int], _ initializer: Initializer, _ generator: Generator
  ) throws -> Tensor {
    guard case .copy(let name) = initializer else {
      return try generator.initialized(shape, initializer)
    }
    guard let original = tensors[name] else {
      throw TorchError("parameter \(name), which is to be copied, does not exist yet")
    }
    return try Tensor(original.floats(), shape: shape)
  }

  /// Overwrites every parameter with the values of the same name; throws when one is missing or has
  /// another number of elements.
  public func assign(_ values: [String: [Float]]) throws {
    for name in names {
      guard let new = values[name] else { throw TorchError("no values for parameter \(name)") }
      try tensors[name]?.assign(new)
    }
  }

  public func values() throws -> [String: [Float]] {
    try tensors.mapValues { try $0.floats() }
  }

  public var elementCount: Int { all.reduce(0) { $0 + $1.count } }
}
