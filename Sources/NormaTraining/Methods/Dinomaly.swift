import Networks
import NormaCore
import Torch

extension DinomalyMethod: TrainingMethod {
  public func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    DinomalyTraining(
      network: try Dinomaly(settings, shape: shape, parameters),
      distance: WholeMapDistance(settings.mining))
  }
}

/// Dinomaly with its loss: the mean over levels of the distance between the whole maps.
struct DinomalyTraining: TrainingNetwork {
  let network: Dinomaly<Tensor>
  let distance: WholeMapDistance

  func begin(step: Int) throws { try distance.begin(step: step) }

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    let rebuilt = try network.reconstructions(features, noise: noise?.trainingNoise)
    // What comes after the levels are tokens that are no patches: nobody asks for these.
    let losses = try zip(features, rebuilt).map { try distance($0.tokens(), $1) }
    guard let first = losses.first else { throw NetworkError("Dinomaly needs a level") }
    return try losses.dropFirst().reduce(first, +)
      .affine(scale: 1 / Float(losses.count), offset: 0)
  }
}

/// Dinomaly's loss: the mean over pictures of 1 − cos between features and what was rebuilt of them, all of a
/// picture's positions taken as one vector. No position is forced to be like its own, as the sum of
/// position-wise losses would.
///
/// The gradient at positions that are rebuilt well already is damped (``Mining``). It knows how far the training
/// is (`begin(step:)`), and looks at no value on the way, so that a GPU can record it.
package final class WholeMapDistance {
  private let mining: Mining
  private var share: Double
  /// For each number of positions that was seen: 0, 1, 2, …, and the place of the threshold among the distances
  /// in falling order, where the device reads it.
  private var orders: [Int: (places: Tensor, threshold: Tensor)] = [:]

  package init(_ mining: Mining) {
    self.mining = mining
    share = mining.share(at: 0)
  }

  /// - Parameter step: of the training, counted from 0.
  package func begin(step: Int) throws {
    share = mining.share(at: step)
    for (count, order) in orders { try order.threshold.fill(place(among: count)) }
  }

  /// A single number.
  ///
  /// - Parameters:
  ///   - target: tokens `[batch, N, C]`.
  ///   - rebuilt: what a network made of them, of the same shape.
  package func callAsFunction(_ target: Tensor, _ rebuilt: Tensor) throws -> Tensor {
    // Sums over a whole map want more than a brain float's eight bits.
    let rebuilt = try damped(rebuilt.toFloat(), target)
    let whole = [target.shape[0], 1, target.shape[1] * target.shape[2]]
    return try target.reshaped(whole).cosineDistance(rebuilt.reshaped(whole))
      .mean(axes: [0, 1, 2]).reshaped([])
  }

  /// The same values, whose gradient is multiplied by the mining's factor where 1 − cos of a position lies below
  /// that of the hardest positions of the batch.
  private func damped(_ rebuilt: Tensor, _ target: Tensor) throws -> Tensor {
    guard mining.share > 0, mining.factor != 1 else { return rebuilt }
    let (still, weights) = try withoutGradient {
      let distances = try target.cosineDistance(rebuilt).reshaped([-1])
      let hard = try distances.isAtLeast(threshold(of: distances))
      let factor = Float(mining.factor)
      return (
        try rebuilt.detached(),
        try hard.affine(scale: 1 - factor, offset: factor)
          .reshaped([rebuilt.shape[0], rebuilt.shape[1], 1])
      )
    }
    return try still + (rebuilt - still) * weights
  }

  /// The least of the distances that count in full, `[1]`, of distances `[positions]`.
  private func threshold(of distances: Tensor) throws -> Tensor {
    let count = distances.shape[0]
    let order = try orders[count] ?? made(count)
    orders[count] = order
    let off = try order.places - order.threshold
    // 1 at the threshold's place, 0 at all others.
    let there = try (off * off).affine(scale: -1, offset: 1).relu()
    return try (distances.largest(count, axis: 0) * there).sum(axes: [0])
  }

  private func made(_ count: Int) throws -> (places: Tensor, threshold: Tensor) {
    (
      places: try Tensor((0..<count).map(Float.init), shape: [count]),
      threshold: try Tensor(repeating: place(among: count), shape: [1])
    )
  }

  /// The place of the last position that counts in full, in falling order of distances.
  private func place(among count: Int) -> Float {
    Float(max(1, Int(Double(count) * (1 - share))) - 1)
  }
}

extension Tensor {
  /// 1 where this value is `least` or more, 0 where it is less.
  fileprivate func isAtLeast(_ least: Tensor) throws -> Tensor {
    // Neighbouring floats differ by far more than 1e-20, unless they are as good as zero.
    let above = try (self - least).affine(scale: 1e20, offset: 1).relu()
    return try above.affine(scale: -1, offset: 1).relu().affine(scale: -1, offset: 1)
  }
}
