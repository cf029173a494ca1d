internal import CTorch
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

/// A seeded source of random tensors; the same seed gives the same numbers on the same build of
/// LibTorch.
public final class Generator {
  let handle: CTorchGenerator

  /// - Parameter onDevice: whether the device in use draws. Otherwise the processor does, so that the
  ///   numbers are the same on all devices, and they are brought to the device.
  public init(seed: UInt64, onDevice: Bool = false) throws {
    var handle: CTorchGenerator?
    try check(ctorch_make_generator(seed, onDevice, &handle))
    guard let handle else { throw TorchError("LibTorch gave no generator") }
    self.handle = handle
  }

  deinit {
    ctorch_generator_free(handle)
  }

  /// Begins again, as a new generator of this seed would.
  public func reseed(_ seed: UInt64) throws { try check(ctorch_reseed(handle, seed)) }

  /// N(0, 1).
  public func normal(_ shape: [Int]) throws -> Tensor {
    try .make { ctorch_normal(handle, shape.map(Int64.init), Int32(shape.count), $0) }
  }

  /// U[0, 1).
  public func uniform(_ shape: [Int]) throws -> Tensor {
    try .make { ctorch_uniform(handle, shape.map(Int64.init), Int32(shape.count), $0) }
  }

  /// N(0, 1), given that it lies within ±`limit`.
  public func truncatedNormal(_ shape: [Int], within limit: Double) throws -> Tensor {
    try .make {
      ctorch_truncated_normal(handle, shape.map(Int64.init), Int32(shape.count), limit, $0)
    }
  }

  /// 0 with probability `probability`, else 1/(1 − `probability`).
  public func dropoutMask(_ shape: [Int], _ probability: Float) throws -> Tensor {
    try .make {
      ctorch_dropout_mask(handle, shape.map(Int64.init), Int32(shape.count), probability, $0)
    }
  }

  /// This generator as the randomness of a training step.
  public var trainingNoise: TrainingNoise<Tensor> {
    TrainingNoise(normal: normal, dropoutMask: dropoutMask)
  }

  /// A tensor as `initializer` says.
  public func initialized(_ shape: [Int], _ initializer: Initializer) throws -> Tensor {
    switch initializer {
    case .zeros: try Tensor(repeating: 0, shape: shape)
    case .ones: try Tensor(repeating: 1, shape: shape)
    case .normal(let mean, let deviation):
      try normal(shape).affine(scale: deviation, offset: mean)
    case .uniform(let low, let high):
      try uniform(shape).affine(scale: high - low, offset: low)
    case .truncatedNormal(let deviation, let limit):
      try truncatedNormal(shape, within: Double(limit / deviation))
        .affine(scale: deviation, offset: 0)
    case .copy(let name):
      throw TorchError("a generator does not know the parameter \(name) that is to be copied")
    }
  }
}
