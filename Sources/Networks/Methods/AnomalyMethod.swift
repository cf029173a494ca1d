/// A method as the detector sees it: features in, anomaly map and score out. A method is a value that
/// holds its configuration; its parameters come from outside, so the same code trains and exports.
public protocol AnomalyMethod: Sendable {
  /// The anomaly map at picture size and the image score.
  ///
  /// - Parameters:
  ///   - features: one map `[batch, C, h, w]` for each level that the method was made for.
  ///   - size: of the picture, in pixels.
  /// - Returns: the map `[batch, height, width]` and the score `[batch]`.
  func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V>
}

/// What a detector gives for a batch.
public struct Detection<V: Value> {
  /// `[batch, height, width]`; higher is less normal.
  public var map: V
  /// `[batch]`.
  public var score: V
  /// What a second look says; nil for methods without one.
  public var perceived: Perceived<V>?

  public init(map: V, score: V, perceived: Perceived<V>? = nil) {
    self.map = map
    self.score = score
    self.perceived = perceived
  }
}

/// What a network perceives as anomalous in a batch, apart from its score.
public struct Perceived<V: Value> {
  /// `[batch]`, in 0…1: how anomalous each picture is as a whole.
  public var suspicion: V
  /// `[batch, h, w]`, on the tokens' grid: the probability of each token to be anomalous.
  public var probability: V
  /// `[batch, height, width]`: how unsure that is; higher is less sure.
  public var uncertainty: V

  public init(suspicion: V, probability: V, uncertainty: V) {
    self.suspicion = suspicion
    self.probability = probability
    self.uncertainty = uncertainty
  }
}

/// A method that looks at one aligned feature map F and gives each of its positions an anomaly.
///
/// The map is brought to picture size with aligned corners, and smoothed where asked for.
public protocol AlignedFeatureMethod: AnomalyMethod {
  /// The grid of the aligned features.
  var grid: Grid { get }
  /// How the map becomes the picture's score.
  var score: PictureScore { get }
  /// Deviation of the Gaussian that smooths the map, in pixels; 0 for none.
  var smoothing: Double { get }
}

extension AlignedFeatureMethod {
  public var smoothing: Double { 0 }

  /// Pixel map and score of a token-grid map `[batch, 1, h, w]`.
  public func detect<V: Value>(anomalyMap: V, size: Grid) throws -> Detection<V> {
    let map = try pixels(anomalyMap, size)
    return try Detection(
      map: map, score: score(anomalyMap, enlargedBy: enlarging(size, smoothed: true), pixels: map))
  }

  /// A map of the grid, `[batch, 1, h, w]`, at picture size: `[batch, H, W]`.
  ///
  /// - Parameter smoothed: by the method's Gaussian, if it has one.
  func pixels<V: Value>(_ map: V, _ size: Grid, smoothed: Bool = true) throws -> V {
    try enlarging(size, smoothed: smoothed)(map)
      .reshaped([map.shape[0], size.height, size.width])
  }

  /// What brings a map of the grid to picture size.
  func enlarging(_ size: Grid, smoothed: Bool) -> SeparableFilter {
    let up = SeparableFilter(
      rows: .bilinear(from: grid.height, to: size.height),
      columns: .bilinear(from: grid.width, to: size.width))
    guard smoothed, smoothing > 0 else { return up }
    return up.followed(
      rows: .gaussian(size: size.height, sigma: smoothing),
      columns: .gaussian(size: size.width, sigma: smoothing))
  }

  /// The one aligned map that such a method takes.
  public static func aligned<V: Value>(_ features: [V]) throws -> V {
    guard let aligned = features.first, features.count == 1 else {
      throw NetworkError("\(Self.self) takes one aligned feature map, not \(features.count)")
    }
    return aligned
  }
}

/// A method that rebuilds one aligned feature map F as if its picture were normal, and looks at where
/// the rebuilt map F_rec differs from it: RAS and UniAD, which differ in the network alone.
///
/// The map is S = ‖F − F_rec‖₂ over channels (RAS eq. 14, UniAD §3.4), or another ``Residual``.
public protocol FeatureReconstruction: AlignedFeatureMethod {
  /// Strength of the feature jitter.
  var jitter: Float { get set }
  /// What becomes of the difference.
  var residual: Residual { get set }
  /// What training brings down.
  var loss: ReconstructionLoss { get }

  /// The network that rebuilds, its parameters from `parameters`.
  func reconstructor<V: Value>(_ parameters: Parameters<V>) throws -> any ReconstructingNetwork<V>
}

/// A network that rebuilds features.
public protocol ReconstructingNetwork<V> {
  associatedtype V: Value

  /// F_rec of aligned features F.
  ///
  /// - Parameters:
  ///   - features: F, `[batch, C, H, W]`.
  ///   - noise: where jitter and dropout are drawn from; nil for neither.
  /// - Returns: tokens `[batch, H·W, C]`: what the loss and the anomaly map look at.
  func reconstruction(_ features: V, noise: TrainingNoise<V>?) throws -> V
}

extension FeatureReconstruction {
  public var loss: ReconstructionLoss { .mse }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    try detect(features, size: size, parameters: parameters, noise: nil)
  }

  /// The same with noise on the features that the network sees, while F stays as it is: how much a
  /// trained network tolerates (RAS, Table 6).
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>, noise: TrainingNoise<V>?
  ) throws -> Detection<V> {
    try detect(
      anomalyMap: anomalyMap(
        Self.aligned(features), reconstructor(parameters), noise: noise),
      size: size)
  }

  /// S at the features' own grid, `[batch, 1, h, w]`.
  public func anomalyMap<V: Value>(
    _ features: V, _ network: any ReconstructingNetwork<V>, noise: TrainingNoise<V>? = nil
  ) throws -> V {
    try residual(features.tokens(), network.reconstruction(features, noise: noise)).featureMap(grid)
  }
}

/// What a network that rebuilds features learns by.
public enum ReconstructionLoss: String, SettingChoice {
  /// The mean squared error (RAS eq. 13; UniAD), of RLR with 1 − cos of each token beside it.
  case mse
  /// 1 − cos of whole maps, the gradient at easy positions damped (Dinomaly).
  case cosine
}

/// How the difference between a token's features F and F_rec, what was rebuilt of them, becomes its anomaly.
public enum Residual: String, SettingChoice {
  /// ‖F − F_rec‖₂ over channels (RAS eq. 14, UniAD §3.4).
  case norm
  /// e · d, the mean over channels of (F − F_rec)² times 1 − cos(F, F_rec): large where both the length and
  /// the direction are off.
  case product
  /// e + d
  case sum

  /// The anomaly of each token, `[batch, N, 1]`, of features and rebuilt features `[batch, N, C]`.
  public func callAsFunction<V: Value>(_ tokens: V, _ rebuilt: V) throws -> V {
    let difference = try tokens - rebuilt
    let square = try difference * difference
    return switch self {
    case .norm: try square.sum(axes: [2]).squareRoot()
    case .product: try square.mean(axes: [2]) * tokens.cosineDistance(rebuilt)
    case .sum: try square.mean(axes: [2]) + tokens.cosineDistance(rebuilt)
    }
  }
}
