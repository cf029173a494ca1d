import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// A trained detector in LibTorch, in 32-bit precision, on stored pictures: what inspects where there is
/// no OpenVINO.
struct StoreDetector {
  private let trained: TrainedDetector
  private let pictures: PictureStore
  private let backbone: Parameters<Tensor>
  private let weights: Parameters<Tensor>

  init(_ trained: TrainedDetector, pictures: PictureStore) throws {
    self.trained = trained
    self.pictures = pictures
    backbone = try Parameters(constants: trained.prepared.parameters)
    weights = try Parameters(constants: trained.network.weights)
  }

  /// Pictures that are computed at once.
  static var batch: Int { Machine.device == .cpu ? 8 : 64 }

  /// Detection and mean feature of the pictures at `places`.
  /// - Parameter jitter: noise on the features that the network sees; nil: none.
  func callAsFunction(
    _ places: [Int], jitter: FeatureJitter<Tensor>? = nil
  ) throws -> (detection: Detection<Tensor>, feature: Tensor) {
    let side = trained.trunk.imageSize
    return try withoutGradient {
      try trained.detector(
        Tensor(bytes: pictures.pictures(places), shape: [places.count, side, side, 3]),
        backbone: backbone, parameters: weights, jitter: jitter)
    }
  }
}

/// Inspects normal pictures of a store: what thresholds come from where there is no OpenVINO.
public struct StoreInspector {
  private let detector: StoreDetector
  private let pictures: PictureStore

  public init(_ trained: TrainedDetector, pictures: PictureStore) throws {
    self.pictures = pictures
    detector = try StoreDetector(trained, pictures: pictures)
  }

  /// Scores of `samples`, which are pictures of the store, in their order.
  /// - Parameter progress: called before each batch; it may throw to stop.
  public func inspect(
    _ samples: [Sample], progress: () throws -> Void
  ) throws -> NormalPictures {
    var found: [NormalPictures.Picture] = []
    for first in stride(from: 0, to: samples.count, by: StoreDetector.batch) {
      try progress()
      found += try inspect(
        Array(samples[first..<min(first + StoreDetector.batch, samples.count)]))
    }
    return NormalPictures(found)
  }

  private func inspect(_ samples: [Sample]) throws -> [NormalPictures.Picture] {
    let (detection, feature) = try detector(pictures.places(of: samples.map(\.path)))
    let scores = try detection.score.floats()
    let peaks = try detection.map.maximum(axes: [1, 2]).floats()
    let features = try feature.floats()
    let suspicions = try detection.perceived?.suspicion.floats()
    let channels = features.count / samples.count
    return samples.indices.map {
      NormalPictures.Picture(
        category: samples[$0].category, score: scores[$0], peak: peaks[$0],
        feature: Array(features[$0 * channels..<($0 + 1) * channels]),
        suspicion: suspicions?[$0])
    }
  }
}

/// Measures a trained network on a store's labelled pictures, in LibTorch: what `norma evaluate` measures
/// of the model, where there is no OpenVINO.
public struct StoreEvaluator {
  /// What an evaluation finds.
  public struct Found {
    public var result: EvaluationResult
    /// By category, then path.
    public var pictures: [ScoredPicture]
  }

  private let detector: StoreDetector
  private let pictures: PictureStore
  private let jitter: Float?
  private let noise: DetectionNoise?

  /// - Parameters:
  ///   - jitter: strength of the noise on features (RAS, Table 6); nil: none.
  ///   - seed: that the noise is drawn from.
  public init(
    _ trained: TrainedDetector, pictures: PictureStore, jitter: Double? = nil, seed: UInt64 = 0
  ) throws {
    self.pictures = pictures
    self.jitter = jitter.map(Float.init)
    detector = try StoreDetector(trained, pictures: pictures)
    noise = trained.trunk.outputs.first.map {
      DetectionNoise(seed: seed, shape: [1, $0.grid.count, $0.channels])
    }
  }

  /// - Parameters:
  ///   - samples: pictures of the store.
  ///   - progress: called before each batch with how many are done; it may throw to stop.
  /// - Throws: `FileProblem` for a picture that the store does not hold, `MetricError` for maps that are
  ///   no numbers.
  public func evaluate(
    _ samples: [Sample], calibration: Calibration, progress: (Int) throws -> Void = { _ in }
  ) throws -> Found {
    var scored: [ScoredPicture] = []
    var pixels: [String: PixelResult] = [:]
    let categories = Dictionary(grouping: samples, by: \.category).sorted { $0.key < $1.key }
    for (category, samples) in categories {
      let samples = samples.sorted { $0.path < $1.path }
      let places = try pictures.places(of: samples.map(\.path))
      let metrics =
        try places.contains { pictures.mask($0) != nil } ? PixelMetrics() : nil
      for first in stride(from: 0, to: samples.count, by: StoreDetector.batch) {
        try progress(scored.count)
        let range = first..<min(first + StoreDetector.batch, samples.count)
        scored += try measure(
          Array(samples[range]), Array(places[range]), metrics, calibration)
      }
      pixels[category] = try metrics?.finish()
    }
    return Found(
      result: try EvaluationResult(pictures: scored, pixels: pixels, calibration: calibration),
      pictures: scored)
  }

  private func measure(
    _ samples: [Sample], _ places: [Int], _ metrics: PixelMetrics?, _ calibration: Calibration
  ) throws -> [ScoredPicture] {
    let (detection, feature) = try detector(places, jitter: jitter(on: samples))
    let scores = try detection.score.floats()
    let features = try feature.floats()
    let channels = features.count / max(1, samples.count)
    let suspicions = try detection.perceived?.suspicion.floats()
    if let metrics {
      let side = pictures.origin.imageSize
      let maps = try detection.map.floats()
      for (index, sample) in samples.enumerated() {
        let mask = pictures.mask(places[index])
        // Where nobody marked the defect no pixel is known to be one or the other.
        if sample.label.isAnomalous, mask == nil { continue }
        try metrics.add(
          map: Array(maps[index * side * side..<(index + 1) * side * side]),
          mask: sample.label.isAnomalous ? mask : nil, width: side, height: side)
      }
    }
    return try samples.indices.map { index in
      let verdict = try calibration.verdict(
        path: samples[index].path, score: scores[index],
        feature: Array(features[index * channels..<(index + 1) * channels]))
      return ScoredPicture(
        path: samples[index].path, category: samples[index].category,
        isAnomalous: samples[index].label.isAnomalous, score: scores[index],
        uncertainty: suspicions.flatMap {
          calibration.uncertainty(suspicion: $0[index], score: scores[index])
        },
        flagged: verdict.anomalous, level: verdict.level, unknown: verdict.unknown)
    }
  }

  private func jitter(on samples: [Sample]) throws -> FeatureJitter<Tensor>? {
    guard let jitter, let noise else { return nil }
    return FeatureJitter(
      strength: jitter,
      normal: try Tensor(
        samples.flatMap { noise.values(for: $0.path) },
        shape: [samples.count] + noise.shape.dropFirst()))
  }
}

/// The trunk in LibTorch, on stored pictures: on a GPU the quick way to features, on a processor the
/// one that needs nothing but LibTorch.
public struct TrunkExtractor: FeatureExtractor {
  public let shapes: [FeatureShape]
  private let trunk: Trunk
  private let parameters: Parameters<Tensor>
  private let bf16: Bool
  private let pictures: PictureStore

  /// - Parameters:
  ///   - parameters: the backbone's, batch norms folded.
  ///   - bf16: convolutions in 16-bit brain floats, where the device has them.
  public init(
    trunk: Trunk, parameters: [String: WeightTensor], bf16: Bool, pictures: PictureStore
  ) throws {
    self.trunk = trunk
    self.bf16 = bf16
    self.pictures = pictures
    self.parameters = try Parameters(constants: parameters)
    shapes = trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
  }

  /// The paths are those of the store's pictures.
  public func extract(
    _ requests: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws {
    func stored(_ path: String) throws -> [UInt8] {
      try pictures.pictures(pictures.places(of: [path]))
    }
    let size = Machine.device == .cpu ? 8 : 64
    for first in stride(from: 0, to: requests.count, by: size) {
      let batch = requests[first..<min(first + size, requests.count)]
      let bytes = try batch.flatMap { request in
        let picture = try stored(request.path)
        return try request.twin.map {
          try $0.painted(picture, with: stored($0.texture), side: trunk.imageSize)
        } ?? picture
      }
      for (offset, features) in try features(bytes, count: batch.count).enumerated() {
        try features.withUnsafeBufferPointer { try consume(first + offset, .success($0)) }
      }
    }
  }

  /// Each picture's maps, one after the other.
  ///
  /// - Parameter bytes: of `count` pictures, one after the other.
  private func features(_ bytes: [UInt8], count: Int) throws -> [[Float]] {
    let side = trunk.imageSize
    let maps = try withoutGradient {
      try withBF16Autocast(bf16) {
        try trunk(
          Tensor(bytes: bytes, shape: [count, side, side, 3]), parameters: parameters)
      }
    }
    let values = try maps.map { try $0.floats() }
    return (0..<count).map { picture in
      zip(values, shapes).flatMap { $0[picture * $1.count..<(picture + 1) * $1.count] }
    }
  }
}
