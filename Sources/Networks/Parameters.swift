/// Where a network's parameters come from: freshly initialised tensors that learn (training), the
/// same names read from a file, or constants of a graph (export). A network asks for each by its
/// dotted name, which is also its name in `weights.safetensors`.
public struct Parameters<V: Value> {
  public typealias Source = (_ name: String, _ shape: [Int], _ initializer: Initializer) throws -> V

  let prefix: String
  let source: Source

  public init(source: @escaping Source) {
    self.prefix = ""
    self.source = source
  }

  private init(prefix: String, source: @escaping Source) {
    self.prefix = prefix
    self.source = source
  }

  /// The parameter `name` of this scope. A size of −1 is left to the values: only of a fit, such as
  /// PatchCore's bank, can it be known no sooner.
  public func callAsFunction(
    _ name: String, _ shape: [Int], _ initializer: Initializer
  ) throws -> V {
    try source(prefix + name, shape, initializer)
  }

  /// The name of this scope's parameter `name` among all parameters.
  public func fullName(_ name: String) -> String { prefix + name }

  /// The parameters whose names begin with `name` and a dot.
  public func scope(_ name: String) -> Parameters {
    Parameters(prefix: prefix + name + ".", source: source)
  }
}

/// Shapes of parameters.
public enum ParameterShape {
  /// Whether `found` is what a network asks for; −1 in `wanted` fits any size.
  public static func fits(_ found: [Int], _ wanted: [Int]) -> Bool {
    found.count == wanted.count && zip(found, wanted).allSatisfy { $0 == $1 || $1 == -1 }
  }
}

/// How a parameter begins. Fans are explicit because some layers are initialised as part of a larger
/// matrix (query, key and value packed).
public enum Initializer: Equatable, Sendable {
  case zeros
  case ones
  case normal(mean: Float, deviation: Float)
  case uniform(low: Float, high: Float)
  /// Normal with mean 0, given that it lies within ±`limit`.
  case truncatedNormal(deviation: Float, limit: Float)
  /// As the parameter of this full name, which was asked for before, began.
  case copy(of: String)

  /// Uniform within ±√(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
  public static func xavierUniform(fanIn: Int, fanOut: Int) -> Initializer {
    let bound = (6 / Float(fanIn + fanOut)).squareRoot()
    return .uniform(low: -bound, high: bound)
  }

  /// Normal with deviation √(2 / fanIn) (He et al., 2015).
  public static func kaimingNormal(fanIn: Int) -> Initializer {
    .normal(mean: 0, deviation: (2 / Float(fanIn)).squareRoot())
  }

  /// Uniform within ±1/√fanIn: what PyTorch gives a linear layer's weight and bias; a share of that
  /// where `scale` is below 1.
  public static func fanInUniform(_ fanIn: Int, scale: Float = 1) -> Initializer {
    let bound = scale / Float(fanIn).squareRoot()
    return .uniform(low: -bound, high: bound)
  }
}

/// A network that cannot be built as asked.
public struct NetworkError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
