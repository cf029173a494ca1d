import Networks
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO
import Torch

/// A convolutional backbone's golden file: levels and aligned features of real pictures, under both paddings.
struct BackboneGolden {
  /// Features agree within this share of the largest value of their tensor.
  static let tolerance = 1e-3
  /// What the file is of.
  static let backbone = "efficientnet-b4"

  /// Levels `[batch, C, h, w]` of normalised pictures `[batch, 3, S, S]` under a trunk's padding and, last,
  /// their alignment, by an engine.
  static func maps(
    _ engine: GoldenEngine, _ trunk: Trunk, _ backbone: [String: WeightTensor],
    _ pictures: WeightTensor
  ) throws -> [WeightTensor] {
    switch engine {
    case .torch: try torch(trunk, backbone, pictures)
    case .openVINO: try openVINO(trunk, backbone, pictures)
    }
  }

  /// LibTorch's levels and, last, the aligned features.
  private static func torch(
    _ trunk: Trunk, _ backbone: [String: WeightTensor], _ pictures: WeightTensor
  ) throws -> [WeightTensor] {
    let parameters = try Parameters(constants: backbone)
    return try withoutGradient {
      let input = try Tensor(pictures.values, shape: pictures.shape)
      let levels = try trunk.backbone(parameters)(input)
      return try (levels + trunk.arranged(levels)).map {
        WeightTensor(shape: $0.shape, values: try $0.floats())
      }
    }
  }

  /// The same of the recorded graph in OpenVINO.
  private static func openVINO(
    _ trunk: Trunk, _ backbone: [String: WeightTensor], _ pictures: WeightTensor
  ) throws -> [WeightTensor] {
    let graph = try DetectorGraph.levels(trunk, backbone: backbone)
    let request = try Core().compile(onnx: graph, options: CompileOptions(precision: .f32))
      .makeRequest()
    try request.setInput("input", pictures.values, shape: pictures.shape)
    try request.infer()
    return try (0...trunk.taps.count).map {
      let output = try request.output("level.\($0)")
      return WeightTensor(shape: output.shape, values: output.values)
    }
  }

  /// The largest deviation over both paddings.
  static func run(
    _ file: GoldenFile, _ specification: any BackboneSpecification,
    backbone: [String: WeightTensor], engine: GoldenEngine
  ) throws -> GoldenResult {
    let pictures = try file.tensor("input")
    guard pictures.shape.count == 4 else {
      throw GoldenError("\(file.name) has no pictures [batch, 3, S, S]")
    }
    var worst = 0.0
    for (name, padding) in [("static380", BackbonePadding.nominal), ("dynamic", .dynamic)] {
      let trunk = try Trunk(
        specification, padding: padding, imageSize: pictures.shape[2],
        arrangement: .aligned(pools: true))
      let maps = try maps(engine, trunk, backbone, pictures)
      guard let aligned = maps.last else { throw GoldenError("the engine gave no features") }
      worst = max(
        worst,
        try Deviation.relative(aligned.values, file.tensor("\(name).aligned").values))
      for (index, level) in maps.dropLast().enumerated() {
        let prefix = "\(name).level\(index)"
        worst = max(
          worst,
          try Deviation.relative(
            level.channelMeans, file.tensor("\(prefix).channel_mean").values),
          try Deviation.relative(
            level.corner(channels: 4, side: 8), file.tensor("\(prefix).corner").values))
      }
    }
    return GoldenResult(
      file: file.name, method: file.method, outputs: worst, passed: worst <= tolerance)
  }
}

extension WeightTensor {
  /// Means over height and width of `[batch, C, h, w]`.
  var channelMeans: [Float] {
    let plane = shape[2] * shape[3]
    return (0..<shape[0] * shape[1]).map { index in
      let sum = values[index * plane..<(index + 1) * plane].reduce(0.0) { $0 + Double($1) }
      return Float(sum / Double(plane))
    }
  }

  /// The top left `side × side` of the first channels, or what there is of it.
  func corner(channels: Int, side: Int) -> [Float] {
    let (channels, rows) = (min(channels, shape[1]), min(side, shape[2]))
    let columns = min(side, shape[3])
    var result: [Float] = []
    for picture in 0..<shape[0] {
      for channel in 0..<channels {
        for row in 0..<rows {
          let start = ((picture * shape[1] + channel) * shape[2] + row) * shape[3]
          result += values[start..<start + columns]
        }
      }
    }
    return result
  }
}

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
