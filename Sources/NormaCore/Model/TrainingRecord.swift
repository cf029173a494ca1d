import Foundation
import NormaFiles

/// How a model's network came to be: the model folder's `training.json`, written once when the training
/// ends. Pages, comparisons and later looks at the same network read it; none of them is its memory.
public struct TrainingRecord: Codable, Equatable, Sendable {
  /// The format of records that this code writes, and the latest that it reads.
  public static let currentFormat = 1

  /// The arithmetic that the network was trained in. A model may inspect in another.
  public enum Precision: String, Codable, Sendable {
    case bf16, float32
  }

  /// A machine that trains.
  public struct Machine: Codable, Equatable, Sendable {
    /// The processor's name, as its maker writes it.
    public var processor: String
    /// Processor cores that the training could use.
    public var cores: Int
    /// Where tensors lay: `cpu`, or the name of a graphics card.
    public var device: String

    public init(processor: String, cores: Int, device: String) {
      (self.processor, self.cores, self.device) = (processor, cores, device)
    }
  }

  /// Which keys there are and what they mean.
  public var formatVersion = TrainingRecord.currentFormat
  /// Losses by epoch, the kept epoch, optimiser steps, and the seconds of a fit.
  public var losses: LossHistory
  /// Seconds of the whole training, without the features; nil where nobody measured them.
  public var seconds: Double?
  /// Normal pictures that the network was trained on, without those held out.
  public var trainingPictures: Int
  /// Normal pictures held out of training; 0 when none were.
  public var heldOutPictures: Int
  /// How many scenes those pictures show, near copies of one counted once; where it is known, pictures of
  /// one scene were held out together. Nil of models that are older than the question.
  public var scenes: Int?
  /// Which pictures were held out, by their names relative to the data set's folder, sorted: who looks at the
  /// network again holds out these. Nil of models that are older than this.
  public var heldOutNames: [String]?
  /// What everything random was drawn from.
  public var seed: Int
  /// Nil, like all that follows, of a model that is older than its record.
  public var precision: Precision?
  /// What it was trained on.
  public var machine: Machine?
  /// The version of LibTorch that trained.
  public var engineVersion: String?
  /// The version of Norma that trained.
  public var toolVersion: String
  /// When the training ended, ISO 8601 in UTC.
  public var finished: String?

  /// The record of a training that has just ended.
  ///
  /// - Parameters:
  ///   - losses: of the network that the model holds; a fit's has no epochs.
  ///   - trainingPictures: normal pictures trained on, without those held out.
  ///   - heldOutPictures: normal pictures held out.
  ///   - precision: what the training computed in, resolved for the machine; a fit computes in float32.
  ///   - engineVersion: LibTorch's.
  public init(
    losses: LossHistory, trainingPictures: Int, heldOutPictures: Int, seed: Int,
    precision: Precision, machine: Machine, engineVersion: String,
    toolVersion: String = NormaVersion.current, finished: Date = Date()
  ) {
    self.losses = losses
    seconds = losses.seconds
    self.trainingPictures = trainingPictures
    self.heldOutPictures = heldOutPictures
    self.seed = seed
    self.precision = precision
    self.machine = machine
    self.engineVersion = engineVersion
    self.toolVersion = toolVersion
    self.finished = finished.formatted(.iso8601)
  }

  /// The record as `training.json` holds it. A loss that is not a number survives the trip.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(self)
  }

  /// Reads what ``json()`` wrote.
  /// - Throws: `FileProblem` for a record of a later format, and for what is none.
  /// - Parameter path: names the file in errors.
  public init(json: Data, path: String = ModelFile.training) throws {
    struct Format: Decodable { var formatVersion: Int }
    let decoder = Self.decoder
    do {
      let format = try decoder.decode(Format.self, from: json).formatVersion
      guard format <= Self.currentFormat else {
        throw FileProblem(
          path: path,
          reason:
            "it has format \(format); this version of Norma reads up to \(Self.currentFormat): "
            + "use the version that wrote it, or a later one")
      }
      self = try decoder.decode(TrainingRecord.self, from: json)
    } catch let problem as DecodingError {
      throw FileProblem(path: path, reason: "not the record of a training: \(Self.words(problem))")
    }
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  private static func words(_ problem: DecodingError) -> String {
    switch problem {
    case .keyNotFound(let key, _): "it has no \(key.stringValue)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "it is not JSON of its kind"
        : "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is not what it should be"
    @unknown default: "it cannot be read"
    }
  }
}

extension TrainingRecord {
  /// The record of a model's training. A model that was written before there were records has told its
  /// page alone of it: what the page's content knows is the record then.
  ///
  /// - Returns: nil for a model with neither.
  /// - Throws: `FileProblem` that names the file when there is one that cannot be read.
  public static func read(from model: ModelFolder) throws -> TrainingRecord? {
    if model.contains(ModelFile.training) {
      return try TrainingRecord(
        json: model.data(ModelFile.training), path: "\(model.path)/\(ModelFile.training)")
    }
    guard model.contains(ModelFile.reportContent) else { return nil }
    do {
      let page = try decoder.decode(Page.self, from: model.data(ModelFile.reportContent))
      return TrainingRecord(page, model.manifest)
    } catch let problem as DecodingError {
      throw FileProblem(
        path: "\(model.path)/\(ModelFile.reportContent)",
        reason: "not the content of a model's page: \(words(problem))")
    }
  }

  /// What a page's content says of a training, as it was kept before there were records.
  private struct Page: Decodable {
    struct Model: Decodable {
      var trainingPictures: Int
      var heldOutPictures: Int
      var trainingSeconds: Double?
    }

    var model: Model
    var losses: PageLosses?
  }

  private init(_ page: Page, _ manifest: Manifest) {
    seconds = page.model.trainingSeconds
    losses = page.losses?.history(seconds: seconds) ?? LossHistory(fitSeconds: seconds)
    trainingPictures = page.model.trainingPictures
    heldOutPictures = page.model.heldOutPictures
    seed = manifest.recipe.training.seed
    switch manifest.recipe.training.precision {
    case .auto: precision = nil
    case .bf16: precision = .bf16
    case .f32: precision = .float32
    }
    toolVersion = manifest.toolVersion
  }
}

/// The losses of a training, epoch by epoch; a fit has none.
public struct LossHistory: Codable, Equatable, Sendable {
  /// Mean losses of one epoch.
  public struct Epoch: Codable, Equatable, Sendable {
    /// Mean over the epoch's steps, jitter included.
    public var training: Double
    /// Mean over the held-out pictures, without jitter; nil when none are held out.
    public var heldOut: Double?
    /// Seconds of training, up to the end of this epoch.
    public var seconds: Double

    public init(training: Double, heldOut: Double? = nil, seconds: Double) {
      (self.training, self.heldOut, self.seconds) = (training, heldOut, seconds)
    }
  }

  /// In their order.
  public var epochs: [Epoch] = []
  /// The epoch, counted from 0, whose weights the model keeps.
  public var kept: Int?

  /// Optimiser steps in all; nil of a training that did not count them.
  public var steps: Int?

  /// Seconds of a fit, and of an ensemble's training.
  public var fitSeconds: Double?

  /// Of an ensemble each member's own history, in the recipe's order; nil of others.
  public var members: [Member]?

  /// How the training of one method of an ensemble went.
  public struct Member: Codable, Equatable, Sendable {
    /// As people write it, `PatchCore`.
    public var title: String
    public var losses: LossHistory

    public init(title: String, losses: LossHistory) { (self.title, self.losses) = (title, losses) }
  }

  /// Seconds of the whole training.
  public var seconds: Double? { fitSeconds ?? epochs.last?.seconds }

  /// The epoch whose weights the model keeps, counted from 1 as people do.
  public var keptEpoch: Int? { kept.map { $0 + 1 } }

  /// The kept epoch with its number from 1; the last one where none is named; nil without epochs.
  package var keptOrLast: (epoch: Epoch, number: Int)? {
    guard let last = epochs.indices.last else { return nil }
    let index = kept.flatMap { epochs.indices.contains($0) ? $0 : nil } ?? last
    return (epochs[index], index + 1)
  }

  /// The history of a training that has not begun.
  public init() {}

  /// The history of a fit.
  public init(fitSeconds: Double?) { self.fitSeconds = fitSeconds }

  /// The history of a training whose epochs' ends nobody noted: they count as equally long.
  ///
  /// - Parameters:
  ///   - kept: counted from 0.
  ///   - seconds: of all epochs; of a fit where there are none.
  public init(
    losses: [(training: Double, heldOut: Double?)], kept: Int?, steps: Int?, seconds: Double?
  ) {
    let each = (seconds ?? 0) / Double(max(1, losses.count))
    epochs = losses.enumerated().map { index, loss in
      Epoch(
        training: loss.training, heldOut: loss.heldOut, seconds: each * Double(index + 1))
    }
    (self.kept, self.steps) = (kept, steps)
    if losses.isEmpty { fitSeconds = seconds }
  }
}

/// Losses as the content of a page holds them: `losses` in `report/content.json`, whose epochs have
/// numbers from 1.
package struct PageLosses: Codable {
  private struct Epoch: Codable {
    var number: Int
    var training: Double
    var heldOut: Double?
    /// Missing in pages of before there were records.
    var seconds: Double?
  }

  private var epochs: [Epoch]
  private var keptEpoch: Int?
  /// Pages of before there were records want to be told how to draw the axis.
  private var scale: String? = "logarithmic"
  private var steps: Int?

  package init(_ history: LossHistory) {
    epochs = history.epochs.enumerated().map {
      Epoch(number: $0 + 1, training: $1.training, heldOut: $1.heldOut, seconds: $1.seconds)
    }
    (keptEpoch, steps) = (history.keptEpoch, history.steps)
  }

  /// - Parameter seconds: of the whole training; where the epochs do not say when they ended, they count
  ///   as equally long.
  package func history(seconds: Double?) -> LossHistory {
    var history = LossHistory(
      losses: epochs.map { ($0.training, $0.heldOut) }, kept: keptEpoch.map { $0 - 1 },
      steps: steps, seconds: seconds)
    for (index, epoch) in epochs.enumerated() {
      if let seconds = epoch.seconds { history.epochs[index].seconds = seconds }
    }
    return history
  }
}
