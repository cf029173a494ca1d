import NormaCore
import NormaFiles

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
        pictures.append(
          EvaluatedPicture(
            sample: sample, score: detection.score,
            pValue: isCalibrated
              ? calibration.pValue(score: detection.score, category: category) : nil,
            recognized: calibration.nearestCategory(feature: detection.feature),
            uncertainty: detection.perceived.flatMap {
              calibration.uncertainty(suspicion: $0.suspicion, score: detection.score)
            }))
        try add(sample, detection, truth)
      }
    }

    private mutating func add(_ sample: Sample, _ detection: Detection, _ truth: Truth) throws {
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
          isAnomalous: $0.sample.label.isAnomalous, score: $0.score)
      }
      let recognized = pictures.filter { $0.recognized != nil }
      let right = recognized.count { $0.recognized == $0.sample.category }
      noteMasks()
      return Evaluation(
        result: try EvaluationResult(pictures: scored, pixels: pixels, calibration: calibration),
        pictures: pictures, unreadable: unreadable, notes: notes,
        autoAccuracy: recognized.isEmpty ? nil : Double(right) / Double(recognized.count),
        review: review, reliability: reliability.diagram)
    }

    private var review: ReviewDial? {
      guard let threshold = calibration.shared?.value else { return nil }
      let known = pictures.compactMap { picture in
        picture.uncertainty.map {
          ReviewDial.Picture(
            isAnomalous: picture.sample.label.isAnomalous, score: picture.score,
            threshold: threshold, uncertainty: $0)
        }
      }
      return known.isEmpty ? nil : ReviewDial(known)
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
