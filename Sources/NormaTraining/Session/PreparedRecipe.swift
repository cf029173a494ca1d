import Foundation
import Networks
import NormaCore
import NormaFiles

/// A recipe with everything that it takes to train it: checked once, before any work starts.
public struct PreparedRecipe {
  public let recipe: Recipe
  public let trunk: Trunk
  public let method: any LearningMethod
  public let backbone: BackboneWeights

  /// - Parameter weights: where backbones' weights are found.
  /// - Throws: `RecipeProblem` when the recipe cannot be, alone or with its backbone; what
  ///   ``BackboneWeights/load(_:taps:from:registry:)`` throws.
  public init(_ recipe: Recipe, weights: BackboneCache = BackboneCache()) throws {
    try recipe.validate()
    trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    method = try recipe.trainingMethod(trunk)
    backbone = try weights.weights(for: recipe, taps: trunk.taps)
    self.recipe = recipe
  }

  /// The maps that the trunk gives for each picture.
  public var shapes: [FeatureShape] {
    trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
  }
}

/// Backbones' weights, read and checked once for all trainings of a process.
public final class BackboneCache {
  private var known: [String: BackboneWeights] = [:]
  private let path: String?

  /// - Parameter path: the file or the folder that holds them; nil: what a recipe says, or where weights
  ///   usually are.
  public init(path: String? = nil) { self.path = path.map(FilePath.absolute) }

  /// The weights that `recipe` asks for, up to the last of `taps`.
  public func weights(for recipe: Recipe, taps: LevelTaps) throws -> BackboneWeights {
    let name = recipe.backbone.name
    let key = "\(name) \(taps) \(recipe.backbone.weights ?? "")"
    if let weights = known[key] { return weights }
    let weights = try read(name, taps: taps, stated: recipe.backbone.weights)
    known[key] = weights
    return weights
  }

  private func read(_ name: String, taps: LevelTaps, stated: String?) throws -> BackboneWeights {
    guard let path else { return try .load(name, taps: taps, from: stated) }
    return FilePath.isFolder(path)
      ? try .load(name, taps: taps, registry: WeightsRegistry(folders: [path]))
      : try .load(name, taps: taps, from: path)
  }
}

extension BackboneWeights {
  /// Refuses other weights than those that a model was trained with.
  /// - Parameters:
  ///   - model: whose manifest is asked.
  ///   - remedy: what to do, besides bringing those back.
  /// - Throws: `FileProblem`.
  public func check(against manifest: Manifest, of model: String, remedy: String? = nil) throws {
    guard digest != manifest.backbone.weightsDigest else { return }
    throw FileProblem(
      path: path,
      reason: "these are not the weights that \(model) was trained with"
        + (remedy.map { "; \($0)" } ?? ""))
  }
}

/// A model folder's network, to be run in LibTorch: what it was trained with and what it learned.
public struct ModelNetwork {
  public let prepared: PreparedRecipe
  public let stored: StoredNetwork

  /// - Throws: when the backbone's weights are not found, or not those of the training.
  public init(_ model: ModelFolder) throws {
    stored = try StoredNetwork(model)
    prepared = try PreparedRecipe(model.manifest.recipe)
    try prepared.backbone.check(against: model.manifest, of: model.path)
  }
}

/// The trained network of a model, for a recipe that looks at its result in another way: graph,
/// thresholds and page are made anew, and it is not trained again.
public struct ReusedNetwork {
  public let model: ModelFolder
  private var manifest: Manifest { model.manifest }

  public init(model: ModelFolder) { self.model = model }

  /// - Throws: `FileProblem` when the recipe, or the backbone's weights, would have trained another one.
  func check(_ prepared: PreparedRecipe) throws {
    var asked = prepared.recipe
    // What was held out then is held out again, which is what `auto` asks for here.
    if asked.training.holdout == .auto { asked.training.holdout = manifest.recipe.training.holdout }
    let differences = asked.learned.differences(from: manifest.recipe.learned)
    guard differences.isEmpty else {
      // Of another method every key is another.
      let told = differences[0].key == "method" ? 1 : 4
      let list = differences.prefix(told).map {
        "\($0.key) is \($0.there) there and \($0.here) here"
      }
      throw FileProblem(
        path: model.path,
        reason: "its network was trained otherwise: \(list.joined(separator: ", "))"
          + (differences.count > list.count ? ", and more" : "")
          + "; the recipes may differ only in how the network's result is looked at")
    }
    try prepared.backbone.check(against: manifest, of: model.path)
  }

  /// - Parameter fingerprint: of the training pictures.
  /// - Throws: `FileProblem` when they are not those that the network was trained on, or the model's
  ///   weights are damaged.
  func network(fingerprint: String) throws -> TrainedNetwork {
    guard manifest.data.fingerprint == fingerprint else {
      throw FileProblem(
        path: model.path,
        reason:
          "its network was trained on other pictures; its thresholds need those that were held "
          + "out then")
    }
    let stored = try StoredNetwork(model).weights
    return TrainedNetwork(
      names: stored.keys.sorted(), shapes: stored.mapValues(\.shape),
      values: stored.mapValues(\.values),
      history: try record()?.losses ?? LossHistory())
  }

  /// How the network came to be; nil where nobody kept it.
  func record() throws -> TrainingRecord? { try TrainingRecord.read(from: model) }
}

/// The pictures of a training, as they were split.
public struct SplitPictures {
  public let training: [Sample]
  public let heldOut: [Sample]
  public let data: TrainingData
  /// What the features say of all of them, training and held out.
  public let survey: Survey
  /// Of every picture of `training`, the number of its scene.
  let trainingScenes: [Int]
  /// The same of `heldOut`.
  let heldOutScenes: [Int]

  /// How pictures are split.
  public enum Division {
    /// As the recipe says.
    case anew
    /// As they were for a network that is only looked at again.
    case asBefore(PastTraining)

    var past: PastTraining? {
      if case .asBefore(let past) = self { past } else { nil }
    }
  }

  /// What is known of the training of a network that is only looked at again.
  public struct PastTraining {
    /// Nil: nobody kept it.
    var record: TrainingRecord?
    /// What its features are standardised by.
    var standardization: [Standardization]?
    /// What its recipe says of held-out pictures.
    var holdout: HoldoutShare
    /// The folder that names are relative to.
    var root: String

    public init(_ model: ModelFolder, root: String) throws {
      record = try TrainingRecord.read(from: model)
      standardization = try StoredNetwork(model).standardization
      holdout = model.manifest.recipe.training.holdout
      self.root = root
    }

    /// The pictures as they were split: by the names that were kept, or as models were split that kept none.
    func split(_ samples: [Sample], seed: UInt64) -> (training: [Sample], heldOut: [Sample]) {
      guard let names = record?.heldOutNames.map({ Set($0.map { Array($0.utf8) }) }) else {
        let isNone = record.map { $0.heldOutPictures == 0 } ?? false
        return Holdout.split(samples, fraction: isNone ? 0 : holdout.most, seed: seed)
      }
      let sorted = Holdout.split(samples, fraction: 0, seed: seed).training
      let isHeldOut = { (sample: Sample) in
        names.contains(Array(FilePath.relative(sample.path, to: root).utf8))
      }
      return (sorted.filter { !isHeldOut($0) }, sorted.filter(isHeldOut))
    }
  }

  /// What was found out about the pictures before the training.
  public struct Survey {
    /// How many scenes they show; nil where nobody looked: in models that are older than the question.
    public var scenes: Int?
    /// Pictures that may not belong to their category.
    public var strays: [(sample: Sample, stray: PictureSurvey.Stray)]
    /// Of each level, where features are standardised, the channels that hardly vary.
    public var constantChannels: [[Int]]
  }

  /// Splits the pictures as the recipe says, and takes the statistics that it asks for. What shows the
  /// same scene stays together.
  ///
  /// - Parameters:
  ///   - store: the features of `samples`, in their order, then of their textured twins where the
  ///     recipe pastes texture.
  ///   - usable: the indices of those that could be decoded.
  ///   - division: how they are split.
  /// - Throws: ``CalibrationError`` for features that are not finite.
  public init(
    _ store: FeatureStore, samples: [Sample], usable: [Int], recipe: Recipe,
    _ division: Division = .anew
  ) throws {
    let known = usable.map { samples[$0] }
    let past = division.past
    let found =
      past != nil && past?.record?.scenes == nil
      ? nil
      : try PictureSurvey(
        usable.map { (category: samples[$0].category, feature: store.meanFeature(of: $0)) },
        details: PictureDetails(cells: FeatureStore.detailCells) {
          store.details(of: usable[$0])
        })
    let seed = UInt64(recipe.training.seed)
    // Keyed by bytes: two names that look alike may be written differently and be two files.
    let index = Dictionary(
      zip(known.map { Array($0.path.utf8) }, known.indices), uniquingKeysWith: { $1 })
    (training, heldOut) =
      past?.split(known, seed: seed)
      ?? Holdout.split(
        known, scenes: found?.scenes,
        fraction: recipe.heldOutFraction(scenes: found?.sceneCount ?? known.count), seed: seed)
    let parts = [training, heldOut].map { $0.compactMap { index[Array($0.path.utf8)] } }
    let scenes = parts.map { $0.map { found?.scenes[$0] ?? $0 } }
    (trainingScenes, heldOutScenes) = (scenes[0], scenes[1])
    let indices = parts[0].map { usable[$0] }
    let statistics: [(mean: [Float], deviation: [Float])]?
    let standardization: [Standardization]?
    if let past {
      (statistics, standardization) = (nil, past.standardization)
    } else {
      statistics =
        recipe.features.standardize
        ? store.shapes.indices.map { store.statistics(level: $0, of: indices) } : nil
      standardization = statistics?.map(Standardization.init(statistics:))
    }
    survey = Survey(
      scenes: found?.sceneCount,
      strays: found?.strays.map { (known[$0.picture], $0) } ?? [],
      constantChannels: statistics?.map { Standardization.constant(in: $0.deviation) } ?? [])
    data = TrainingData(
      store: store, training: indices, heldOut: parts[1].map { usable[$0] },
      standardization: standardization,
      twins: recipe.pastesTexture ? samples.count : nil)
  }

  /// The categories that are left, sorted.
  public var categories: [String] { Set((training + heldOut).map(\.category)).sorted() }
}

extension SplitPictures.Survey {
  /// So many pictures are named on a terminal.
  private static let named = 5

  /// Says what somebody should know before hours of training.
  /// - Parameters:
  ///   - pictures: how many there are.
  ///   - root: the folder that their names are shown relative to.
  func tell(pictures: Int, root: String, _ context: JobContext) {
    if let scenes, scenes < pictures {
      context.note(
        PictureSurvey.summary(pictures: pictures, scenes: scenes)
          + " Those of a scene are held out together.")
    }
    for (level, channels) in constantChannels.enumerated() where !channels.isEmpty {
      let list = channels.prefix(Self.named).map(String.init).joined(separator: ", ")
      context.note(
        "\(counted(channels.count, "channel")) of feature map \(level) hardly vary in these pictures "
          + "(\(list)\(channels.count > Self.named ? ", …" : "")) and are not blown up when standardised."
      )
    }
    guard !strays.isEmpty else { return }
    let names = strays.prefix(Self.named).map { sample, stray in
      let reason = stray.nearer.map { "like \($0)" } ?? "like none"
      return "\(FilePath.relative(sample.path, to: root)) (\(reason))"
    }
    let more = strays.count > names.count ? " and \(strays.count - names.count) more" : ""
    context.warning(
      "\(counted(strays.count, "training picture")) may not belong to their category: "
        + names.joined(separator: ", ") + more
        + ". They are trained on all the same: look at them, "
        + "and take out what is wrong")
  }
}
