import NormaCore
import NormaFiles

/// Measures a model on labelled test pictures.
public struct Evaluator: Sendable {
  let detector: Detector
  let calibration: Calibration
  let reader: PictureReader
  let disturbance: Disturbance?

  /// - Parameter disturbance: makes every picture, and its mask with it, worse before it is inspected;
  ///   nil leaves them as they are.
  public init(
    detector: Detector, calibration: Calibration, reader: PictureReader = PictureReader(),
    disturbance: Disturbance? = nil
  ) {
    self.detector = detector
    self.calibration = calibration
    self.reader = reader
    self.disturbance = disturbance
  }

  /// Opens a model's calibration and compiles its graph.
  /// - Parameter reader: nil reads pictures as the model was trained.
  public init(
    model: ModelFolder, reader: PictureReader? = nil, engine: Detector.Options = .init()
  ) throws {
    try self.init(
      detector: Detector(model: model, options: engine),
      calibration: model.calibration(),
      reader: reader ?? PictureReader(for: model.manifest))
  }

  /// Inspects the test pictures of `dataset` and measures them. Maps are measured at the network's
  /// size, masks brought to it by nearest neighbour. Pictures and masks that cannot be read are left
  /// out and named, those that the data set says are unusable among them.
  ///
  /// - Parameter progress: called after each picture with how many are done; may throw to stop.
  /// - Throws: `DatasetProblem` when there is nothing to test with, `DetectionError` when the model
  ///   gives what is not a number, `MetricError` when the disk for pixels is full.
  public func evaluate(
    _ dataset: Dataset, progress: (_ done: Int, _ of: Int) throws -> Void = { _, _ in }
  ) throws -> Evaluation {
    try dataset.validateForEvaluation()
    // The tally closes a category when the next one begins.
    let samples = dataset.test.sorted { ($0.category, $0.path) < ($1.category, $1.path) }
    var tally = Tally(
      calibration: calibration, samples: samples, unusable: dataset.unusableForTest)
    let size = detector.imageSize
    let work: @Sendable (Int, FileDetection) throws -> Measured = { [self] index, found in
      switch found {
      case .unreadable(let problem): return .unreadable(problem)
      case .detected(let detection):
        return .detected(detection, truth(of: samples[index], size: size))
      }
    }
    try detector.detect(
      samples.map(\.path), reader: reader, disturbance: disturbance, refine: work
    ) { index, measured in
      try tally.add(samples[index], measured)
      try progress(index + 1, samples.count)
    }
    return try tally.finish()
  }

  /// A test picture after inspection.
  enum Measured: Sendable {
    case detected(Detection, Truth)
    case unreadable(FileProblem)
  }

  /// Which pixels of a picture are anomalous.
  enum Truth: Sendable {
    /// None: the picture is normal.
    case normal
    case mask(Mask)
    /// The picture is anomalous, but nobody marked where.
    case unknown
    case unreadable(FileProblem)
  }

  private func truth(of sample: Sample, size: Int) -> Truth {
    guard sample.label.isAnomalous else { return .normal }
    do {
      guard let mask = try reader.readMask(of: sample, width: size, height: size) else {
        return .unknown
      }
      return .mask(try disturbance.map(mask.disturbed) ?? mask)
    } catch {
      return .unreadable(
        error as? FileProblem
          ?? FileProblem(path: sample.mask ?? sample.path, reason: "\(error)"))
    }
  }
}
