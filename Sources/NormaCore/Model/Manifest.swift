import Foundation
import Networks
import NormaFiles

/// What a model folder says about itself (`manifest.json`).
public struct Manifest: Codable, Sendable, Equatable {
  /// The format of model folders that this code writes and reads.
  public static let currentFormat = 1

  public var formatVersion = Manifest.currentFormat
  public var method: String
  /// The method as people write it, `URA-Net`.
  public var title: String { Methods.all.title(of: method) }
  /// The recipe it was trained by, every key resolved.
  public var recipe: Recipe
  public var backbone: Backbone
  /// Those beside it, of an ensemble that sees through several, in the recipe's order; nil of others.
  public var furtherBackbones: [Backbone]?
  /// All of them, the first one first.
  public var backbones: [Backbone] { [backbone] + (furtherBackbones ?? []) }
  /// In which it inspects, and was calibrated: a ``ModelPrecision``.
  public var precision: String
  /// Side of the square that pictures are resized to, in pixels.
  public var imageSize: Int
  /// Side of the feature grid.
  public var grid: Int
  /// Whether pictures are turned as their EXIF orientation says: they were for training, so they are
  /// for whatever the model is used for.
  public var exifOrientation: Bool
  public var categories: [String]
  public var data: TrainingData
  /// The version of Norma that wrote it.
  public var toolVersion: String
  /// What evaluation found, by name, when there was one.
  public var metrics: [String: Double]?
  /// Calibrations that a later one replaced, oldest first.
  public var previousCalibrations: [PreviousCalibration]
  /// SHA-256 of every other file in the folder, by its path in it.
  public internal(set) var files: [String: String] = [:]
  /// SHA-256 of the manifest's own bytes with nothing between this value's quotes.
  public internal(set) var digest = ""

  public init(
    method: String, recipe: Recipe, backbone: Backbone, furtherBackbones: [Backbone]? = nil,
    precision: String, imageSize: Int, grid: Int, exifOrientation: Bool = false,
    categories: [String], data: TrainingData,
    toolVersion: String,
    metrics: [String: Double]? = nil, previousCalibrations: [PreviousCalibration] = []
  ) {
    self.method = method
    self.recipe = recipe
    self.backbone = backbone
    self.furtherBackbones = furtherBackbones
    self.precision = precision
    self.imageSize = imageSize
    self.grid = grid
    self.exifOrientation = exifOrientation
    self.categories = categories
    self.data = data
    self.toolVersion = toolVersion
    self.metrics = metrics
    self.previousCalibrations = previousCalibrations
  }

  /// The frozen network whose features were learnt.
  public struct Backbone: Codable, Sendable, Equatable {
    public var name: String
    /// SHA-256 of its file of weights.
    public var weightsDigest: String
    public var licence: String?

    public init(name: String, weightsDigest: String, licence: String? = nil) {
      self.name = name
      self.weightsDigest = weightsDigest
      self.licence = licence
    }
  }

  /// The pictures that it was trained on.
  public struct TrainingData: Codable, Sendable, Equatable {
    /// `DatasetFingerprint` of the training pictures.
    public var fingerprint: String
    public var pictures: Int
    /// Name of the data set's folder, without what lies above it.
    public var root: String

    public init(fingerprint: String, pictures: Int, root: String) {
      self.fingerprint = fingerprint
      self.pictures = pictures
      self.root = FilePath.name(root)
    }
  }
}

extension Manifest {
  /// Keys that later versions added may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    formatVersion = try container.decode(Int.self, forKey: .formatVersion)
    method = try container.decode(String.self, forKey: .method)
    recipe = try container.decode(Recipe.self, forKey: .recipe)
    backbone = try container.decode(Backbone.self, forKey: .backbone)
    furtherBackbones = try container.decodeIfPresent([Backbone].self, forKey: .furtherBackbones)
    precision = try container.decode(String.self, forKey: .precision)
    imageSize = try container.decode(Int.self, forKey: .imageSize)
    grid = try container.decode(Int.self, forKey: .grid)
    exifOrientation =
      try container.decodeIfPresent(Bool.self, forKey: .exifOrientation) ?? false
    categories = try container.decode([String].self, forKey: .categories)
    data = try container.decode(TrainingData.self, forKey: .data)
    toolVersion = try container.decode(String.self, forKey: .toolVersion)
    metrics = try container.decodeIfPresent([String: Double].self, forKey: .metrics)
    previousCalibrations = try container.decode(
      [PreviousCalibration].self, forKey: .previousCalibrations)
    files = try container.decode([String: String].self, forKey: .files)
    digest = try container.decode(String.self, forKey: .digest)
    try checkNumbers(container)
  }

  /// Refuses numbers that no model has, before anything is computed with them.
  private func checkNumbers(_ container: KeyedDecodingContainer<CodingKeys>) throws {
    let sides = 1...65_536
    let all = [
      (CodingKeys.imageSize, imageSize, sides), (.grid, grid, sides),
      (.data, data.pictures, 0...Int.max), (.recipe, recipe.training.seed, 0...Int.max),
      (.recipe, recipe.backbone.imageSize, sides), (.recipe, recipe.training.epochs, 0...Int.max),
      (.recipe, recipe.training.batch, 1...Int.max), (.recipe, recipe.scoring.pool, sides),
    ]
    for (key, value, range) in all where !range.contains(value) {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "\(value) cannot be; the model is damaged")
    }
  }
}

/// The names of the inputs and outputs of ``ModelFile/graph``, which whoever exports and whoever runs
/// it must agree on.
public enum GraphPort {
  /// In: uint8 `[batch, size, size, 3]`, RGB.
  public static let pictures = "pictures"
  /// In, of graphs that measure a network's tolerance alone: float `[batch, tokens, channels]`.
  public static let noise = "noise"
  /// Out: float `[batch, size, size]`.
  public static let anomalyMap = "anomaly_map"
  /// Out: float `[batch]`.
  public static let score = "score"
  /// Out, of models that perceive anomalies besides: float `[batch]`, how anomalous the picture is to
  /// the perception, the mean probability of its most anomalous tokens.
  public static let suspicion = "suspicion"
  /// Out, of the same models: float `[batch, h, w]`, the probability of each token to be anomalous.
  public static let probability = "probability"
  /// Out, of the same models: float `[batch, size, size]`, how unsure the perception is.
  public static let uncertaintyMap = "uncertainty_map"
  /// Out: float `[batch, channels]`, the mean aligned trunk feature.
  public static let feature = "feature"
  /// Out, of exported graphs whose model recognises categories: int64 `[batch]`, an index into the model's
  /// categories, sorted by name.
  public static let category = "category"
  /// Out, of exported graphs of calibrated models: float `[batch]`, 1 is the threshold, 0 what is usual.
  public static let level = "level"
  /// Out, of exported graphs of models that can tell: bool `[batch]`, whether a picture is of none of the
  /// categories.
  public static let unknown = "unknown"
  /// Out, of exported graphs of calibrated models: bool `[batch]`, level above 1, or unknown.
  public static let anomalous = "anomalous"
}

/// The arithmetic that a model inspects in. A model is calibrated in the precision that it inspects in,
/// so this is a property of the model, not of a call.
public enum ModelPrecision: String, Sendable, CaseIterable {
  case f32
  /// bfloat16 where the processor computes in it, else float32.
  case bf16
  /// Convolutions and products with weights in 8-bit integers, in a graph made for that; the rest in
  /// floating point.
  case int8

  /// As people read it.
  public var title: String { self == .f32 ? "float32" : rawValue }
}

extension Manifest {
  /// Whether both are of a network that gives the same scores of the same pictures.
  func computesSame(as other: Manifest) -> Bool {
    files[ModelFile.graph] == other.files[ModelFile.graph]
      && files[ModelFile.weights] == other.files[ModelFile.weights]
      && precision == other.precision && imageSize == other.imageSize
      && exifOrientation == other.exifOrientation && categories == other.categories
  }

  /// The precision, where it is one that this version knows.
  public var modelPrecision: ModelPrecision? { ModelPrecision(rawValue: precision) }
}
