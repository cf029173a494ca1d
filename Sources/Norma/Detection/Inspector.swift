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
    /// The category that is recognised (``Calibration/recognition(of:)``).
    case automatic
  }

  /// How pictures are inspected.
  public struct Options: Sendable {
    /// Whose threshold decides; nil: the recognised category's where the model keeps features to
    /// recognise one by, else the shared one.
    public var category: CategoryChoice?
    /// Another false-alarm rate than the calibration's, for pictures and regions.
    public var falseAlarmRate: Double?
    /// Another share of normal pictures than the calibration's that may be called unknown.
    public var unknownRate: Double?
    /// Where heat maps go; nil makes none.
    public var heatMaps: String?
    /// The longer side of a heat map at most, in pixels; smaller pictures keep their size.
    public var heatMapSize: Int
    /// Nil reads pictures as the model was trained; for a detector without its model, as they lie.
    public var reader: PictureReader?
    /// The share of normal pictures that may be sent to a person because their verdict is in doubt; nil
    /// sends none but those of unknown kind.
    public var reviewShare: Double?
    /// Where maps of the uncertainty go; nil makes none.
    public var uncertaintyMaps: String?

    public init(
      category: CategoryChoice? = nil, falseAlarmRate: Double? = nil,
      unknownRate: Double? = nil, heatMaps: String? = nil,
      heatMapSize: Int = 2048, reader: PictureReader? = nil, reviewShare: Double? = nil,
      uncertaintyMaps: String? = nil
    ) {
      self.reviewShare = reviewShare
      self.uncertaintyMaps = uncertaintyMaps
      self.unknownRate = unknownRate
      self.category = category
      self.falseAlarmRate = falseAlarmRate
      self.heatMaps = heatMaps
      self.heatMapSize = heatMapSize
      self.reader = reader
    }
  }

  /// What verdicts are given by.
  public let calibration: Calibration
  /// As it was made with.
  public let options: Options
  /// Whose threshold decides.
  public let category: CategoryChoice
  private let detector: Detector
  private let reader: PictureReader
  /// The doubt (``Calibration/doubt(level:)``) above which a person looks; nil when nobody does.
  public let reviewThreshold: Threshold?

  /// Throws when the category is unknown, the rate is not one, or the model cannot tell categories
  /// apart although `automatic` is asked for.
  public init(detector: Detector, calibration: Calibration, options: Options = Options()) throws {
    self.detector = detector
    self.calibration = calibration
    self.options = options
    reader = options.reader ?? PictureReader()
    category = options.category ?? (calibration.recognizes ? .automatic : .shared)
    switch category {
    case .shared: break
    case .named(let name):
      guard calibration.knownCategories.contains(name) else {
        throw CalibrationError.unknownCategory(name, known: calibration.knownCategories)
      }
    case .automatic:
      guard calibration.recognizes else {
        throw DetectionError(
          "the model keeps no features of its categories, so it cannot recognise them; name one "
            + "with --category")
      }
    }
    _ = try calibration.pixelThreshold(rate: options.falseAlarmRate)
    try Self.check(unknownRate: options.unknownRate, category, calibration)
    if options.uncertaintyMaps != nil, !detector.perceives {
      throw DetectionError(
        "the model does not know how sure it is; one trained by URA-Net does (--recipe ura-net), but for "
          + "those made before there was a 'suspicion' in the graph: train such a one again")
    }
    let byCategory = category != .shared
    reviewThreshold = try options.reviewShare.flatMap {
      try calibration.reviewThreshold(
        share: $0, byCategory: byCategory, rate: options.falseAlarmRate)
    }
    if options.reviewShare != nil, reviewThreshold == nil {
      throw DetectionError(
        "the model keeps nothing of normal pictures to set aside a share of them by; "
          + "'norma calibrate' with a folder of new normal pictures gives it some")
    }
  }

  private static func check(
    unknownRate: Double?, _ category: CategoryChoice, _ calibration: Calibration
  ) throws {
    guard let unknownRate else { return }
    try Calibration.check(rate: unknownRate)
    guard category == .automatic else {
      throw DetectionError(
        "whether a picture is of none of the categories is only asked where its category is recognised; "
          + "leave --category or --unknown-rate out")
    }
    guard calibration.tellsUnknown(rate: unknownRate) else {
      throw DetectionError(
        "the model cannot say of a picture that it is of none of its categories: it keeps too few normal "
          + "pictures' distances, or none, as those of Norma 0.1; 'norma calibrate' with a folder of new "
          + "normal pictures gives it some, which takes 20")
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

  /// See ``Detector/caution``.
  public var caution: String? { detector.caution }

  /// The verdict on a detection.
  public func verdict(_ detection: PictureDetection, path: String) throws -> Verdict {
    var verdict: Verdict
    switch category {
    case .automatic:
      verdict = try calibration.verdict(
        path: path, score: detection.score, feature: detection.feature,
        rate: options.falseAlarmRate, suspicion: detection.perceived?.suspicion,
        unknownRate: options.unknownRate)
    case .shared, .named:
      verdict = try calibration.verdict(
        path: path, score: detection.score, category: named, rate: options.falseAlarmRate,
        suspicion: detection.perceived?.suspicion)
    }
    if verdict.anomalous == true, let threshold = try pixelThreshold(verdict.category) {
      verdict.regions = try RegionFinder(threshold: threshold).regions(
        in: detection.map.values, width: detection.map.width, height: detection.map.height,
        pictureWidth: detection.original.width, pictureHeight: detection.original.height)
    }
    if let limit = reviewThreshold?.value, let level = verdict.level {
      verdict.review = Calibration.doubt(level: level) > limit
    }
    return verdict
  }

  /// A picture with the colours of the perception's uncertainty over it, from 0, sure, to ½, where it
  /// knows nothing; nil for a model without one.
  public func uncertaintyMap(_ picture: Picture, _ detection: PictureDetection) -> Picture? {
    detection.perceived.map {
      picture.overlaid(with: $0.uncertainty, scale: HeatScale(low: 0, high: 0.5))
    }
  }

  /// A picture with the map's colours over it and, where the verdict is anomalous, a line around each
  /// region.
  public func heatMap(_ picture: Picture, _ detection: PictureDetection, _ verdict: Verdict) throws
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

  private var named: String? {
    if case .named(let name) = category { name } else { nil }
  }

  private func pixelThreshold(_ category: String?) throws -> Float? {
    try calibration.pixelThreshold(category: category, rate: options.falseAlarmRate)?.value
  }
}

extension Inspector {
  /// What became of one file.
  public enum Outcome: Sendable, Equatable {
    /// What the model says of it. A map that was asked for and could not be written takes nothing from the
    /// verdict, which names it (``Verdict/heatMapError``).
    case verdict(Verdict)
    /// There is none: the file could not be read, or the model gives of it what is not a number.
    case unreadable(FileProblem)
  }

  /// Inspects files, several at once; `deliver` gets the outcomes in the order of `entries`, on the
  /// calling thread. What goes wrong with one picture is its outcome and stops no other. Maps appear whole
  /// or not at all, under names that depend on the picture's place alone (``Verdict/heatMap``).
  ///
  /// - Throws: `FileProblem` when a folder of maps cannot be made, and what `deliver` throws.
  public func inspect(
    _ entries: [PictureList.Entry], deliver: (Int, Outcome) throws -> Void
  ) throws {
    for folder in [options.heatMaps, options.uncertaintyMaps].compactMap({ $0 }) {
      try FilePath.createFolder(FilePath.absolute(folder))
    }
    // One more than the requests, so that one decodes while the others compute.
    let workers = try entries.count == 1 ? 1 : detector.optimalConcurrency() + 1
    try OrderedPipeline.run(count: entries.count, workers: workers) {
      let session = try detector.session()
      return { (item: Int) -> Outcome in outcome(entries[item].path, session) }
    } deliver: {
      try deliver($0, $1)
    }
  }

  private func outcome(_ path: String, _ session: DetectionSession) -> Outcome {
    do {
      let picture = try reader.read(path, size: detector.imageSize)
      let detection = try session.detect(picture, name: path)
      var verdict = try verdict(detection, path: path)
      writeMaps(detection, &verdict)
      return .verdict(verdict)
    } catch {
      return .unreadable(Self.problem(error, with: path))
    }
  }

  /// The problem that a picture has, whatever was said of it: its own path, and why.
  private static func problem(_ error: any Error, with path: String) -> FileProblem {
    if let problem = error as? FileProblem, problem.path == path { return problem }
    let (reason, prefix) = ("\(error)", "\(path): ")
    return FileProblem(
      path: path,
      reason: reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : reason)
  }

  /// Writes the maps that were asked for and says in the verdict where they are, or why they are not.
  private func writeMaps(_ detection: PictureDetection, _ verdict: inout Verdict) {
    guard options.heatMaps != nil || options.uncertaintyMaps != nil else { return }
    let path = verdict.path
    let picture = Result { try reader.read(path, fitting: options.heatMapSize) }
    if let folder = options.heatMaps {
      let file = MapFile.path(of: path, kind: "heatmap", in: folder)
      do {
        try MapFile.write(heatMap(picture.get(), detection, verdict), to: file)
        verdict.heatMap = file
      } catch {
        verdict.heatMapError = "\(error)"
      }
    }
    if let folder = options.uncertaintyMaps {
      let file = MapFile.path(of: path, kind: "uncertainty", in: folder)
      do {
        guard let map = try uncertaintyMap(picture.get(), detection) else { return }
        try MapFile.write(map, to: file)
        verdict.uncertaintyMap = file
      } catch {
        verdict.uncertaintyMapError = "\(error)"
      }
    }
  }
}

/// The files of maps in their folder.
enum MapFile {
  private static let kinds = ["heatmap", "uncertainty"]
  private static let digits = 12

  /// Whether a file is a map, by its name: 12 digits of a digest and the kind.
  static func isMap(_ name: String) -> Bool {
    guard let kind = kinds.first(where: { name.hasSuffix(".\($0).png") }) else { return false }
    let digest = name.dropLast(".\(kind).png".count).suffix(digits + 1)
    return digest.count == digits + 1 && digest.first == "-"
      && digest.dropFirst().allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }

  /// Where the map of a picture lies: `broken/003.jpg-1f0c….heatmap.png`, by the picture's own folder, its
  /// name, and the beginning of the SHA-256 of its absolute path.
  ///
  /// The digest tells apart `003.jpg` of two folders of one name, and names that differ in their letters'
  /// case or in how these are composed, which not every disk does; and it depends on nothing but the
  /// picture's place: not on what else is inspected, nor in which order.
  ///
  /// - Parameters:
  ///   - picture: its path as it was named.
  ///   - kind: of map; what the file's name says before `.png`.
  ///   - folder: of the maps, as it was named.
  static func path(of picture: String, kind: String, in folder: String) -> String {
    let place = FilePath.absolute(picture)
    let digest = Digest.sha256(Data(place.utf8)).prefix(digits)
    // With what follows it a name that is as long as names can be would be too long.
    var name = FilePath.name(place)
    while name.utf8.count > 200 { name.removeLast() }
    let parent = FilePath.name(FilePath.parent(place))
    let within = (parent == "/" ? "" : parent + "/") + "\(name)-\(digest).\(kind).png"
    return folder.hasSuffix("/") ? folder + within : "\(folder)/\(within)"
  }

  /// The file appears whole or not at all. Unlike a model it is not forced to the disk: after a power
  /// cut it is made again, and waiting for the disk would take longer than inspecting.
  static func write(_ map: Picture, to path: String) throws {
    let data = try PictureWriter.png(map)
    let folder = FilePath.parent(FilePath.absolute(path))
    try FilePath.createFolder(folder)
    // Short, whatever the picture is called: the map's own name may be as long as names can be.
    let scratch = "\(folder)/.norma-\(UInt64.random(in: 0...UInt64.max))"
    do {
      try PosixFile(creating: scratch).write(data)
      guard rename(scratch, path) == 0 else {
        throw FileProblem.system(path, "cannot be written", code: errno)
      }
    } catch let problem as FileProblem {
      unlink(scratch)
      throw FileProblem(path: path, reason: problem.reason)
    }
  }
}
