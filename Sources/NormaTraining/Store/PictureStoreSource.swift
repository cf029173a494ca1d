import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// A store of decoded pictures as what a training starts from, all of it in LibTorch: on a machine with a
/// GPU, and without the data set.
public struct PictureStoreSource: TrainingSource {
  public let pictures: PictureStore
  /// Only pictures of these; nil: of all.
  public let categories: [String]?

  /// - Throws: `FileProblem` when the store's pictures are of another size than `prepared` wants.
  public init(
    _ pictures: PictureStore, categories: [String]? = nil, for prepared: PreparedRecipe
  ) throws {
    let (wanted, stored) = (prepared.trunk.imageSize, pictures.origin.imageSize)
    guard wanted == stored else {
      throw FileProblem(
        path: pictures.path,
        reason:
          "its pictures are \(stored) × \(stored) pixels, the recipe's imageSize is \(wanted); "
          + "make it anew with 'norma store … --image-size \(wanted)', or change the recipe")
    }
    (self.pictures, self.categories) = (pictures, categories)
  }

  public var root: String { pictures.origin.root }
  public var checkpointRoot: String { "" }
  public var exifOrientation: Bool { pictures.origin.exifOrientation }
  public func fingerprint() throws -> String { pictures.origin.fingerprint }

  /// All of the store's, so that all trainings share their features. Texture is pasted from the training's
  /// own categories alone, as from a data set that has no others.
  public func samples(for prepared: PreparedRecipe) -> [Sample] {
    guard let categories, prepared.recipe.pastesTexture else { return pictures.samples }
    return pictures.samples.filter { categories.contains($0.category) }
  }

  public func usable(
    _ features: FeatureCache.Entry, _ samples: [Sample], _ context: JobContext
  ) throws -> [Int] {
    samples.indices.filter { categories?.contains(samples[$0].category) ?? true }
  }

  public func facts(of samples: [Sample], for prepared: PreparedRecipe) throws -> FeatureFacts {
    // A backbone may be asked for the pictures of some categories because another one's members paste.
    let isSelected = prepared.recipe.pastesTexture || samples.count < pictures.samples.count
    return FeatureFacts(
      format: "features of a store 1", pictures: pictures.digest,
      engine: [Machine.version, Machine.device.rawValue],
      order: isSelected ? categories ?? [] : [])
  }

  public func extractor(_ prepared: PreparedRecipe) throws -> any FeatureExtractor {
    try TrunkExtractor(
      trunk: prepared.trunk, parameters: prepared.parameters,
      bf16: prepared.recipe.features.precision == .bf16, pictures: pictures)
  }

  /// By their pixels alone: a store does not keep the files' digests.
  public func contents(
    of samples: [Sample], imageSize: Int, _ context: JobContext, stopped: String
  ) throws -> [TrainingPictures.Content] {
    let stage = context.stage(
      "Noting the training pictures", total: samples.count, unit: "pictures")
    defer { stage.clear() }
    return try pictures.places(of: samples.map(\.path)).enumerated().map { number, place in
      try context.check(stopped)
      stage.update(number)
      return TrainingPictures.Content(
        pixels: TrainingPictures.digest(rgb: pictures.pictures([place])))
    }
  }

  /// Thresholds by LibTorch's 32-bit arithmetic.
  public func inspector(
    of trained: TrainedDetector, graph: RecordedGraph, _ context: JobContext, stopped: String
  ) throws -> ([Sample]) throws -> NormalPictures {
    let inspector = try StoreInspector(trained, pictures: pictures)
    return { try inspector.inspect($0) { try context.check(stopped) } }
  }

  /// None: a page needs pictures to be encoded, which 'norma evaluate' does where pictures are inspected.
  /// LibTorch computes in float32 here, and the machine that will inspect is another.
  public func fastestPrecision(
    of trained: TrainedDetector, graph: RecordedGraph, _ context: JobContext, stopped: String
  ) throws -> ModelPrecision {
    context.note(
      "Inspects in float32: 'auto' is decided where OpenVINO runs; there 'norma export --precision bf16' "
        + "makes the same model in bf16.")
    return .f32
  }

  public func report(
    on trained: TrainedDetector, _ manifest: Manifest, _ record: TrainingRecord,
    _ calibration: Calibration, title: String
  ) throws -> [String: Data] { [:] }
}

/// `norma-train train`: a store of pictures to a model folder.
public struct StoreTrainingJob {
  private let training: TrainingJob
  private let pictures: PictureStore
  private let context: JobContext

  /// Everything that can be wrong is found here, before any work starts.
  ///
  /// - Parameters:
  ///   - store: the file.
  ///   - weights: the backbone's: a file, or a folder that holds it by its usual name.
  ///   - picturesPerEpoch: where that is not each picture once.
  public init(
    store: String, options: RecipeOptions, output: TrainingOutput, weights: String? = nil,
    picturesPerEpoch: Int? = nil, _ context: JobContext
  ) throws {
    try output.check()
    pictures = try PictureStore(path: store)
    let prepared = try PreparedRecipe(options.recipe(), weights: BackboneCache(path: weights))
    training = try TrainingJob(
      prepared, source: PictureStoreSource(pictures, for: prepared), output: output,
      picturesPerEpoch: picturesPerEpoch, context)
    self.context = context
  }

  public func run() throws {
    try training.run(begun: {
      context.note(
        "\(pictures.path): \(counted(pictures.samples.count, "picture")) of \(pictures.origin.root), "
          + "computed by LibTorch \(Machine.version) on \(Machine.device.rawValue)")
      if training.prepared.recipe.scoring.precision == .bf16 {
        context.warning(
          "the recipe inspects in bf16, and the thresholds are of LibTorch's float32; 'norma calibrate' "
            + "sets them by the inspecting machine's arithmetic")
      }
    })
  }
}
