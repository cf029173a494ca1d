import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import NormaTraining

/// `norma calibrate`: new thresholds from new normal pictures, without training again.
public struct CalibrationJob {
  /// What somebody wants calibrated.
  public struct Request {
    public var model: ModelFolder
    /// A folder of normal pictures, in sub-folders named as the model's categories, or directly for a model
    /// of one.
    public var pictures: String
    /// The share of normal pictures that may be called anomalous; nil: as before.
    public var rate: Double?
    public var reader: PictureReader
    /// Whether pictures that the model was trained on may set thresholds.
    public var allowsTrainingPictures = false
    /// A folder of pictures of defects, arranged as the normal ones; nil: there are none.
    public var defects: String?
    /// What rates are compared by, where there are defects.
    public var costs = OperatingPoints.Costs()
    /// Whether the rate that costs least becomes the model's.
    public var setsRecommended = false

    public init(
      model: ModelFolder, pictures: String, rate: Double? = nil,
      reader: PictureReader = PictureReader()
    ) {
      (self.model, self.pictures, self.rate, self.reader) = (model, pictures, rate, reader)
    }
  }

  private let request: Request
  private let context: JobContext
  private var model: ModelFolder { request.model }

  private static let stopped = "Stopped; the model is as it was."

  /// - Throws: `FileProblem` when the model cannot be changed.
  public init(_ request: Request, _ context: JobContext) throws {
    try request.model.checkChangeable()
    (self.request, self.context) = (request, context)
  }

  private typealias Scored = [(sample: Sample, picture: NormalPictures.Picture)]

  /// What follows from the pictures for one calibration of before.
  private struct Decision {
    var old: Calibration
    var new: Calibration
    var points: OperatingPoints?
  }

  /// Scores the pictures and replaces the model's calibration; the old one is kept in its manifest. Where
  /// another process changes the model meanwhile, its change is waited for and stands: what it calibrated is
  /// what is renewed.
  /// - Throws: `Interrupted` when a stop is requested; `FileProblem` when there is no picture, when the model
  ///   was trained on some of them, or when another model lies there meanwhile. The model is then as it was.
  @discardableResult
  public func run() throws -> CalibrationOutcome {
    let samples = try normalSamples()
    let defects = try request.defects.map {
      try DefectFolder(path: $0, categories: model.manifest.categories, context).samples()
    }
    let trainedOn = try checkTrainingPictures(samples)
    let detector = try Detector(model: model)
    if let caution = detector.caution { context.warning(caution) }
    let good = try oneOfEachScene(
      scored(samples, by: detector, "Scoring normal pictures", of: request.pictures))
    let bad = try defects.map {
      try scored($0, by: detector, "Scoring defects", of: request.defects ?? "")
    }
    let read = try model.calibration()
    var decision = try self.decision(good, bad, by: read)
    try context.check(Self.stopped)
    var isToldToWait = false
    func waiting() throws {
      try context.check(Self.stopped)
      if !isToldToWait { context.note("Waiting for another command that changes \(model.path).") }
      isToldToWait = true
    }
    try model.changing(waiting: waiting) { now in
      let current = try now.calibration()
      if current != read {
        context.note("The model was calibrated meanwhile; this goes on from there.")
        decision = try self.decision(good, bad, by: current)
      }
      let content = try EvaluationReport.content(of: now, calibration: decision.new)
      return try now.replacement(
        of: decision.new,
        files: [
          ModelFile.report: Data(ReportPage.html(content).utf8),
          EvaluationReport.contentFile: content.encoded(),
        ])
    }
    let outcome = CalibrationOutcome(
      model.manifest, old: decision.old, new: decision.new, renewed: good.map(\.picture.category),
      trainingPictures: trainedOn,
      suspicious: try SuspiciousPictures.among(
        Self.pictures(good), old: decision.old, new: decision.new),
      points: decision.points, isRecommendedSet: request.setsRecommended)
    context.note(decision.new.summary)
    for note in outcome.notes { context.note(note) }
    for scarce in outcome.scarce { context.warning(scarce.warning) }
    try tellSuspicious(outcome.suspicious, good, decision)
    return outcome
  }

  /// Without near copies: they say nothing of the next scene, and would outvote it.
  private func oneOfEachScene(_ scored: Scored) throws -> Scored {
    let survey = try PictureSurvey(
      scored.map { (category: $0.picture.category, feature: $0.picture.feature) })
    if survey.sceneCount < scored.count {
      context.note(PictureSurvey.summary(pictures: scored.count, scenes: survey.sceneCount))
    }
    for (category, groups) in survey.variants.sorted(by: { $0.key < $1.key }) {
      context.warning(PictureSurvey.warning(of: category, groups: groups))
    }
    return survey.firsts.map { scored[$0] }
  }

  private static func pictures(_ scored: Scored) -> [CalibrationPicture] {
    scored.map { sample, picture in
      CalibrationPicture(
        path: sample.path, category: picture.category, score: picture.score,
        feature: picture.feature)
    }
  }

  private func scored(
    _ samples: [Sample], by detector: Detector, _ title: String, of folder: String
  ) throws -> Scored {
    let found = try detector.scored(
      samples, reader: request.reader, context, title: title, stopped: Self.stopped,
      unreadable: { context.warning("left out: \($0)") })
    guard !found.isEmpty else {
      throw FileProblem(path: folder, reason: "none of its pictures can be read")
    }
    return found
  }

  private func decision(
    _ good: Scored, _ bad: Scored?, by old: Calibration
  ) throws -> Decision {
    let points = try bad.map { bad in
      let stage = context.stage("Comparing thresholds", total: 100, unit: "%")
      defer { stage.clear() }
      return try OperatingPoints(
        good: Self.pictures(good), defects: Self.pictures(bad), old: old,
        rate: request.rate, costs: request.costs
      ) { share in
        try context.check(Self.stopped)
        stage.update(Int(100 * share))
      }
    }
    var rate = request.rate
    // One that is set already stays with the rate of regions beside it.
    if request.setsRecommended, let best = points?.recommendedPoint, !best.isSet {
      rate = best.falseAlarmRate
    }
    return Decision(old: old, new: try renewed(old, by: good, rate: rate), points: points)
  }

  private func renewed(
    _ old: Calibration, by good: Scored, rate: Double?
  ) throws -> Calibration {
    let found = NormalPictures(good.map(\.picture))
    return try old.recalibrated(
      scores: found.scores, pixelMaxima: found.peaks, suspicions: found.suspicions, rate: rate,
      pictures: found.features)
  }

  private func normalSamples() throws -> [Sample] {
    let (manifest, folder) = (model.manifest, request.pictures)
    let dataset = try DatasetReader.read(folder, by: request.reader)
      .named(for: manifest.categories)
    let unknown = Set(dataset.categories).subtracting(manifest.categories).sorted()
    guard unknown.isEmpty else {
      throw FileProblem(
        path: folder,
        reason: "the model does not know \(unknown.joined(separator: ", ")); its categories are "
          + "\(manifest.categories.joined(separator: ", ")); name the sub-folders after them")
    }
    let summary = DatasetSummary(dataset, probe: { try request.reader.probe($0) })
    context.note(summary.text)
    let normal = summary.dataset.train.filter { !$0.label.isAnomalous }
    guard !normal.isEmpty else {
      throw FileProblem(path: folder, reason: "there is no normal picture to calibrate on")
    }
    return normal
  }
}

extension CalibrationJob {
  /// Refuses pictures that the model was trained on. Those that were held out of its training are as good as
  /// new ones.
  /// - Returns: how many there are, where they are allowed; nil for a model that does not know.
  private func checkTrainingPictures(_ samples: [Sample]) throws -> Int? {
    guard let known = try TrainingPictures.read(from: model) else {
      context.note(
        "The model is of before Norma kept what its training pictures are recognised by: whether some of "
          + "them are among these cannot be told.")
      return nil
    }
    var reader = PictureReader(for: model.manifest)
    reader.pixelLimit = request.reader.pixelLimit
    let contents = try PictureContents.of(
      samples.map(\.path), reader: reader, imageSize: known.imageSize, context,
      stopped: Self.stopped, title: "Looking for training pictures")
    let places = known.places(in: contents)
    guard !places.isEmpty else { return 0 }
    let shown = places.prefix(3).map { samples[$0].path }
    let list = shown.joined(separator: ", ") + (places.count > shown.count ? ", …" : "")
    let found =
      "\(places.count) of its \(counted(samples.count, "picture")) "
      + (places.count == 1 ? "is one" : "are among those")
      + " that the model was trained on (\(list))"
    guard request.allowsTrainingPictures else {
      throw FileProblem(
        path: request.pictures,
        reason:
          "\(found). It knows them and scores them too low, so thresholds set by them would be too "
          + "low, and good pictures would be flagged. Name a folder of pictures taken since, or take these "
          + "out; --allow-training-pictures calibrates with them all the same")
    }
    context.warning("\(request.pictures): \(found): its thresholds will be too low")
    return places.count
  }

  /// Names what may be no normal picture, and what it does to the thresholds. Nothing is left out for it.
  private func tellSuspicious(
    _ suspicious: [SuspiciousPicture], _ good: Scored, _ decision: Decision
  ) throws {
    guard !suspicious.isEmpty else { return }
    var lines = [
      "\(suspicious.count) of the \(counted(good.count, "normal picture")) "
        + (suspicious.count == 1 ? "stands" : "stand")
        + " far out; look at what \(suspicious.count == 1 ? "it shows" : "they show"): a defect among the "
        + "good pictures lifts the thresholds, and others like it pass"
    ]
    lines += suspicious.prefix(10).map { picture in
      let level = picture.level.map { ", level \(Figures.level($0)) by the new thresholds" } ?? ""
      return
        "  \(picture.path) (\(picture.category)): score \(Figures.number(Double(picture.score)))\(level)"
    }
    if suspicious.count > 10 { lines.append("  … and \(suspicious.count - 10) more") }
    let paths = Set(suspicious.map { Array($0.path.utf8) })
    let rest = good.filter { !paths.contains(Array($0.sample.path.utf8)) }
    if !rest.isEmpty {
      let without = try renewed(decision.old, by: rest, rate: decision.new.falseAlarmRate)
      for category in Set(suspicious.map(\.category)).sorted() {
        let name = decision.new.recognizes ? category : nil
        let now = try decision.new.threshold(category: name).value
        guard let less = try? without.threshold(category: name).value else { continue }
        lines.append(
          "  without \(suspicious.count == 1 ? "it" : "them") the threshold of \(category) would be "
            + "\(Figures.number(Double(less))) instead of \(Figures.number(Double(now)))")
      }
      lines.append("  take out what is not good, and calibrate again")
    }
    context.warning(lines.joined(separator: "\n"))
  }
}
