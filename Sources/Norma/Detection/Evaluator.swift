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

  /// See ``Detector/caution``.
  public var caution: String? { detector.caution }

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
    case detected(PictureDetection, Truth)
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

extension Evaluator {
  /// Collects an evaluation picture by picture, a category after the other, so that the pixels of only
  /// one category are held at a time.
  struct Tally {
    private let calibration: Calibration
    private let categoriesWithMasks: Set<String>
    private var pictures: [EvaluatedPicture] = []
    private var unreadable: [FileProblem]
    private var notes: [String] = []
    private var pixels: [String: PixelResult] = [:]
    private var current: (category: String, metrics: PixelMetrics)?
    private var reliability = ReliabilityDiagram.Counter()
    private var withoutMask: [String: Int] = [:]
    private var sizes: [String: [String]] = [:]

    /// - Parameter unusable: files that are known to be missing before anything is measured.
    init(calibration: Calibration, samples: [Sample], unusable: [UnusableFile]) {
      self.calibration = calibration
      unreadable = unusable.map { FileProblem(path: $0.path, reason: $0.reason) }
      categoriesWithMasks = Set(
        samples.filter { $0.label.isAnomalous && $0.mask != nil }.map(\.category))
    }

    mutating func add(_ sample: Sample, _ measured: Measured) throws {
      switch measured {
      case .unreadable(let problem):
        unreadable.append(problem)
      case .detected(let detection, let truth):
        let known = calibration.knownCategories.contains(sample.category)
        let category = known ? sample.category : nil
        let isCalibrated = calibration.status != .uncalibrated
        let verdict = try calibration.verdict(
          path: sample.path, score: detection.score, feature: detection.feature)
        pictures.append(
          EvaluatedPicture(
            sample: sample, score: detection.score,
            pValue: isCalibrated
              ? calibration.pValue(score: detection.score, category: category) : nil,
            recognized: calibration.nearestCategory(feature: detection.feature),
            level: verdict.level, flagged: verdict.anomalous, unknown: verdict.unknown,
            uncertainty: detection.perceived.flatMap {
              calibration.uncertainty(suspicion: $0.suspicion, score: detection.score)
            }))
        try add(sample, detection, truth)
      }
    }

    private mutating func add(_ sample: Sample, _ detection: PictureDetection, _ truth: Truth)
      throws
    {
      guard categoriesWithMasks.contains(sample.category) else { return }
      var marked: Mask?
      switch truth {
      case .normal: marked = nil
      case .mask(let mask):
        marked = mask
        if mask.original != detection.original {
          sizes[sample.category, default: []].append(
            "\(FilePath.name(sample.mask ?? sample.path)) (\(mask.original) for \(detection.original))"
          )
        }
      case .unknown:
        withoutMask[sample.category, default: 0] += 1
        return
      case .unreadable(let problem):
        unreadable.append(problem)
        return
      }
      try metrics(of: sample.category).add(
        map: detection.map.values, mask: marked?.values, width: detection.map.width,
        height: detection.map.height)
      if let said = detection.perceived?.probability { try add(said, marked) }
    }

    /// The pictures are those of the pixel metrics; a token that a defect covers in part counts in part.
    private mutating func add(_ said: AnomalyMap, _ marked: Mask?) throws {
      let truth = marked?.shares(columns: said.width, rows: said.height)
      for (token, probability) in said.values.enumerated() {
        try reliability.add(probability, truth: truth?[token] ?? 0)
      }
    }

    private mutating func metrics(of category: String) throws -> PixelMetrics {
      if let current, current.category == category { return current.metrics }
      try closeCategory()
      let metrics = try PixelMetrics()
      current = (category, metrics)
      return metrics
    }

    private mutating func closeCategory() throws {
      guard let current else { return }
      pixels[current.category] = try current.metrics.finish()
      self.current = nil
    }

    mutating func finish() throws -> Evaluation {
      try closeCategory()
      let scored = pictures.map {
        ScoredPicture(
          path: $0.sample.path, category: $0.sample.category,
          isAnomalous: $0.sample.label.isAnomalous, score: $0.score, flagged: $0.flagged,
          level: $0.level, unknown: $0.unknown)
      }
      let decided = scored.compactMap { ReviewDial.Picture($0) }
      let recognized = pictures.filter { $0.recognized != nil }
      let right = recognized.count { $0.recognized == $0.sample.category }
      noteMasks()
      return Evaluation(
        result: try EvaluationResult(pictures: scored, pixels: pixels, calibration: calibration),
        pictures: pictures, unreadable: unreadable, notes: notes,
        unknown: unknown,
        autoAccuracy: recognized.isEmpty ? nil : Double(right) / Double(recognized.count),
        review: decided.isEmpty ? nil : ReviewDial(decided), reliability: reliability.diagram)
    }

    private var unknown: Evaluation.Unknown? {
      let known = pictures.filter { $0.unknown != nil }
      guard !known.isEmpty else { return nil }
      let found = known.filter { $0.unknown == true }
      return Evaluation.Unknown(
        normal: found.count { !$0.sample.label.isAnomalous },
        anomalous: found.count { $0.sample.label.isAnomalous },
        normalPictures: known.count { !$0.sample.label.isAnomalous }, rate: calibration.unknownRate)
    }

    private mutating func noteMasks() {
      for (category, count) in withoutMask.sorted(by: { $0.key < $1.key }) {
        notes.append(
          "\(category): \(counted(count, "anomalous picture")) without a mask, left out of the pixel "
            + "metrics")
      }
      for (category, names) in sizes.sorted(by: { $0.key < $1.key }) {
        notes.append(
          "\(category): \(counted(names.count, "mask")) of another size than the picture, brought to "
            + "the map's size like all others; for instance \(names[0])")
      }
    }
  }
}

/// What an evaluation found on a data set's test pictures.
public struct Evaluation: Sendable {
  /// Metrics, and what the thresholds did, by category, in the mean and pooled.
  public var result: EvaluationResult
  /// Every picture that could be read, in the data set's order.
  public var pictures: [EvaluatedPicture]
  /// Test pictures, masks and folders of them that could not be read or used.
  public var unreadable: [FileProblem]
  /// What a person should know about how the numbers came about.
  public var notes: [String]
  /// How many pictures were like no category that the model knows; nil when it cannot tell.
  public var unknown: Unknown?
  /// The share of pictures whose nearest category, by mean trunk feature, is their own; nil when the
  /// model cannot tell.
  public var autoAccuracy: Double?
  /// What it is worth to send the pictures in doubt to a person; nil when the model is uncalibrated.
  public var review: ReviewDial?
  /// How far the model's probabilities of a token to be anomalous hold, on the pictures that the pixel
  /// metrics are of; nil when it gives none, or no category has masks.
  public var reliability: ReliabilityDiagram?

  /// The metrics by name, as a manifest keeps them: of the mean as they are, of a category after its
  /// name and a dot.
  public var figures: [String: Double] {
    var figures: [String: Double] = [:]
    func add(_ result: CategoryResult, _ prefix: String) {
      figures[prefix + "imageAUROC"] = result.imageAUROC
      figures[prefix + "imageAP"] = result.imageAP
      figures[prefix + "imageF1Max"] = result.imageF1Max
      figures[prefix + "pixelAUROC"] = result.pixelAUROC
      figures[prefix + "pixelAP"] = result.pixelAP
      figures[prefix + "aupro"] = result.aupro
    }
    add(result.mean, "")
    for category in result.categories { add(category, category.name + ".") }
    return figures
  }

  /// The pictures of one category.
  public func pictures(of category: String) -> [EvaluatedPicture] {
    pictures.filter { $0.sample.category == category }
  }
}

extension Evaluation {
  /// Pictures that were taken for none of the categories.
  public struct Unknown: Codable, Sendable, Equatable {
    /// Of those that are normal.
    public var normal: Int
    /// Of those that are anomalous.
    public var anomalous: Int
    /// Normal pictures in all.
    public var normalPictures: Int
    /// The share of normal pictures that was promised.
    public var rate: Double
  }
}

/// One test picture and what the model said of it.
public struct EvaluatedPicture: Sendable, Hashable {
  public var sample: Sample
  /// The image score; higher is more anomalous.
  public var score: Float
  /// The share of normal pictures of its category that score as high; nil when uncalibrated.
  public var pValue: Double?
  /// The category that it was taken for; nil when the model cannot tell.
  public var recognized: String?
  /// Of the verdict by the category recognised (``Verdict/level``); nil when uncalibrated.
  public var level: Double?
  /// Whether it was called anomalous, or unknown; nil when uncalibrated.
  public var flagged: Bool?
  /// Whether it was like no category; nil when the model cannot tell.
  public var unknown: Bool?
  /// How uncertain the shared threshold's verdict is; nil when the model does not know.
  public var uncertainty: Float?
}
