import Networks
import NormaCore
import NormaFiles
import ONNX
import OpenVINO
import Torch

/// What a golden file of Dinomaly says of its network.
private struct DinomalyGoldenConfiguration: Decodable {
  var width: Int
  var heads: Int
  var height: Int
  // Of the grid; `width` is that of the tokens.
  var widthTokens: Int
  var prefix: Int
  var layers: Int
  var blocks: Int
  var groups: [[Int]]

  enum CodingKeys: String, CodingKey {
    case width, heads, height, prefix, layers, blocks, groups
    case widthTokens = "width_tokens"
  }

  var shape: DinomalyShape {
    DinomalyShape(
      channels: groups.map { _ in width }, grid: Grid(height: height, width: widthTokens),
      prefix: prefix, taps: LevelTaps(groups: groups))
  }
}

/// How a golden file of Dinomaly damps easy positions.
private struct DinomalyGoldenMining: Decodable {
  var share: Double
  var factor: Double
}

extension MethodGolden {
  /// Dinomaly's golden file: what each level's group of blocks rebuilds, the smoothed pixel map and the score.
  init(dinomaly file: GoldenFile) throws {
    let described = try file.described(as: DinomalyGoldenConfiguration.self)
    guard described.heads > 0,
      let mining = file.decoded("mining", as: DinomalyGoldenMining.self)
    else { throw GoldenError("\(file.name) does not describe its network and its loss") }
    var settings = DinomalySettings()
    settings.headWidth = described.width / described.heads
    settings.decoder = described.blocks
    (settings.easy, settings.easyFactor, settings.easySteps) = (mining.share, mining.factor, 0)
    // As the file's `smoothing` says in words.
    (settings.smoothing, settings.kernel) = (4, 5)
    let method = DinomalyMethod(settings, shape: described.shape)
    let (size, features) = (try file.mapSize(), try Self.features(file, described))
    self.init(file: file, method: method, features: features) { parameters in
      try method.goldenOutputs(features, size: size, parameters)
    }
    recorded = { [parameters = file.group("parameters")] in
      try Self.inOpenVINO(features) { inputs, graph in
        try method.goldenOutputs(
          inputs, size: size,
          graph.parameters(from: parameters.mapValues { ($0.shape, $0.values) }))
      }
    }
  }

  /// The levels, and the tokens that are no patches, of tokens after every layer.
  private static func features(
    _ file: GoldenFile, _ described: DinomalyGoldenConfiguration
  ) throws -> [Tensor] {
    let layers = try (0..<described.layers).map { layer in
      let tokens = try file.tensor("layers.\(layer)")
      return try Tensor(tokens.values, shape: tokens.shape)
    }
    func mean(_ layers: [Tensor], _ tokens: Range<Int>, _ grid: Grid) throws -> Tensor {
      guard let first = layers.first else {
        throw GoldenError("\(file.name) has a group of no layers")
      }
      return try layers.dropFirst().reduce(first, +)
        .affine(scale: 1 / Float(layers.count), offset: 0)
        .sliced(axis: 1, tokens).featureMap(grid)
    }
    let grid = described.shape.grid
    let patches = described.prefix..<described.prefix + grid.count
    guard described.groups.joined().allSatisfy(layers.indices.contains) else {
      throw GoldenError("\(file.name) groups layers that it does not have")
    }
    return try described.groups.map { try mean($0.map { layers[$0] }, patches, grid) } + [
      mean(layers, 0..<described.prefix, Grid(height: 1, width: described.prefix))
    ]
  }

  /// Outputs of a recorded graph, in 32-bit floats.
  private static func inOpenVINO(
    _ features: [Tensor], _ record: ([Node], Graph) throws -> [String: Node]
  ) throws -> [String: [Float]] {
    let graph = Graph(name: "norma_golden")
    let inputs = try features.enumerated().map {
      try graph.input("features.\($0)", shape: [-1] + $1.shape.dropFirst())
    }
    let outputs = try record(inputs, graph)
    for (name, node) in outputs.sorted(by: { $0.key < $1.key }) {
      try graph.output(node, name: name)
    }
    let request = try Core()
      .compile(onnx: graph.model(), options: CompileOptions(precision: .f32)).makeRequest()
    for (index, map) in features.enumerated() {
      try request.setInput("features.\(index)", map.floats(), shape: map.shape)
    }
    try request.infer()
    return try outputs.keys.reduce(into: [:]) { $0[$1] = try request.output($1).values }
  }
}

extension DinomalyMethod {
  /// By their names in a golden file.
  fileprivate func goldenOutputs<V: Value>(
    _ features: [V], size: Grid, _ parameters: Parameters<V>
  ) throws -> [String: V] {
    let detection = try detect(features, size: size, parameters: parameters)
    var outputs = ["pixel_map": detection.map, "image_score": detection.score]
    let network = try Dinomaly(settings, shape: shape, parameters)
    for (level, rebuilt) in try network.reconstructions(features).enumerated() {
      outputs["reconstructed.\(level)"] = try rebuilt.featureMap(shape.grid)
    }
    return outputs
  }
}
