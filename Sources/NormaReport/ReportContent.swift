import Foundation
import NormaCore

/// Everything that a report page shows, as plain data.
///
/// Training fills `model`, `losses` and `calibration`; evaluation adds `evaluation`. A part that is
/// absent leaves its section out of the page. ``ReportPage/html(_:)`` turns the content into one
/// self-contained HTML page; ``encoded()`` keeps it, so that a later evaluation can add to what
/// training showed.
public struct ReportContent: Codable, Sendable, Equatable {
  /// What the page is about, usually the model's name.
  public var title: String
  public var model: Model
  public var losses: LossHistory?
  public var calibration: Calibration?
  public var evaluation: Evaluation?
  /// What the network shows of itself; nil for methods that show nothing.
  public var portraits: [Portrait]?
  /// How far the network's probabilities hold, on anomalies that were made up on held-out pictures; nil
  /// for methods that give none.
  public var reliability: ReliabilityDiagram?

  public init(
    title: String, model: Model, losses: LossHistory? = nil, calibration: Calibration? = nil,
    evaluation: Evaluation? = nil, portraits: [Portrait]? = nil,
    reliability: ReliabilityDiagram? = nil
  ) {
    self.title = title
    self.model = model
    self.losses = losses
    self.calibration = calibration
    self.evaluation = evaluation
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
    public var categories: [String]
    /// Normal pictures that the network was trained on, without those held out.
    public var trainingPictures: Int
    /// Normal pictures held out of training; 0 when none were.
    public var heldOutPictures: Int
    /// Wall-clock time of training, in seconds.
    public var trainingSeconds: Double?
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
