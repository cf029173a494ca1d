/// URA-Net as a detector: where F and F_rec differ, and what the perception says, how sure it was.
public struct URANetMethod: AlignedFeatureMethod, Equatable {
  /// What a token's features F are compared with.
  public enum Comparison: String, Sendable, CaseIterable {
    /// F_rec = (1 − m)F + mR: a token counts the more, the more of it is rewritten.
    case region
    /// (1 − m₀)F + m₀R: all tokens count alike, and the perception decides what R may see, no more. Needs
    /// a floor m₀.
    case uniform
  }

  /// Which variance of the perception the model shows as its uncertainty.
  public enum Variance: String, Sendable, CaseIterable {
    /// p(1 − p): of the answer.
    case total
    /// u: of the weights, what more training pictures could take away.
    case epistemic
  }

  /// How the pixel map becomes the picture's score.
  public enum Scoring: Sendable, Equatable {
    /// The map's largest mean over squares of `scorePooling` pixels.
    case maximum
    /// The mean of the largest of the map's values, so large a share of them: at least one.
    case top(share: Double)
  }

  public var configuration: URANetConfiguration
  public var residual = Residual.product
  public var compared = Comparison.uniform
  /// Deviation of the Gaussian that smooths the map, in pixels; 0 for none.
  public var smoothing = 4.0
  public var scoring = Scoring.maximum
  /// Side of the average pooling before the score's maximum, in pixels; 1 for the map's own maximum.
  public var scorePooling = 16
  public var variance = Variance.total
  /// The share of a picture's tokens, those that are most probably anomalous, that its suspicion is the
  /// mean of: at least one.
  public var suspicious = 0.02
  /// What training does to features and how it weighs its losses.
  public var training = URANetTrainingConfiguration()

  public var grid: Grid { configuration.grid }

  public init(_ configuration: URANetConfiguration) {
    self.configuration = configuration
  }

  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let tokens = try Self.aligned(features).tokens()
    let found = try URANet(configuration, parameters)(tokens)
    let anomaly = try residual(tokens, compared(found)).featureMap(grid)
    let map = try pixels(anomaly, size)
    let probability = found.perception.probability
    return try Detection(
      map: map, score: score(anomaly, pixels: map, size),
      perceived: Perceived(
        suspicion: suspicion(probability),
        probability: probability.reshaped([anomaly.shape[0], grid.height, grid.width]),
        uncertainty: pixels(
          uncertainty(found.perception).featureMap(grid), size, smoothed: false)))
  }

  private func compared<V: Value>(_ found: Restoration<V>) throws -> V {
    switch compared {
    case .region: try found.tokens
    case .uniform: try found.tokens(share: configuration.floor)
    }
  }

  /// The deviation of each token's answer, `[batch, N, 1]`: 0 is sure, ½ knows nothing.
  public func uncertainty<V: Value>(_ perceived: Perception<V>) throws -> V {
    switch variance {
    case .total: try perceived.total().squareRoot()
    case .epistemic: perceived.deviation
    }
  }

  /// How anomalous each picture is to the perception, `[batch]`: the mean of the largest of its tokens'
  /// probabilities `[batch, N, 1]`. A single token would be a matter of chance, and the mean of all
  /// would not see a small defect.
  public func suspicion<V: Value>(_ probability: V) throws -> V {
    let (pictures, tokens) = (probability.shape[0], configuration.grid.count)
    let count = min(tokens, max(1, Int((suspicious * Double(tokens)).rounded())))
    return try probability.reshaped([pictures, tokens]).largest(count, axis: 1)
      .mean(axes: [1]).reshaped([pictures])
  }

  /// How far each picture departs from normal, `[batch]`.
  ///
  /// - Parameters:
  ///   - anomaly: of the tokens, `[batch, 1, h, w]`.
  ///   - pixels: what became of it at picture size.
  private func score<V: Value>(_ anomaly: V, pixels: V, _ size: Grid) throws -> V {
    guard case .top(let share) = scoring else { return try maximum(anomaly, size) }
    let count = min(size.count, max(1, Int((share * Double(size.count)).rounded())))
    return try pixels.reshaped([pixels.shape[0], size.count]).largest(count, axis: 1)
      .mean(axes: [1]).reshaped([pixels.shape[0]])
  }
}
