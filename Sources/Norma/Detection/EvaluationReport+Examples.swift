import Foundation
import NormaCore
import NormaFiles
import NormaReport

extension EvaluationReport {
  /// The report of a model with a new evaluation.
  /// - Parameters:
  ///   - dataset: the data set's name, as people read it.
  ///   - examples: how many pictures each group of a category shows at most.
  public static func content(
    of model: ModelFolder, evaluation: Evaluation, evaluator: Evaluator, dataset: String,
    examples: Int = 6
  ) throws -> ReportContent {
    let calibration = evaluator.calibration
    var content = try before(model)
    content.calibration = ReportContent.Calibration(calibration)
    content.evaluation = ReportContent.Evaluation(
      dataset: dataset,
      categories: try evaluation.result.categories.map {
        try category($0, evaluation: evaluation, evaluator: evaluator, examples: examples)
      },
      mean: ReportContent.Metrics(evaluation.result.mean),
      deciding: evaluation.result.categories.allSatisfy { $0.own != nil } ? .own : .shared,
      autoCategoryAccuracy: evaluation.autoAccuracy, review: evaluation.review,
      reliability: evaluation.reliability)
    if calibration.status == .uncalibrated {
      content.evaluation?.note =
        "The model is uncalibrated. The pictures are sorted by the threshold of the best F1 on these "
        + "very pictures, and outlined where the colours are in their middle."
    }
    return content
  }

  private static func category(
    _ result: CategoryResult, evaluation: Evaluation, evaluator: Evaluator, examples: Int
  ) throws -> ReportContent.Category {
    let pictures = evaluation.pictures(of: result.name)
    let normal = pictures.filter { !$0.sample.label.isAnomalous }.map { Double($0.score) }
    let anomalous = pictures.filter { $0.sample.label.isAnomalous }.map { Double($0.score) }
    let threshold =
      (result.own ?? result.shared)?.threshold ?? ExampleSelection.bestThreshold(pictures)
    let groups = ExampleSelection.groups(pictures, threshold: threshold, limit: examples)
    var drawn = try ExampleRenderer(evaluator: evaluator).render(
      groups.flatMap(\.shown), category: result.name)[...]
    return ReportContent.Category(
      name: result.name, normalCount: result.normalCount, anomalousCount: result.anomalousCount,
      metrics: ReportContent.Metrics(result),
      verdicts: result.verdicts.map {
        ReportContent.Outcome(
          threshold: Double(threshold), falseAlarms: $0.falseAlarms, misses: $0.misses)
      },
      shared: result.shared.flatMap(ReportContent.Outcome.init),
      own: result.own.flatMap(ReportContent.Outcome.init), normalScores: normal,
      anomalousScores: anomalous,
      roc: ReportContent.rocCurve(normal: normal, anomalous: anomalous),
      examples: groups.map { group in
        defer { drawn = drawn.dropFirst(group.shown.count) }
        return ReportContent.ExampleGroup(
          fate: group.fate, total: group.total,
          examples: drawn.prefix(group.shown.count).compactMap { $0 })
      })
  }
}

/// Which test pictures a report shows: for each fate the worst ones.
struct ExampleSelection {
  /// The pictures of one fate in one category.
  struct Group {
    var fate: ReportContent.Fate
    /// How many pictures share the fate.
    var total: Int
    var shown: [EvaluatedPicture]
  }

  /// The groups of one category's pictures, in the order of `Fate.allCases`.
  static func groups(
    _ pictures: [EvaluatedPicture], threshold: Float, limit: Int
  ) -> [Group] {
    ReportContent.Fate.allCases.map { fate in
      let sharing = pictures.filter { self.fate(of: $0, threshold: threshold) == fate }
      let order = fate.worstFirst(sharing.map { Double($0.score) })
      return Group(fate: fate, total: sharing.count, shown: order.prefix(limit).map { sharing[$0] })
    }
  }

  /// Nil for a normal picture that was taken as one.
  private static func fate(
    of picture: EvaluatedPicture, threshold: Float
  ) -> ReportContent.Fate? {
    switch (picture.sample.label.isAnomalous, picture.flagged ?? (picture.score > threshold)) {
    case (true, true): .caught
    case (true, false): .missed
    case (false, true): .falselyFlagged
    case (false, false): nil
    }
  }

  /// The threshold with the best F1 on these pictures: what an uncalibrated model's pictures are
  /// sorted by, for want of a better one.
  static func bestThreshold(_ pictures: [EvaluatedPicture]) -> Float {
    let ranked = pictures.sorted { $0.score > $1.score }
    let positives = ranked.count { $0.sample.label.isAnomalous }
    var best = (f1: -1.0, threshold: Float.infinity)
    var hits = 0
    for (index, picture) in ranked.enumerated() {
      if picture.sample.label.isAnomalous { hits += 1 }
      let next = index + 1 < ranked.count ? ranked[index + 1].score : -.infinity
      guard next < picture.score else { continue }
      let f1 = 2 * Double(hits) / Double(index + 1 + positives)
      if f1 > best.f1 { best = (f1, next) }
    }
    return best.threshold
  }
}

/// Draws test pictures for a report: the picture, its heat map, the regions that were found and those
/// that people marked.
struct ExampleRenderer: Sendable {
  let evaluator: Evaluator
  /// The longer side of the drawings, in pixels.
  var side = 320
  var quality = 82

  /// The drawings of `pictures`, all of one category, in their order; nil of one that can no longer be read.
  func render(
    _ pictures: [EvaluatedPicture], category: String
  ) throws -> [ReportContent.Example?] {
    let calibration = evaluator.calibration
    let known = calibration.knownCategories.contains(category) ? category : nil
    let pixelThreshold = try calibration.pixelThreshold(category: known)?.value
    var detections: [PictureDetection?] = []
    try evaluator.detector.detect(pictures.map(\.sample.path), reader: evaluator.reader) {
      if case .detected(let detection) = $1 { detections.append(detection) }
      if case .unreadable = $1 { detections.append(nil) }
    }
    let scale =
      pixelThreshold.map(HeatScale.init(pixelThreshold:))
      ?? HeatScale(range: detections.compactMap { $0?.map })
    // Without a threshold the outline runs where the colours are in their middle.
    let outline = pixelThreshold ?? (scale.low + scale.high) / 2
    return zip(pictures, detections).map { picture, detection in
      detection.flatMap { try? draw(picture, $0, scale: scale, outline: outline) }
    }
  }

  private func draw(
    _ evaluated: EvaluatedPicture, _ detection: PictureDetection, scale: HeatScale, outline: Float
  ) throws -> ReportContent.Example {
    let sample = evaluated.sample
    let picture = try evaluator.reader.read(sample.path, fitting: side)
    let found = detection.map.mask(
      above: outline, width: picture.width, height: picture.height)
    var truth: Data?
    if sample.label.isAnomalous,
      let mask = try? evaluator.reader.readMask(
        of: sample, width: picture.width, height: picture.height)
    {
      truth = try jpeg(picture.outlined(mask, colour: .truth))
    }
    return ReportContent.Example(
      fileName: Self.shortName(sample), score: Double(evaluated.score), pValue: evaluated.pValue,
      isUnknown: evaluated.unknown == true ? true : nil,
      picture: try jpeg(picture),
      heatMap: try jpeg(picture.overlaid(with: detection.map, scale: scale)),
      contour: try jpeg(picture.outlined(found, colour: .found)), groundTruth: truth)
  }

  private func jpeg(_ picture: Picture) throws -> Data {
    try PictureWriter.jpeg(picture, quality: quality)
  }

  /// `broken_small/003.jpg`.
  private static func shortName(_ sample: Sample) -> String {
    let name = FilePath.name(sample.path)
    let kind = sample.label.defect ?? "good"
    return FilePath.name(FilePath.parent(sample.path)) == kind ? "\(kind)/\(name)" : name
  }
}
