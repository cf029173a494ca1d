import Networks
import NormaCore

/// Thresholds for a trained network: from the pictures that were held out, by cross-fitting where none
/// were, or none at all.
public struct ModelCalibration {
  private let recipe: Recipe
  private let method: any LearningMethod
  private let pictures: SplitPictures
  private let interruption: Interruption
  private let stopped: String
  private let inspect: ([Sample]) throws -> NormalPictures

  /// - Parameters:
  ///   - stopped: what an interruption says: what was kept, and how to go on.
  ///   - inspect: the trained detector's scores of pictures, in their order.
  public init(
    recipe: Recipe, method: any LearningMethod, pictures: SplitPictures,
    interruption: Interruption, stopped: String,
    inspect: @escaping ([Sample]) throws -> NormalPictures
  ) {
    self.recipe = recipe
    self.method = method
    self.pictures = pictures
    self.interruption = interruption
    self.stopped = stopped
    self.inspect = inspect
  }

  public func calibration() throws -> Calibration {
    let features = try categoryFeatures()
    let rates = recipe.calibration
    if !pictures.heldOut.isEmpty {
      let found = try inspect(pictures.heldOut)
      return try .fit(
        scores: found.scores, pixelMaxima: found.peaks, suspicions: found.suspicions,
        source: .holdout,
        rate: rates.falseAlarmRate, pixelRate: rates.pixelFalseAlarmRate,
        extrapolate: rates.extrapolate, features: features,
        autoAccuracy: features?.accuracy(of: found.features))
    }
    guard recipe.training.crossFit.folds > 0 else {
      Terminal.warn(
        "no picture was held out and no cross-fitting was asked for: the model is uncalibrated. It "
          + "gives scores, not verdicts; 'norma calibrate' sets thresholds from new normal pictures"
      )
      return try .uncalibrated(rate: rates.falseAlarmRate, features: features)
    }
    let gaps = try gaps()
    let found = try inspect(pictures.training)
    return try .fit(
      scores: found.scores(scaledBy: gaps.map(\.score)),
      pixelMaxima: found.peaks(scaledBy: gaps.map(\.peak)),
      suspicions: found.suspicions(scaledBy: gaps.map { $0.suspicion ?? 1 }),
      source: .crossFit,
      rate: rates.falseAlarmRate, pixelRate: rates.pixelFalseAlarmRate,
      extrapolate: rates.extrapolate, features: features,
      autoAccuracy: features?.accuracy(of: found.features))
  }

  private func categoryFeatures() throws -> CategoryFeatures? {
    var builder = CategoryFeatures.Builder()
    for (sample, index) in zip(pictures.training, pictures.data.training) {
      try builder.add(pictures.data.store.meanFeature(of: index), category: sample.category)
    }
    return try builder.build()
  }

  private func gaps() throws -> [CrossFit.Gap] {
    let crossFit = recipe.training.crossFit
    var settings = try TrainingSettings(recipe.training)
    settings.epochs = crossFit.epochs
    settings.minutes = 0
    let fit = CrossFit(
      folds: crossFit.folds, method: method, data: pictures.data, settings: settings,
      imageSize: recipe.backbone.imageSize)
    let part = pictures.training.count * (crossFit.folds - 1) / crossFit.folds
    let steps = method.steps(pictures: part, settings: settings)
    let progress = ProgressLine(
      "Cross-fitting thresholds", total: crossFit.folds * steps, unit: "steps")
    let gaps = try fit.gaps(
      samples: pictures.training, shouldStop: { interruption.isRequested },
      report: { fold, training in progress.update(fold * steps + training.done) })
    progress.finish()
    guard let gaps else {
      throw Interrupted(stopped)
    }
    return gaps
  }
}
