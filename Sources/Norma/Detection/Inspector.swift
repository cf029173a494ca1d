import Foundation
import NormaCore
import NormaFiles
import OpenVINO

/// Inspects pictures with a model: verdicts by its calibration, and heat maps.
public struct Inspector: Sendable {
  /// Whose threshold decides.
  public enum CategoryChoice: Sendable, Equatable {
    /// One threshold for all.
    case shared
    case named(String)
    /// The category whose mean trunk feature is nearest to the picture's.
    case automatic
  }

  /// How pictures are inspected.
  public struct Options: Sendable {
    public var category: CategoryChoice
    /// Another false-alarm rate than the calibration's, for pictures and regions.
    public var falseAlarmRate: Double?
    /// Where heat maps go; nil makes none.
    public var heatMaps: String?
    /// The longer side of a heat map at most, in pixels; smaller pictures keep their size.
    public var heatMapSize: Int
    /// Nil reads pictures as the model was trained; for a detector without its model, as they lie.
    public var reader: PictureReader?
    /// The share of normal pictures that may be sent to a person because the model is not sure; nil
    /// sends none.
    public var reviewShare: Double?
    /// Where maps of the uncertainty go; nil makes none.
    public var uncertaintyMaps: String?

    public init(
      category: CategoryChoice = .shared, falseAlarmRate: Double? = nil, heatMaps: String? = nil,
      heatMapSize: Int = 2048, reader: PictureReader? = nil, reviewShare: Double? = nil,
      uncertaintyMaps: String? = nil
    ) {
      self.reviewShare = reviewShare
      self.uncertaintyMaps = uncertaintyMaps
      self.category = category
      self.falseAlarmRate = falseAlarmRate
      self.heatMaps = heatMaps
      self.heatMapSize = heatMapSize
      self.reader = reader
    }
  }

  public let calibration: Calibration
  public let options: Options
  private let detector: Detector
  private let reader: PictureReader
  /// The uncertainty above which a person looks; nil when nobody does.
  public let reviewThreshold: Threshold?

  /// Throws when the category is unknown, the rate is not one, or the model cannot tell categories
  /// apart although `automatic` is asked for.
  public init(detector: Detector, calibration: Calibration, options: Options = Options()) throws {
    self.detector = detector
    self.calibration = calibration
    self.options = options
    reader = options.reader ?? PictureReader()
    switch options.category {
    case .shared: break
    case .named(let name):
      guard calibration.knownCategories.contains(name) else {
        throw CalibrationError.unknownCategory(name, known: calibration.knownCategories)
      }
    case .automatic:
      guard calibration.features != nil else {
        throw DetectionError(
          "the model keeps no features of its categories, so it cannot recognise them; name one "
            + "with --category")
      }
    }
    _ = try calibration.pixelThreshold(rate: options.falseAlarmRate)
    if options.reviewShare != nil || options.uncertaintyMaps != nil, !detector.perceives {
      throw DetectionError(
        "the model does not know how sure it is; one trained by URA-Net does (--recipe ura-net), but for "
          + "those made before there was a 'suspicion' in the graph: train such a one again")
    }
    reviewThreshold = try options.reviewShare.flatMap {
      try calibration.reviewThreshold(
        share: $0, byCategory: options.category != .shared, rate: options.falseAlarmRate)
    }
    if options.reviewShare != nil, reviewThreshold == nil {
      throw DetectionError(
        "the model keeps nothing of normal pictures to set aside a share of them by; "
          + "'norma calibrate' with a folder of new normal pictures gives it some")
    }
  }

  /// Opens a model's calibration and compiles its graph.
  public init(
    model: ModelFolder, options: Options = Options(), engine: Detector.Options = .init()
  ) throws {
    var options = options
    options.reader = options.reader ?? PictureReader(for: model.manifest)
    try self.init(
      detector: Detector(model: model, options: engine), calibration: model.calibration(),
      options: options)
  }

  /// The verdict on a detection.
  public func verdict(_ detection: Detection, path: String) throws -> Verdict {
    let category = category(of: detection)
    var verdict = try calibration.verdict(
      path: path, score: detection.score, category: category, rate: options.falseAlarmRate,
      suspicion: detection.perceived?.suspicion)
    if verdict.anomalous == true, let threshold = try pixelThreshold(category) {
      verdict.regions = try RegionFinder(threshold: threshold).regions(
        in: detection.map.values, width: detection.map.width, height: detection.map.height,
        pictureWidth: detection.original.width, pictureHeight: detection.original.height)
    }
    if let limit = reviewThreshold?.value, let uncertainty = verdict.uncertainty {
      verdict.review = uncertainty > limit
    }
    return verdict
  }

  /// A picture with the colours of the perception's uncertainty over it, from 0, sure, to ½, where it
  /// knows nothing; nil for a model without one.
  public func uncertaintyMap(_ picture: Picture, _ detection: Detection) -> Picture? {
    detection.perceived.map {
      picture.overlaid(with: $0.uncertainty, scale: HeatScale(low: 0, high: 0.5))
    }
  }

  /// A picture with the map's colours over it and, where the verdict is anomalous, a line around each
  /// region.
  public func heatMap(_ picture: Picture, _ detection: Detection, _ verdict: Verdict) throws
    -> Picture
  {
    let threshold = try pixelThreshold(verdict.category)
    let scale = threshold.map(HeatScale.init(pixelThreshold:)) ?? HeatScale(range: [detection.map])
    let overlay = picture.overlaid(with: detection.map, scale: scale)
    guard let threshold, verdict.anomalous == true else { return overlay }
    let mask = detection.map.mask(
      above: threshold, width: picture.width, height: picture.height)
    return overlay.outlined(mask, colour: .found)
  }

  private func category(of detection: Detection) -> String? {
    switch options.category {
    case .shared: nil
    case .named(let name): name
    case .automatic: calibration.nearestCategory(feature: detection.feature)
    }
  }

  private func pixelThreshold(_ category: String?) throws -> Float? {
    try calibration.pixelThreshold(category: category, rate: options.falseAlarmRate)?.value
  }
}

extension Inspector {
  /// What became of one file.
  public enum Outcome: Sendable, Equatable {
    case verdict(Verdict)
    case unreadable(FileProblem)
  }

  /// Inspects files, several at once; `deliver` gets the outcomes in the order of `entries`, on the
  /// calling thread. Heat maps appear whole or not at all.
  public func inspect(
    _ entries: [PictureList.Entry], deliver: (Int, Outcome) throws -> Void
  ) throws {
    let names = HeatMapFile.names(for: entries.map(\.relative))
    for folder in [options.heatMaps, options.uncertaintyMaps].compactMap({ $0 }) {
      try FilePath.createFolder(FilePath.absolute(folder))
    }
    let work: @Sendable (Int, FileDetection) throws -> Outcome = { index, found in
      switch found {
      case .unreadable(let problem): return .unreadable(problem)
      case .detected(let detection):
        let verdict = try verdict(detection, path: entries[index].path)
        do {
          try writeMaps(detection, verdict, name: names[index])
        } catch let problem as FileProblem where problem.path == verdict.path {
          return .unreadable(problem)
        }
        return .verdict(verdict)
      }
    }
    try detector.detect(
      entries.map(\.path), reader: reader, refine: work, deliver: deliver)
  }

  private func writeMaps(_ detection: Detection, _ verdict: Verdict, name: String) throws {
    guard options.heatMaps != nil || options.uncertaintyMaps != nil else { return }
    let picture = try reader.read(verdict.path, fitting: options.heatMapSize)
    if let folder = options.heatMaps {
      let map = try heatMap(picture, detection, verdict)
      try HeatMapFile.write(PictureWriter.png(map), to: "\(folder)/\(name).heatmap.png")
    }
    if let folder = options.uncertaintyMaps, let map = uncertaintyMap(picture, detection) {
      try HeatMapFile.write(PictureWriter.png(map), to: "\(folder)/\(name).uncertainty.png")
    }
  }
}
