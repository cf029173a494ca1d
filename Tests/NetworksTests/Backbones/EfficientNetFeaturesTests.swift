import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import ONNX
import OpenVINO
import TestSupport
import Testing

/// Real weights, run through the recorded graph, against other implementations' numbers.
@Suite struct EfficientNetFeaturesTests {
  /// The features' largest deviation, as a share of their largest value.
  static let tolerance: Float = 1e-3

  @Test(
    .enabled(if: SharedData.isPresent, "needs the shared data"),
    arguments: [(BackbonePadding.nominal, "static380"), (.dynamic, "dynamic")])
  func b4GivesTheGoldenLevels(padding: BackbonePadding, prefix: String) throws {
    let golden = try SafeTensorsFile(
      path: SharedData.url("goldens/efficientnet_b4.safetensors").path)
    let weights = try BackboneWeights.load(
      "efficientnet-b4",
      from: SharedData.url("weights/tf_efficientnet_b4_trunk.safetensors").path)
    let levels = try Self.run(
      weights, padding: padding, input: golden.tensor("input"), normalise: false)
    #expect(levels.map { $0.shape[1] } == [24, 32, 56, 160])
    for (index, level) in levels.enumerated() {
      let means = try golden.tensor("\(prefix).level\(index).channel_mean")
      Self.expectClose(level.channelMeans, means.values)
      let corner = try golden.tensor("\(prefix).level\(index).corner")
      Self.expectClose(level.corner(channels: 4, side: 8), corner.values)
    }
  }

  /// From pictures as they are stored, 8 bits a channel, through the normalisation.
  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func picturesAreNormalisedAsTheGoldenInputIs() throws {
    let golden = try SafeTensorsFile(
      path: SharedData.url("goldens/efficientnet_b4.safetensors").path)
    let resized = try golden.tensor("resized")
    let input = try golden.tensor("input")
    let graph = Graph()
    let pictures = try graph.input("pictures", shape: [-1, 224, 224, 3], type: .uint8)
    try graph.output(PictureNormalization.imageNet.normalized(pictures), name: "normalised")
    let model = try Core().compile(onnx: graph.model(), options: CompileOptions(precision: .f32))
    let request = try model.makeRequest()
    try request.setInput("pictures", resized.values.map { UInt8($0) }, shape: resized.shape)
    try request.infer()
    let output = try request.output("normalised")
    #expect(output.shape == input.shape)
    Self.expectClose(output.values, input.values, within: 1e-6)
  }

  /// The numbers are those of timm's tf_efficientnet_lite0 with these weights in PyTorch.
  @Test(.enabled(if: lite0 != nil, "needs the weights of efficientnet-lite0"))
  func lite0GivesTheFeaturesOfItsReference() throws {
    let weights = try BackboneWeights.load("efficientnet-lite0", from: #require(Self.lite0))
    var pictures: [Float] = []
    for n in 0..<2 {
      for y in 0..<224 {
        for x in 0..<224 {
          for c in 0..<3 {
            pictures.append(Float((n * 31 + y * 3 + x * 5 + (y * x) / 7 + c * 59) % 256))
          }
        }
      }
    }
    let levels = try Self.run(
      weights, padding: .nominal, input: WeightTensor(shape: [2, 224, 224, 3], values: pictures),
      normalise: true)
    let means: [[Float]] = [
      [-1.13983, -1.31614, 0.42642, 2.55979], [-4.8434, 6.06035, 10.93264, 3.61605],
      [4.6411, -1.84592, -2.35357, 0.13446], [6.29576, 2.96333, 3.74504, 8.1385],
    ]
    let rows: [[Float]] = [
      [-4.65144, -1.33558, -1.38218, -1.36003], [0.67693, -3.86194, -9.50925, -5.02883],
      [-9.22813, -3.76212, 17.68025, -4.41353], [5.94502, 7.98867, 5.05716, 4.53616],
    ]
    #expect(levels.map { $0.shape[1] } == [16, 24, 40, 112])
    for (index, level) in levels.enumerated() {
      let second = level.channelMeans[level.shape[1]...].prefix(4)
      Self.expectClose(Array(second), means[index])
      let start = 3 * level.shape[3]
      Self.expectClose(Array(level.values[start..<(start + 4)]), rows[index])
    }
  }

  /// Where the registry finds it, or where the set-up script leaves it.
  static let lite0: String? = {
    if let found = try? WeightsRegistry.standard.find("efficientnet-lite0") { return found }
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let fetched = package.path + "/.native/demo/efficientnet-lite0.pth"
    return FileManager.default.fileExists(atPath: fetched) ? fetched : nil
  }()

  /// The levels of `input`, which is `[batch, 224, 224, 3]` and to be normalised, or
  /// `[batch, 3, 224, 224]`.
  private static func run(
    _ weights: BackboneWeights, padding: BackbonePadding, input: WeightTensor, normalise: Bool
  ) throws -> [WeightTensor] {
    let graph = Graph()
    var pictures = try graph.input("pictures", shape: [-1] + input.shape.dropFirst())
    if normalise { pictures = try weights.specification.normalization.normalized(pictures) }
    let network = try weights.specification.network(
      taps: weights.specification.defaultTaps, padding: padding,
      parameters: graph.parameters(from: weights.parameters.mapValues { ($0.shape, $0.values) }))
    let outputs = try network(pictures)
    for (index, level) in outputs.enumerated() { try graph.output(level, name: "level\(index)") }
    let model = try Core().compile(onnx: graph.model(), options: CompileOptions(precision: .f32))
    let request = try model.makeRequest()
    try request.setInput("pictures", input.values, shape: input.shape)
    try request.infer()
    return try outputs.indices.map { index in
      let output = try request.output("level\(index)")
      return WeightTensor(shape: output.shape, values: output.values)
    }
  }

  private static func expectClose(
    _ found: [Float], _ expected: [Float], within tolerance: Float = tolerance,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    let largest = expected.map(abs).max() ?? 0
    let deviation = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(deviation <= tolerance * largest, sourceLocation: sourceLocation)
  }
}

extension WeightTensor {
  /// The mean of each `[batch, channel]`'s map, in that order.
  fileprivate var channelMeans: [Float] {
    let area = shape[2] * shape[3]
    return stride(from: 0, to: values.count, by: area).map { start in
      Float(values[start..<(start + area)].reduce(0.0) { $0 + Double($1) } / Double(area))
    }
  }

  /// The top-left `side × side` of the first channels of each picture.
  fileprivate func corner(channels: Int, side: Int) -> [Float] {
    var result: [Float] = []
    for picture in 0..<shape[0] {
      for channel in 0..<channels {
        for row in 0..<side {
          let start = ((picture * shape[1] + channel) * shape[2] + row) * shape[3]
          result += values[start..<(start + side)]
        }
      }
    }
    return result
  }
}
