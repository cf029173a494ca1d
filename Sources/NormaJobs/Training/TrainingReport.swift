import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaReport
import NormaTraining

/// The page after training: how the model came to be, what its thresholds promise, and what the network
/// shows of itself.
struct TrainingReport {
  private let content: ReportContent

  init(
    _ trained: TrainedDetector, _ manifest: Manifest, _ record: TrainingRecord,
    _ calibration: Calibration, title: String, root: String, reader: PictureReader
  ) throws {
    let (method, pictures, network) = (trained.method, trained.pictures, trained.network)
    let drawing = PortraitDrawing(pictures, reader: reader)
    content = ReportContent(
      title: title, manifest: manifest, training: record, calibration: calibration,
      strays: drawing.strays(pictures.survey, root: root),
      portraits: try drawing.portraits(of: method, network, data: pictures.data),
      reliability: try (method as? any PerceivingMethod)?.reliability(
        of: network, data: pictures.data))
  }

  /// What belongs into the model folder.
  func files() throws -> [String: Data] {
    [
      ModelFile.report: Data(ReportPage.html(content).utf8),
      ModelFile.reportContent: try content.encoded(),
    ]
  }
}

/// Draws what a trained network shows of itself, for its page.
private struct PortraitDrawing {
  /// Samples and their numbers in the feature store: one of each category.
  private let examples: [(sample: Sample, index: Int)]
  private let reader: PictureReader
  private let side = 224

  /// Categories beyond these are not shown.
  private static let most = 6

  init(_ pictures: SplitPictures, reader: PictureReader) {
    self.reader = reader
    var known: Set<String> = []
    examples = Array(
      zip(pictures.training, pictures.data.training)
        .filter { known.insert($0.0.category).inserted }
        .map { (sample: $0.0, index: $0.1) }.prefix(Self.most))
  }

  /// So many doubtful pictures are shown; so many stand in a row.
  private static let (mostStrays, strayColumns) = (24, 4)

  /// The training pictures that may not belong to their category; nil where all do.
  /// - Parameter root: the folder that their names are shown relative to.
  func strays(_ survey: SplitPictures.Survey, root: String) -> ReportContent.Portrait? {
    guard !survey.strays.isEmpty else { return nil }
    let shown = Array(survey.strays.prefix(Self.mostStrays))
    let more = survey.strays.count - shown.count
    let rows = stride(from: 0, to: shown.count, by: Self.strayColumns).map { first in
      let row = shown[first..<min(first + Self.strayColumns, shown.count)]
      return ReportContent.Portrait.Row(
        caption: row.map { FilePath.relative($0.sample.path, to: root) }.joined(separator: ", "),
        tiles: row.compactMap { sample, stray in
          // A file that went away while the network was trained does not take the model with it.
          guard let picture = try? reader.read(sample.path, size: side),
            let image = try? PictureWriter.jpeg(picture)
          else { return nil }
          return ReportContent.Portrait.Tile(
            label: "\(sample.category): like \(stray.nearer ?? "none")", image: image)
        })
    }
    return ReportContent.Portrait(
      title: "Training pictures to look at",
      text:
        "By its features a picture may not belong to its category: it lies nearer to another one, or far "
        + "from all. \(counted(survey.strays.count, "such picture")) had a part in the training. Take out "
        + "what is wrong, and train again." + (more > 0 ? " \(more) more are not shown." : ""),
      rows: rows)
  }

  /// Nil for methods that show nothing.
  func portraits(
    of method: any LearningMethod, _ network: TrainedNetwork, data: TrainingData
  ) throws -> [ReportContent.Portrait]? {
    guard let method = method as? any PortrayedMethod else { return nil }
    let pictures = try examples.map { try reader.read($0.sample.path, size: side) }
    return try method.portrait(network, data: data, examples: examples.map(\.index))
      .sections.map { section in
        ReportContent.Portrait(
          title: section.title, text: section.text,
          rows: try section.rows.map { row in
            ReportContent.Portrait.Row(
              caption: row.caption,
              tiles: try row.tiles.map {
                try ReportContent.Portrait.Tile(
                  label: $0.label, image: image($0.content, pictures))
              })
          })
      }
  }

  private func image(
    _ content: NetworkPortrait.Content, _ pictures: [Picture]
  ) throws -> Data {
    switch content {
    case .example(let number):
      return try PictureWriter.jpeg(pictures[number])
    case .colours(let bytes, let grid):
      return try PictureWriter.png(Picture(width: grid.width, height: grid.height, rgb: bytes))
    case .amounts(let values, let full, let grid):
      return try PictureWriter.png(
        Picture(
          width: grid.width, height: grid.height,
          rgb: values.flatMap { ColourMap.colour(of: $0 / full) }))
    case .look(let number, let weights, let row, let column, let grid):
      let map = AnomalyMap(width: grid.width, height: grid.height, values: weights)
      var marked = [UInt8](repeating: 0, count: grid.count)
      marked[row * grid.width + column] = 1
      return try PictureWriter.jpeg(
        pictures[number]
          .overlaid(with: map, scale: HeatScale(low: 0, high: weights.max() ?? 1))
          .outlined(
            Mask(width: grid.width, height: grid.height, values: marked), colour: .found))
    }
  }
}
