import Networks
import NormaCore

/// Thresholds for a trained network: from the pictures that were held out, by cross-fitting where none
/// were, or none at all.
public struct ModelCalibration {
  private let recipe: Recipe
  private let method: any LearningMethod
  private let pictures: SplitPictures
  private let settings: TrainingSettings
  private let context: JobContext
  private let stopped: String
  private let inspect: ([Sample]) throws -> NormalPictures

  /// - Parameters:
  ///   - settings: of the network's training; cross-fitting trains alike, for fewer epochs.
  ///   - stopped: what an interruption says: what was kept, and how to go on.
  ///   - inspect: the trained detector's scores of pictures, in their order.
  public init(
    recipe: Recipe, method: any LearningMethod, pictures: SplitPictures,
    settings: TrainingSettings, context: JobContext, stopped: String,
    inspect: @escaping ([Sample]) throws -> NormalPictures
  ) {
    self.recipe = recipe
    self.method = method
    self.pictures = pictures
    self.settings = settings
    self.context = context
    self.stopped = stopped
    self.inspect = inspect
  }

  public func calibration() throws -> Calibration {
    let features = try categoryFeatures()
    let rates = recipe.calibration
    if !pictures.heldOut.isEmpty {
      let found = try inspect(pictures.heldOut).oneOfEach(pictures.heldOutScenes)
      return try .fit(
        scores: found.scores, pixelMaxima: found.peaks, suspicions: found.suspicions,
        source: .holdout,
        rate: rates.falseAlarmRate, pixelRate: rates.pixelFalseAlarmRate,
        extrapolate: rates.extrapolate, features: features,
        autoAccuracy: features?.accuracy(of: found.features),
        distances: features?.distances(of: found.features) ?? [:])
    }
    if let obstacle = crossFitObstacle {
      context.warning(
        "no picture was held out and \(obstacle): the model is uncalibrated. It gives scores, not "
          + "verdicts; 'norma calibrate' sets thresholds from new normal pictures")
      return try .uncalibrated(rate: rates.falseAlarmRate, features: features)
    }
    let gaps = try gaps()
    let found = try inspect(pictures.training).scaled(by: gaps).oneOfEach(pictures.trainingScenes)
    return try .fit(
      scores: found.scores, pixelMaxima: found.peaks, suspicions: found.suspicions,
      source: .crossFit,
      rate: rates.falseAlarmRate, pixelRate: rates.pixelFalseAlarmRate,
      extrapolate: rates.extrapolate, features: features,
      autoAccuracy: features?.accuracy(of: found.features),
      distances: features?.distances(of: found.features, counted: scenesByCategory) ?? [:])
  }

  /// Why no picture can be scored by a network that has not seen it; nil when some can.
  private var crossFitObstacle: String? {
    guard recipe.training.folds > 0 else { return "no cross-fitting was asked for" }
    return scenesByCategory.values.contains { $0 > 1 }
      ? nil
      : "cross-fitting needs two pictures of a category at least that are not copies of each other"
  }

  /// A picture's copies pull its category's mean along with it: scenes are what counts.
  private var scenesByCategory: [String: Int] {
    Dictionary(grouping: zip(pictures.training, pictures.trainingScenes), by: \.0.category)
      .mapValues { Set($0.map(\.1)).count }
  }

  private func categoryFeatures() throws -> CategoryFeatures? {
    var builder = CategoryFeatures.Builder()
    for (sample, index) in zip(pictures.training, pictures.data.training) {
      try builder.add(pictures.data.store.meanFeature(of: index), category: sample.category)
    }
    return try builder.build()
  }

  private func gaps() throws -> [CrossFit.Gap] {
    let folds = recipe.training.folds
    let share = { $0 * (folds - 1) / folds }
    var settings = settings
    settings.epochs = recipe.training.crossFit.epochs
    settings.minutes = 0
    settings.picturesPerEpoch = settings.picturesPerEpoch.map { max(1, share($0)) }
    let fit = CrossFit(
      folds: folds, method: method, data: pictures.data, settings: settings,
      imageSize: recipe.backbone.imageSize)
    let steps = method.steps(pictures: share(pictures.training.count), settings: settings)
    let progress = context.stage(
      "Cross-fitting thresholds", total: folds * steps, unit: "steps")
    let gaps = try fit.gaps(
      samples: pictures.training, scenes: pictures.trainingScenes,
      shouldStop: { context.isStopRequested },
      report: { fold, training in progress.update(fold * steps + training.done) })
    progress.finish()
    guard let gaps else {
      throw Interrupted(stopped)
    }
    return gaps
  }
}

/// Normal pictures as a trained detector sees them.
public struct NormalPictures {
  public struct Picture {
    public var category: String
    public var score: Float
    /// The largest value of its anomaly map.
    public var peak: Float
    /// Each channel's mean over the picture, `[channels]`.
    public var feature: [Float]
    /// How anomalous it is to the model's perception; nil for a model without one.
    public var suspicion: Float?

    public init(
      category: String, score: Float, peak: Float, feature: [Float], suspicion: Float?
    ) {
      self.category = category
      self.score = score
      self.peak = peak
      self.feature = feature
      self.suspicion = suspicion
    }
  }
  private let found: [Picture]

  public init(_ found: [Picture]) { self.found = found }

  public var scores: [String: [Float]] { grouped(found.map(\.score)) }
  public var peaks: [String: [Float]] { grouped(found.map(\.peak)) }
  /// Empty for a model without a perception.
  public var suspicions: [String: [Float]] {
    Dictionary(grouping: found.filter { $0.suspicion != nil }, by: \.category)
      .mapValues { $0.compactMap(\.suspicion) }
  }
  public var features: [(category: String, feature: [Float])] {
    found.map { ($0.category, $0.feature) }
  }

  /// Only the first picture of each scene: copies say nothing of the next scene.
  /// - Parameter scenes: of every picture the number of its scene.
  func oneOfEach(_ scenes: [Int]) -> NormalPictures {
    var known: Set<Int> = []
    return NormalPictures(zip(found, scenes).filter { known.insert($0.1).inserted }.map(\.0))
  }

  /// The pictures as a network that has not seen them would score them.
  func scaled(by gaps: [CrossFit.Gap]) -> NormalPictures {
    NormalPictures(
      zip(found, gaps).map { picture, gap in
        var picture = picture
        picture.score = Float(Double(picture.score) * gap.score)
        picture.peak = Float(Double(picture.peak) * gap.peak)
        // None is above 1, however far it is stretched.
        picture.suspicion = picture.suspicion.map {
          min(1, Float(Double($0) * (gap.suspicion ?? 1)))
        }
        return picture
      })
  }

  private func grouped(_ values: [Float]) -> [String: [Float]] {
    Dictionary(grouping: zip(found, values), by: \.0.category).mapValues { $0.map(\.1) }
  }
}
