import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import NormaTraining

/// Draws pictures beside what a model makes of them.
struct PortrayDrawing {
  private let model: ModelFolder
  private let decoded: DecodedFeatures
  private let source: DatasetSource
  private let prepared: PreparedRecipe
  private let detector: Detector
  private let calibration: Calibration
  /// Side of the drawings, in pixels.
  private let side = 224

  private let context: JobContext

  init(
    model: ModelFolder, decoded: DecodedFeatures, source: DatasetSource, prepared: PreparedRecipe,
    _ context: JobContext
  ) throws {
    (self.model, self.decoded, self.source) = (model, decoded, source)
    (self.prepared, self.context) = (prepared, context)
    detector = try Detector(model: model)
    if let caution = detector.caution { context.warning(caution) }
    calibration = try model.calibration()
  }

  /// A picture on the page.
  struct Row {
    var picture: PortrayedPicture
    var row: ReportContent.Portrait.Row
  }

  /// - Parameters:
  ///   - unreadable: told of pictures that cannot be read; they have no row.
  ///   - check: asked before each picture; what it throws stops the work.
  func rows(
    of pictures: [PortrayedPicture], unreadable: (FileProblem) -> Void, check: () throws -> Void
  ) throws -> [Row] {
    var seen: [(picture: PortrayedPicture, features: DecodedFeatures.Picture)] = []
    let progress = context.stage("Drawing", total: 2 * pictures.count, unit: "steps")
    defer { progress.clear() }
    try source.extractor(prepared).extract(pictures.map { FeatureRequest(path: $0.path) }) {
      index, result in
      try check()
      switch result {
      case .success(let values):
        seen.append((pictures[index], try decoded.picture(Array(values))))
      case .failure(let problem as FileProblem): unreadable(problem)
      case .failure(let error): throw error
      }
      progress.update(index + 1)
    }
    let detections = try detections(of: seen.map(\.picture)) {
      try check()
      progress.update(pictures.count + $0)
    }
    let range = HeatScale(range: detections.map(\.map))
    return try zip(seen, detections).map { seen, detection in
      Row(
        picture: seen.picture,
        row: ReportContent.Portrait.Row(
          caption: seen.picture.name, note: try note(detection, of: seen.picture),
          tiles: try tiles(seen.picture, seen.features, detection, range)))
    }
  }

  private func detections(
    of pictures: [PortrayedPicture], done: (Int) throws -> Void
  ) throws -> [PictureDetection] {
    var found: [PictureDetection] = []
    try detector.detect(pictures.map(\.path), reader: source.reader) {
      switch $1 {
      case .detected(let detection): found.append(detection)
      case .unreadable(let problem): throw problem
      }
      try done($0 + 1)
    }
    return found
  }

  private func tiles(
    _ shown: PortrayedPicture, _ seen: DecodedFeatures.Picture, _ detection: PictureDetection,
    _ range: HeatScale
  ) throws -> [ReportContent.Portrait.Tile] {
    let picture = try source.reader.read(shown.path, size: side)
    let category = shown.category.flatMap {
      calibration.knownCategories.contains($0) ? $0 : nil
    }
    let scale = try calibration.pixelThreshold(category: category)
      .map { HeatScale(pixelThreshold: $0.value) }
    let rebuilt = try seen.rebuilt.enumerated().map { index, tile in
      let isLast = index == seen.rebuilt.count - 1
      return try self.tile(isLast ? "as if normal (\(tile.name))" : tile.name, tile.rgb)
    }
    return [
      .init(label: "picture", image: try PictureWriter.jpeg(picture)),
      try tile("as the model sees it", seen.seen),
    ] + rebuilt + [
      .init(
        label: "anomaly map",
        image: try PictureWriter.jpeg(
          picture.overlaid(with: detection.map, scale: scale ?? range)))
    ]
  }

  private func tile(_ label: String, _ rgb: [UInt8]) throws -> ReportContent.Portrait.Tile {
    let size = decoded.size
    return .init(
      label: label,
      image: try PictureWriter.jpeg(
        Picture(width: size.width, height: size.height, rgb: rgb), quality: 92))
  }

  private func note(_ detection: PictureDetection, of picture: PortrayedPicture) throws -> String {
    let score = "score \(Figures.value(Double(detection.score)))"
    let known = picture.isDefective.map { $0 ? "defective · " : "good · " } ?? ""
    let verdict = try calibration.verdict(
      path: picture.path, score: detection.score, feature: detection.feature)
    guard let level = verdict.level, let anomalous = verdict.anomalous
    else { return known + score }
    let word = verdict.unknown == true ? "unknown" : anomalous ? "anomalous" : "normal"
    return known + "\(score), \(word) (level \(Figures.level(level)))"
  }

  // MARK: The page

  /// - Parameter error: the decoder's, on pictures that it has not seen.
  func page(_ rows: [Row], error: Double?) throws -> DecodedPage {
    let manifest = model.manifest
    let groups = Dictionary(grouping: rows) { $0.picture.category ?? "" }.sorted { $0.key < $1.key }
    let learned = try decoded.learned().map { try tile($0.name, $0.rgb) }
    return DecodedPage(
      title: FilePath.stem(model.path),
      lede: "\(manifest.title) on \(manifest.backbone.name), "
        + "\(manifest.imageSize)\u{A0}px: what it takes for normal",
      decoderError: error, note: decoded.note,
      learned: learned.isEmpty
        ? nil : ReportContent.Portrait.Row(caption: "from nothing", tiles: learned),
      sections: groups.map { name, rows in
        .init(title: name.isEmpty ? "Pictures" : name, rows: rows.map(\.row))
      },
      toolVersion: NormaVersion.current)
  }
}
