import Networks
import NormaCore
import Torch

/// How much higher a normal picture scores when the network has not seen it: what a model that was
/// trained on all its pictures cannot measure on them.
///
/// The pictures are split into folds. For each fold a network is trained on the others by a short
/// schedule. A picture's gap is the score by the one network that has not seen it over the mean of the
/// scores by those that have. The shipped model's score of a training picture, times its gap, stands in
/// for the score of a held-out one: the ratio carries over where the scale, which falls as training
/// goes on, does not.
public struct CrossFit {
  public let folds: Int
  public let method: any LearningMethod
  public let data: TrainingData
  public let settings: TrainingSettings
  public let imageSize: Int

  public init(
    folds: Int, method: any LearningMethod, data: TrainingData, settings: TrainingSettings,
    imageSize: Int
  ) {
    self.folds = folds
    self.method = method
    self.data = data
    self.settings = settings
    self.imageSize = imageSize
  }

  /// A picture's gap, of its score and of its map's peak.
  public struct Gap: Codable, Equatable, Sendable {
    public var score: Double
    public var peak: Double
    /// Of its suspicion; nil for methods without a perception.
    public var suspicion: Double?

    public init(score: Double, peak: Double, suspicion: Double? = nil) {
      self.score = score
      self.peak = peak
      self.suspicion = suspicion
    }
  }

  /// The gaps of `samples`, which are the pictures of `data.training` in its order; nil when stopped on
  /// request. A category's only scene, which no fold can spare, gets the mean of the others'.
  /// - Parameter scenes: of every sample the number of its scene; nil: each is one of its own.
  public func gaps(
    samples: [Sample], scenes: [Int]? = nil, shouldStop: () -> Bool,
    report: (Int, TrainingProgress) -> Void
  ) throws -> [Gap]? {
    // Keyed by bytes: two names that look alike may be written differently and be two files.
    let indices = Dictionary(
      zip(samples.map { Array($0.path.utf8) }, data.training), uniquingKeysWith: { $1 })
    var unseen: [Int: StoredPictureScore] = [:]
    var seen: [Int: [StoredPictureScore]] = [:]
    let parts = Holdout.folds(samples, scenes: scenes, count: folds, seed: settings.seed)
    for (number, fold) in parts.enumerated() {
      let part = TrainingData(
        store: data.store, training: fold.training.compactMap { indices[Array($0.path.utf8)] },
        heldOut: [],
        standardization: data.standardization, twins: data.twins, categories: data.categories)
      let training = try method.training(
        on: part, settings: settings, fingerprint: "fold \(number)")
      let outcome = try training.train(
        checkpoint: nil, checkpointSeconds: 0, shouldStop: shouldStop
      ) { report(number, $0) }
      guard case .finished(let network) = outcome else { return nil }
      let scores = try StoredPictureScore.all(
        of: data.training, data: data, method: method, imageSize: imageSize, network: network)
      let trainedOn = Set(part.training)
      for (index, score) in zip(data.training, scores) {
        if trainedOn.contains(index) {
          seen[index, default: []].append(score)
        } else {
          unseen[index] = score
        }
      }
    }
    let gaps = data.training.map { index -> Gap? in
      guard let new = unseen[index], let known = seen[index] else { return nil }
      return Gap(
        score: Self.ratio(new.score, known.map(\.score)),
        peak: Self.ratio(new.peak, known.map(\.peak)),
        suspicion: new.suspicion.map { Self.ratio($0, known.compactMap(\.suspicion)) })
    }
    let mean = Self.mean(gaps.compactMap { $0 })
    return gaps.map { $0 ?? mean }
  }

  private static func mean(_ gaps: [Gap]) -> Gap {
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return Gap(
      score: mean(gaps.map(\.score)) ?? 1, peak: mean(gaps.map(\.peak)) ?? 1,
      suspicion: mean(gaps.compactMap(\.suspicion)))
  }

  private static func ratio(_ unseen: Float, _ seen: [Float]) -> Double {
    let mean = seen.reduce(0.0) { $0 + Double($1) } / Double(max(1, seen.count))
    return mean > 0 ? Double(unseen) / mean : 1
  }
}

/// What a network in LibTorch says of a stored picture.
public struct StoredPictureScore: Codable, Equatable, Sendable {
  /// The image score.
  public var score: Float
  /// The largest value of the pixel map.
  public var peak: Float
  /// How anomalous the picture is to the network's perception; nil for methods without one.
  public var suspicion: Float?

  /// Scores of the pictures at `indices`, in 32-bit precision.
  static func all(
    of indices: [Int], data: TrainingData, method: any AnomalyMethod, imageSize: Int,
    network: TrainedNetwork
  ) throws -> [StoredPictureScore] {
    let parameters = try Parameters(constants: network.weights)
    return try withoutGradient {
      var scores: [StoredPictureScore] = []
      for first in stride(from: 0, to: indices.count, by: 16) {
        let batch = Array(indices[first..<min(first + 16, indices.count)])
        let found = try method.detect(
          data.batch(batch), size: Grid(height: imageSize, width: imageSize), parameters: parameters
        )
        let peaks = try found.map.maximum(axes: [1, 2]).floats()
        let suspicions: [Float?] =
          try found.perceived?.suspicion.floats() ?? peaks.map { _ in nil }
        scores += try zip(zip(found.score.floats(), peaks), suspicions).map {
          StoredPictureScore(score: $0.0, peak: $0.1, suspicion: $1)
        }
      }
      return scores
    }
  }
}
