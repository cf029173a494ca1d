import Foundation
import Norma
import NormaReport

/// Report contents that tests start from.
enum ReportFixture {
  /// The signature alone: enough to be taken for an image of its type.
  static let jpeg = Data([0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3])
  static let png = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])

  /// What training leaves: no evaluation.
  static var trained: ReportContent {
    ReportContent(
      title: "bottle-line",
      model: .init(
        method: "RAS", backbone: "EfficientNet-B4", precision: "float32", imageSize: 224,
        categories: ["bottle", "tire"], trainingPictures: 1198, heldOutPictures: 63,
        trainingSeconds: 860, toolVersion: "9.8.7", recipe: "method: ras\n",
        more: [.init("seed", "17")]),
      losses: .init(
        losses: (1...20).map { (1 / Double($0), 1.1 / Double($0)) }, kept: 17, steps: nil,
        seconds: 860),
      calibration: .init(
        source: .holdout, requestedRate: 0.01,
        shared: .init(value: 0.5, rate: 1 / 64, pictures: 63),
        categories: [
          .init(category: "bottle", threshold: .init(value: 0.45, rate: 1 / 22, pictures: 21))
        ],
        pixelThreshold: 0.625))
  }

  /// What evaluation leaves.
  static var evaluated: ReportContent {
    var content = trained
    let metrics = ReportContent.Metrics(
      imageAUROC: 0.9876, imageAP: 0.9, imageF1Max: 0.8, pixelAUROC: 0.7, pixelAP: 0.6, aupro: 0.5)
    content.evaluation = .init(
      dataset: "inspection7", categories: [category("bottle"), category("tire")], mean: metrics,
      autoCategoryAccuracy: 0.75)
    return content
  }

  static func category(_ name: String) -> ReportContent.Category {
    let normal = [0.1, 0.2, 0.3, 0.6]
    let anomalous = [0.4, 0.7, 0.8, 0.9, 0.95]
    return .init(
      name: name, normalCount: 4, anomalousCount: 5,
      metrics: .init(
        imageAUROC: 0.95, imageAP: 0.9, imageF1Max: 0.8, pixelAUROC: 0.7, pixelAP: 0.6, aupro: 0.5),
      shared: .init(threshold: 0.5, falseAlarms: 1, misses: 1),
      own: .init(threshold: 0.65, falseAlarms: 0, misses: 1), normalScores: normal,
      anomalousScores: anomalous,
      roc: ReportContent.rocCurve(normal: normal, anomalous: anomalous),
      examples: [
        .init(
          fate: .caught, total: 4,
          examples: [example("cut/1.jpg", 0.9), example("cut/2.jpg", 0.7)]),
        .init(fate: .missed, total: 1, examples: [example("cut/3.jpg", 0.4)]),
        .init(
          fate: .falselyFlagged, total: 1,
          examples: [example("good/4.jpg", 0.6, hasTruth: false)]),
      ])
  }

  static func example(
    _ name: String, _ score: Double, hasTruth: Bool = true
  ) -> ReportContent.Example {
    .init(
      fileName: name, score: score, pValue: 0.25, picture: jpeg, heatMap: jpeg, contour: jpeg,
      groundTruth: hasTruth ? png : nil)
  }
}
