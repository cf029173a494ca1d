import Foundation
import NormaCore

/// Everything that a report page shows, as plain data.
///
/// A part that is absent leaves its section out of the page. ``ReportPage/html(_:)`` turns the content
/// into one self-contained HTML page; ``encoded()`` keeps it, so that a later evaluation is shown beside
/// what training drew. It is a view: what it says of the training comes from the model's
/// `TrainingRecord` (``show(_:)``), its thresholds from the calibration.
public struct ReportContent: Codable, Sendable, Equatable {
  /// What the page is about, usually the model's name.
  public var title: String
  /// What the model is and how it came to be.
  public var model: Model
  /// The loss of every epoch, and which epoch the model was taken from; nil for what was only fitted.
  public var losses: LossHistory?
  /// The same of each member of an ensemble; nil for a single method.
  public var members: [LossHistory.Member]?
  /// What the model's thresholds promise; nil leaves them unsaid.
  public var calibration: Calibration?
  /// What the model did on test pictures; nil until it is evaluated.
  public var evaluation: Evaluation?
  /// Training pictures that may not belong to their category; nil where none was found.
  public var strays: Portrait?
  /// What the network shows of itself; nil for methods that show nothing.
  public var portraits: [Portrait]?
  /// How far the network's probabilities hold, on anomalies that were made up on held-out pictures; nil
  /// for methods that give none.
  public var reliability: ReliabilityDiagram?

  public init(
    title: String, model: Model, losses: LossHistory? = nil, calibration: Calibration? = nil,
    evaluation: Evaluation? = nil, strays: Portrait? = nil, portraits: [Portrait]? = nil,
    reliability: ReliabilityDiagram? = nil
  ) {
    self.title = title
    self.model = model
    self.losses = losses
    self.calibration = calibration
    self.evaluation = evaluation
    self.strays = strays
    self.portraits = portraits
    self.reliability = reliability
  }

  /// The content as JSON. Values that JSON has no number for (NaN, infinities) survive the trip.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(self)
  }

  /// Reads what ``encoded()`` wrote.
  ///
  /// - Throws: `DecodingError` when `data` is not a report's content.
  public init(encoded data: Data) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    self = try decoder.decode(ReportContent.self, from: data)
  }

  /// Takes over what the record of the model's training says.
  public mutating func show(_ training: TrainingRecord) {
    losses = training.losses.epochs.isEmpty ? nil : training.losses
    members = training.losses.members
    model.trainingPictures = training.trainingPictures
    model.heldOutPictures = training.heldOutPictures
    model.trainingSeconds = training.seconds
  }
}

extension ReportContent {
  private enum CodingKeys: String, CodingKey {
    case title, model, losses, members, calibration, evaluation, strays, portraits, reliability
  }

  /// Reads losses in the form that pages have always had.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    title = try container.decode(String.self, forKey: .title)
    model = try container.decode(Model.self, forKey: .model)
    losses = try container.decodeIfPresent(PageLosses.self, forKey: .losses)?
      .history(seconds: model.trainingSeconds)
    members = try container.decodeIfPresent([LossHistory.Member].self, forKey: .members)
    calibration = try container.decodeIfPresent(Calibration.self, forKey: .calibration)
    evaluation = try container.decodeIfPresent(Evaluation.self, forKey: .evaluation)
    strays = try container.decodeIfPresent(Portrait.self, forKey: .strays)
    portraits = try container.decodeIfPresent([Portrait].self, forKey: .portraits)
    reliability = try container.decodeIfPresent(ReliabilityDiagram.self, forKey: .reliability)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(title, forKey: .title)
    try container.encode(model, forKey: .model)
    try container.encodeIfPresent(losses.map(PageLosses.init), forKey: .losses)
    try container.encodeIfPresent(members, forKey: .members)
    try container.encodeIfPresent(calibration, forKey: .calibration)
    try container.encodeIfPresent(evaluation, forKey: .evaluation)
    try container.encodeIfPresent(strays, forKey: .strays)
    try container.encodeIfPresent(portraits, forKey: .portraits)
    try container.encodeIfPresent(reliability, forKey: .reliability)
  }
}

extension ReportContent {
  /// What a model is and how it came to be.
  public struct Model: Codable, Sendable, Equatable {
    /// The method's name as people read it, for example `RAS`.
    public var method: String
    /// The backbone's name as people read it, for example `EfficientNet-B4`.
    public var backbone: String
    /// The number format that the model inspects in, for example `float32`.
    public var precision: String
    /// Side of the square picture that the network sees, in pixels.
    public var imageSize: Int
    /// The names of the categories that it was trained on.
    public var categories: [String]
    /// Normal pictures that the network was trained on, without those held out.
    public var trainingPictures: Int
    /// Normal pictures held out of training; 0 when none were.
    public var heldOutPictures: Int
    /// Wall-clock time of training, in seconds.
    public var trainingSeconds: Double?
    /// The version of Norma that wrote the model.
    public var toolVersion: String
    /// The resolved recipe as YAML text.
    public var recipe: String?
    /// Further facts, shown after the ones above in the order given.
    public var more: [Fact]

    public init(
      method: String, backbone: String, precision: String, imageSize: Int, categories: [String],
      trainingPictures: Int, heldOutPictures: Int = 0, trainingSeconds: Double? = nil,
      toolVersion: String, recipe: String? = nil, more: [Fact] = []
    ) {
      self.method = method
      self.backbone = backbone
      self.precision = precision
      self.imageSize = imageSize
      self.categories = categories
      self.trainingPictures = trainingPictures
      self.heldOutPictures = heldOutPictures
      self.trainingSeconds = trainingSeconds
      self.toolVersion = toolVersion
      self.recipe = recipe
      self.more = more
    }
  }

  /// A label and what it says, for example `seed` and `0`.
  public struct Fact: Codable, Sendable, Equatable {
    public var label: String
    public var value: String

    public init(_ label: String, _ value: String) {
      self.label = label
      self.value = value
    }
  }
}

extension ReportContent.Model {
  /// What a manifest says of a model, and what only its training knows (``ReportContent/show(_:)``).
  /// - Parameters:
  ///   - trainingPictures: nil takes the manifest's.
  ///   - heldOutPictures: normal pictures held out of training.
  ///   - trainingSeconds: wall-clock time of training; nil where nobody measured it.
  public init(
    _ manifest: Manifest, trainingPictures: Int? = nil, heldOutPictures: Int = 0,
    trainingSeconds: Double? = nil
  ) {
    self.init(
      method: manifest.title, backbone: manifest.backbones.map(\.name).joined(separator: ", "),
      precision: manifest.modelPrecision?.title ?? manifest.precision,
      imageSize: manifest.imageSize, categories: manifest.categories,
      trainingPictures: trainingPictures ?? manifest.data.pictures,
      heldOutPictures: heldOutPictures, trainingSeconds: trainingSeconds,
      toolVersion: manifest.toolVersion, recipe: manifest.recipe.yaml)
  }
}

extension ReportContent {
  /// Where the model's thresholds come from and what they promise.
  public struct Calibration: Codable, Sendable, Equatable {
    /// The normal pictures that the thresholds were set by.
    public enum Source: String, Codable, Sendable {
      /// Pictures held out of training.
      case holdout
      /// Training pictures, each scored by a network that did not see it.
      case crossFit
      /// A folder of further normal pictures, given after training.
      case folder
    }

    /// The source of the thresholds; nil for an uncalibrated model.
    public var source: Source?
    /// The false-alarm rate that was asked for, 0…1.
    public var requestedRate: Double
    /// The threshold that serves every category.
    public var shared: Threshold?
    /// One threshold per category, in the page's order.
    public var categories: [CategoryThreshold]
    /// Anomaly-map values above this belong to an anomalous region.
    public var pixelThreshold: Double?

    /// What is promised at all events: the category's threshold with the highest rate, or the shared one where
    /// there is none of a category.
    public var weakest: Threshold? {
      categories.map(\.threshold).max { $0.rate < $1.rate } ?? shared
    }

    /// Whether so few pictures set the thresholds that they cannot support the rate asked for.
    public var isCoarserThanRequested: Bool {
      weakest.map { $0.rate > requestedRate * (1 + 1e-9) } ?? false
    }

    public init(
      source: Source?, requestedRate: Double, shared: Threshold? = nil,
      categories: [CategoryThreshold] = [], pixelThreshold: Double? = nil
    ) {
      self.source = source
      self.requestedRate = requestedRate
      self.shared = shared
      self.categories = categories
      self.pixelThreshold = pixelThreshold
    }
  }

  /// A score above `value` makes a picture anomalous.
  public struct Threshold: Codable, Sendable, Equatable {
    /// Which normal pictures stand behind a category's rate.
    public enum Basis: String, Codable, Sendable {
      /// The category's own.
      case category
      /// Those of all categories, as they score.
      case pooled
      /// Those of all categories, each seen relative to its own category.
      case standardized
      /// The same by the rule of Norma 0.1.
      case leaning
    }

    /// On the scale of the model's scores.
    public var value: Double
    /// The stated share of normal pictures that score above `value`, 0…1.
    public var rate: Double
    /// How many normal pictures stand behind the rate.
    public var pictures: Int
    /// Whether the value comes from an extrapolated tail instead of from a score that was seen.
    public var isExtrapolated: Bool
    /// Nil leaves it unsaid.
    public var basis: Basis?

    public init(
      value: Double, rate: Double, pictures: Int, isExtrapolated: Bool = false,
      basis: Basis? = nil
    ) {
      self.value = value
      self.rate = rate
      self.pictures = pictures
      self.isExtrapolated = isExtrapolated
      self.basis = basis
    }
  }

  /// The threshold of one category.
  public struct CategoryThreshold: Codable, Sendable, Equatable {
    public var category: String
    public var threshold: Threshold

    public init(category: String, threshold: Threshold) {
      self.category = category
      self.threshold = threshold
    }
  }
}

extension ReportContent {
  /// What the trained network shows of itself: pictures side by side, in rows, under a heading.
  public struct Portrait: Codable, Sendable, Equatable {
    /// The heading.
    public var title: String
    /// What there is to see, in a paragraph.
    public var text: String
    public var rows: [Row]

    public init(title: String, text: String, rows: [Row]) {
      (self.title, self.text, self.rows) = (title, text, rows)
    }

    /// Pictures side by side.
    public struct Row: Codable, Sendable, Equatable {
      public var caption: String
      /// What else is to be said of the row.
      public var note: String?
      public var tiles: [Tile]

      public init(caption: String, note: String? = nil, tiles: [Tile]) {
        (self.caption, self.note, self.tiles) = (caption, note, tiles)
      }
    }

    /// One picture of a row.
    public struct Tile: Codable, Sendable, Equatable {
      /// What it shows, in a word or two.
      public var label: String
      /// JPEG, PNG or WebP.
      public var image: Data

      public init(label: String, image: Data) {
        (self.label, self.image) = (label, image)
      }
    }
  }
}
