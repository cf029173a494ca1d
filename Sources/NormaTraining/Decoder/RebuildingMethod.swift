import Networks
import Torch

/// A method that rebuilds features as if their picture were normal, so that a decoder can show what it
/// takes for normal.
public protocol RebuildingMethod: AnomalyMethod {
  /// What makes of features what a trained network makes of them, in the order in which it comes to it;
  /// the last is what the anomaly map compares with.
  ///
  /// - Parameters:
  ///   - parameters: the trained network's.
  ///   - examples: features of good pictures, of which at least one, for methods whose steps can only be
  ///     read by what fits these.
  /// - Returns: from one map `[batch, C, h, w]` for each level of the method.
  func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures]

  /// What people have to know of what the rebuilder makes; nil when that is plain.
  var rebuildingNote: String? { get }

  /// What the network rebuilds when it sees nothing: what it has learned, whatever the picture is.
  /// None unless said otherwise.
  ///
  /// - Parameter mean: the mean feature everywhere, `[1, C, h, w]` a level.
  func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures]
}

/// Features that a network made.
public struct RebuiltFeatures {
  /// Such as `step 1`.
  public var name: String
  /// One map `[batch, C, h, w]` a level.
  public var maps: [Tensor]

  public init(name: String, maps: [Tensor]) {
    (self.name, self.maps) = (name, maps)
  }
}

extension RebuildingMethod {
  public var rebuildingNote: String? { nil }

  public func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] { [] }
}

extension RASMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try RAS(settings, shape: shape, parameters)
    let known = try Self.aligned(examples)
    let readouts = try network.latents(known).dropLast().map {
      try LinearReadout(from: $0, to: known.tokens())
    }
    return { [grid] features in
      let aligned = try Self.aligned(features)
      let early = try zip(readouts, network.latents(aligned)).map { try $0($1) }
      return try (early + [network.reconstruction(aligned)]).enumerated().map {
        RebuiltFeatures(name: "step \($0 + 1)", maps: [try $1.featureMap(grid)])
      }
    }
  }

  public var rebuildingNote: String? {
    guard settings.decoder > 1 else { return nil }
    return
      "RAS rebuilds in steps, of which training supervises the output of the last. What an earlier "
      + "step knows by then is read by the linear map that finds the features of good pictures in it "
      + "best."
  }
}

extension UniADMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try UniAD(settings, shape: shape, parameters)
    return { [grid] features in
      let tokens = try network.reconstruction(Self.aligned(features))
      return [RebuiltFeatures(name: "rebuilt", maps: [try tokens.featureMap(grid)])]
    }
  }
}

extension URANetMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try URANet(settings, shape: shape, parameters)
    return { [grid] features in
      let restored = try network(Self.aligned(features).tokens()).tokens
      return [
        RebuiltFeatures(name: "restored", maps: [try restored.featureMap(grid)])
      ]
    }
  }
}

extension RLRMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try RLR(settings, levels: levels, parameters)
    return { [RebuiltFeatures(name: "rebuilt", maps: try Self.maps($0, network))] }
  }

  /// All levels together, then each with the mean feature at the others.
  public func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    let all = try Self.maps(mean, RLR(settings, levels: levels, parameters))
    guard all.count > 1 else { return [RebuiltFeatures(name: "from nothing", maps: all)] }
    return [RebuiltFeatures(name: "all levels", maps: all)]
      + all.indices.map { level in
        let grid = levels[level].grid
        var maps = mean
        maps[level] = all[level]
        return RebuiltFeatures(name: "\(grid.height)×\(grid.width) tokens alone", maps: maps)
      }
  }

  private static func maps(_ features: [Tensor], _ network: RLR<Tensor>) throws -> [Tensor] {
    try zip(network.reconstructions(features), network.levels).map {
      try $0.featureMap($1.grid)
    }
  }
}

/// The linear map by which features are found best in a network's latents: what a latent knows, where
/// the network has no output that would say it.
struct LinearReadout {
  private let weight: Tensor
  private let latentMean: Tensor
  private let featureMean: Tensor

  /// Of the latents' variance: keeps directions that the examples hardly show from being read at all.
  private static let ridge: Float = 1e-3

  /// By ridge regression over all tokens.
  ///
  /// - Parameters:
  ///   - latents: `[batch, N, D]`.
  ///   - features: `[batch, N, C]`.
  init(from latents: Tensor, to features: Tensor) throws {
    let width = latents.shape[2]
    let x = try latents.reshaped([-1, width])
    let y = try features.reshaped([-1, features.shape[2]])
    latentMean = try x.mean(axes: [0])
    featureMean = try y.mean(axes: [0])
    let (centred, wanted) = (try x - latentMean, try y - featureMean)
    let share = 1 / Float(max(1, x.shape[0]))
    let covariance = try centred.permuted([1, 0]).matmul(centred).affine(scale: share, offset: 0)
    let shared = try centred.permuted([1, 0]).matmul(wanted).affine(scale: share, offset: 0)
    let variance = try (centred * centred).mean(axes: [0, 1]).item()
    let identity = try Tensor(
      (0..<width * width).map { $0 / width == $0 % width ? 1 : 0 }, shape: [width, width])
    let inverse = try
      (covariance
      + identity.affine(
        scale: Self.ridge * max(variance, .leastNormalMagnitude), offset: 0)).toDouble()
      .cholesky().inverseOfLowerTriangle()
    weight = try inverse.permuted([1, 0]).matmul(inverse.matmul(shared.toDouble())).toFloat()
  }

  /// `[batch, N, D]` → `[batch, N, C]`.
  func callAsFunction(_ latents: Tensor) throws -> Tensor {
    try (latents - latentMean).matmul(weight) + featureMean
  }
}
