/// The randomness of a training step: where jitter and dropout are drawn from. Networks take it as an
/// optional; without it they are deterministic. Noise on the features of a trained network, whose
/// tolerance is measured, is the same without dropout.
public struct TrainingNoise<V: Value> {
  /// N(0, 1) of a shape.
  public var normal: (_ shape: [Int]) throws -> V
  /// 0 with probability p, else 1/(1−p); nil for no dropout.
  public var dropoutMask: ((_ shape: [Int], _ probability: Float) throws -> V)?

  public init(
    normal: @escaping (_ shape: [Int]) throws -> V,
    dropoutMask: ((_ shape: [Int], _ probability: Float) throws -> V)? = nil
  ) {
    self.normal = normal
    self.dropoutMask = dropoutMask
  }

  /// Dropout with this noise (Srivastava et al., 2014); nil for none, or a probability of 0.
  func dropout(_ probability: Float) -> Dropout<V>? {
    guard probability > 0 else { return nil }
    return dropoutMask.map { Dropout(probability: probability, mask: $0) }
  }
}

/// Leaves out elements at random and scales up the others.
struct Dropout<V: Value> {
  let probability: Float
  let mask: (_ shape: [Int], _ probability: Float) throws -> V

  func callAsFunction(_ value: V) throws -> V {
    try value * mask(value.shape, probability)
  }
}

extension Optional {
  /// `value` with dropout while there is one.
  func callAsFunction<V: Value>(_ value: V) throws -> V where Wrapped == Dropout<V> {
    switch self {
    case .none: value
    case .some(let dropout): try dropout(value)
    }
  }
}
