import Foundation
import NormaCore
import NormaFiles
import NormaReport

/// Draws test pictures for a report: the picture, its heat map, the regions that were found and those
/// that people marked.
struct ExampleRenderer: Sendable {
  let evaluator: Evaluator
  /// The longer side of the drawings, in pixels.
  var side = 320
  var quality = 82

  /// The drawings of `pictures`, all of one category; one that can no longer be read is left out.
  func render(
    _ pictures: [EvaluatedPicture], category: String
  ) throws -> [EvaluatedPicture: ReportContent.Example] {
    let calibration = evaluator.calibration
    let known = calibration.knownCategories.contains(category) ? category : nil
    let pixelThreshold = try calibration.pixelThreshold(category: known)?.value
    var detections: [Detection?] = []
    try evaluator.detector.detect(pictures.map(\.sample.path), reader: evaluator.reader) {
      if case .detected(let detection) = $1 { detections.append(detection) }
      if case .unreadable = $1 { detections.append(nil) }
    }
    let scale =
      pixelThreshold.map(HeatScale.init(pixelThreshold:))
      ?? HeatScale(range: detections.compactMap { $0?.map })
    // Without a threshold the outline runs where the colours are in their middle.
    let outline = pixelThreshold ?? (scale.low + scale.high) / 2
    var drawn: [EvaluatedPicture: ReportContent.Example] = [:]
    for (picture, detection) in zip(pictures, detections) {
      guard let detection else { continue }
      drawn[picture] = try? draw(picture, detection, scale: scale, outline: outline)
    }
    return drawn
  }

  private func draw(
    _ evaluated: EvaluatedPicture, _ detection: Detection, scale: HeatScale, outline: Float
  ) throws -> ReportContent.Example {
    let sample = evaluated.sample
    let picture = try evaluator.reader.read(sample.path, fitting: side)
    let found = detection.map.mask(
      above: outline, width: picture.width, height: picture.height)
    var truth: Data?
    if sample.label.isAnomalous,
      let mask = try? evaluator.reader.readMask(
        of: sample, width: picture.width, height: picture.height)
    {
      truth = try jpeg(picture.outlined(mask, colour: .truth))
    }
    return ReportContent.Example(
      fileName: Self.shortName(sample), score: Double(evaluated.score), pValue: evaluated.pValue,
      picture: try jpeg(picture),
      heatMap: try jpeg(picture.overlaid(with: detection.map, scale: scale)),
      contour: try jpeg(picture.outlined(found, colour: .found)), groundTruth: truth)
  }

  private func jpeg(_ picture: Picture) throws -> Data {
    try PictureWriter.jpeg(picture, quality: quality)
  }

  /// `broken_small/003.jpg`.
  private static func shortName(_ sample: Sample) -> String {
    let name = FilePath.name(sample.path)
    let kind = sample.label.defect ?? "good"
    return FilePath.name(FilePath.parent(sample.path)) == kind ? "\(kind)/\(name)" : name
  }
}
