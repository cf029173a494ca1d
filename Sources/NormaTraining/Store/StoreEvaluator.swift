import Networks
import NormaCore
import Torch

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
    let detection = try detector(places, jitter: jitter(on: samples)).detection
    let scores = try detection.score.floats()
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
    return samples.indices.map { index in
      ScoredPicture(
        path: samples[index].path, category: samples[index].category,
        isAnomalous: samples[index].label.isAnomalous, score: scores[index],
        uncertainty: suspicions.flatMap {
          calibration.uncertainty(suspicion: $0[index], score: scores[index])
        })
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
