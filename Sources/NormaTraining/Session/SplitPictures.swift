import Networks
import NormaCore
import NormaFiles

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
    /// Categories whose pictures fall into a few groups of much alike ones, and how many groups.
    public var variants: [String: Int]
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
  ///   - past: of a network that is only looked at again: the pictures are split as they were; nil: as the
  ///     recipe says.
  ///   - progress: called with how many pictures were compared; what it throws ends the comparison.
  /// - Throws: ``CalibrationError`` for features that are not finite; what `progress` throws.
  public init(
    _ store: FeatureStore, samples: [Sample], usable: [Int], recipe: Recipe,
    past: PastTraining? = nil, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let known = usable.map { samples[$0] }
    let found =
      past != nil && past?.record?.scenes == nil
      ? nil
      : try PictureSurvey(
        usable.map { (category: samples[$0].category, feature: store.meanFeature(of: $0)) },
        details: PictureDetails(cells: FeatureStore.detailCells) {
          store.details(of: usable[$0])
        }, progress: progress)
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
      statistics = store.statistics(of: indices, for: recipe)
      standardization = statistics?.map(Standardization.init(statistics:))
    }
    survey = Survey(
      scenes: found?.sceneCount,
      strays: found?.strays.map { (known[$0.picture], $0) } ?? [], variants: found?.variants ?? [:],
      constantChannels: statistics?.map { Standardization.constant(in: $0.deviation) } ?? [])
    data = TrainingData(
      store: store, training: indices, heldOut: parts[1].map { usable[$0] },
      standardization: standardization,
      twins: recipe.pastesTexture ? samples.count : nil,
      categories: Self.categories(of: usable, samples))
  }

  /// Their numbers, by name.
  private static func categories(of usable: [Int], _ samples: [Sample]) -> [Int: Int] {
    let names = Set(usable.map { samples[$0].category }).sorted()
    let numbers = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    return Dictionary(
      usable.map { ($0, numbers[samples[$0].category] ?? 0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The categories that are left, sorted.
  public var categories: [String] { Set((training + heldOut).map(\.category)).sorted() }
}

extension FeatureStore {
  /// What each level is standardised by; nil where none is. Of several backbones one may be left as it is
  /// where another is not: its channels then have the mean 0 and the deviation 1.
  fileprivate func statistics(
    of pictures: [Int], for recipe: Recipe
  ) -> [(mean: [Float], deviation: [Float])]? {
    let isWanted = recipe.parts.map(\.features.standardize)
    guard isWanted.contains(true) else { return nil }
    return zip(parts, isWanted).flatMap { part, isWanted in
      part.shapes.enumerated().map { level, shape in
        isWanted
          ? part.statistics(level: level, of: pictures)
          : (
            [Float](repeating: 0, count: shape.channels),
            [Float](repeating: 1, count: shape.channels)
          )
      }
    }
  }
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
    for (category, groups) in variants.sorted(by: { $0.key < $1.key }) {
      context.warning(PictureSurvey.warning(of: category, groups: groups))
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
