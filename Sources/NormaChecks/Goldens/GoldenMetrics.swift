import NormaCore
import NormaTraining

/// The metrics of a golden file, by the names that its header gives them.
public enum GoldenMetrics {
  /// The names in the order of the golden files' tensor `expected`.
  public static let names = [
    "imageAUROC", "imageAP", "imageF1Max", "pixelAUROC", "pixelAP", "AUPRO",
  ]

  /// Computes every metric that a golden file holds.
  ///
  /// - Parameters:
  ///   - labels: one number a picture, above 0 is anomalous.
  ///   - scores: one image score a picture.
  ///   - masks: pictures × height × width, above 0 is anomalous.
  ///   - maps: anomaly maps of the same shape.
  /// - Returns: metric by name (``names``); a metric that has no value is absent.
  /// - Throws: ``MetricError``.
  public static func compute(
    labels: [Float], scores: [Float], masks: [Float], maps: [Float], height: Int, width: Int
  ) throws -> [String: Double] {
    let size = height * width
    guard size > 0, masks.count == maps.count, maps.count.isMultiple(of: size) else {
      throw MetricError.lengths(
        what: "values of masks for maps of \(height)×\(width)", found: masks.count,
        expected: maps.count)
    }
    let image = try Metrics.image(scores: scores, labels: labels.map { $0 > 0 })
    let pixels = try PixelMetrics()
    for start in stride(from: 0, to: maps.count, by: size) {
      try pixels.add(
        map: Array(maps[start..<(start + size)]),
        mask: masks[start..<(start + size)].map { $0 > 0 ? 1 : 0 }, width: width, height: height)
    }
    let pixel = try pixels.finish()
    let values = [
      image.auroc, image.averagePrecision, image.f1Max, pixel.auroc, pixel.averagePrecision,
      pixel.aupro,
    ]
    return Dictionary(uniqueKeysWithValues: zip(names, values)).compactMapValues { $0 }
  }

  /// The metric that a header's entry means: `AUPRO at FPR limit 0.3, …` is `AUPRO`.
  public static func name(of entry: String) -> String? {
    names.filter { entry.hasPrefix($0) }.max { $0.count < $1.count }
  }
}
