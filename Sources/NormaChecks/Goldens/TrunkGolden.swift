import Networks
import NormaCore
import NormaFiles
import NormaTraining
import ONNX
import OpenVINO
import Torch

/// The engines that a frozen network's golden file goes through. Those of methods go through LibTorch, which
/// trains them; Dinomaly's outputs through both.
public enum GoldenEngine: Sendable, CaseIterable {
  case torch, openVINO
}

/// A vision transformer's golden file: tokens after its blocks, of pictures of one or several sizes.
///
/// Two kinds: of a known backbone with weights of its own (`trunk` is its name), class tokens, means of groups
/// of blocks and samples of single ones; and of a small random one (`trunk` is `vit`), whose parameters are in
/// the file, every token after every block.
struct TrunkGolden {
  static let tolerance = 1e-4

  let file: GoldenFile
  let specification: VisionTransformerSpecification
  /// The groups of blocks whose means are compared; nil for none.
  let levels: LevelTaps?

  /// - Throws: `GoldenError` when the file does not say which network it is of.
  init(_ file: GoldenFile) throws {
    guard let name = file.text("trunk") else {
      throw GoldenError("\(file.name) does not name its trunk")
    }
    self.file = file
    levels = file.decoded("groups", as: [[Int]].self).map(LevelTaps.init(groups:))
    if let known = Backbones.named(name) as? VisionTransformerSpecification {
      specification = known
      return
    }
    func number(_ key: String) throws -> Int {
      guard let value = file.decoded(key, as: Int.self) else {
        throw GoldenError("\(file.name): the trunk '\(name)' is unknown, and '\(key)' is not said")
      }
      return value
    }
    specification = VisionTransformerSpecification(
      name: name, patch: try number("patch"), width: try number("width"),
      depth: try number("depth"), heads: try number("heads"),
      registers: try number("registers"),
      hasLayerScale: file.tensors["parameters.blocks.0.ls1.gamma"] != nil,
      positions: .learned(side: try number("positions")))
  }

  private var allBlocks: [Int] { Array(0..<specification.depth) }

  /// - Parameter backbone: finds the parameters of a known backbone, through the last block of taps.
  func run(
    backbone: (_ name: String, _ taps: LevelTaps) throws -> [String: WeightTensor],
    engines: [GoldenEngine]
  ) throws -> GoldenResult {
    let own = file.group("parameters")
    let parameters =
      own.isEmpty
      ? try backbone(specification.name, LevelTaps(allBlocks))
      : try BackboneWeights.folded(
        own, specification, lastBlock: specification.depth - 1, file: file.name)
    var worst = 0.0
    for engine in engines {
      worst = max(
        worst,
        try own.isEmpty
          ? sampledDeviation(engine, parameters) : tokenDeviation(engine, parameters))
    }
    return GoldenResult(
      file: file.name, method: file.method, outputs: worst, passed: worst <= Self.tolerance)
  }

  /// Of every token after every block.
  private func tokenDeviation(
    _ engine: GoldenEngine, _ parameters: [String: WeightTensor]
  ) throws -> Double {
    let outputs = try outputs(engine, parameters, of: file.tensor("input"))
    return try outputs.enumerated().reduce(0) {
      try max($0, Deviation.relative($1.element, file.tensor("blocks.\($1.offset)")))
    }
  }

  /// Of class tokens, groups' means and samples of blocks, for each size of pictures.
  private func sampledDeviation(
    _ engine: GoldenEngine, _ parameters: [String: WeightTensor]
  ) throws -> Double {
    let suffix = ".pictures"
    let sizes = file.tensors.keys.filter { $0.hasSuffix(suffix) }.sorted()
    guard !sizes.isEmpty else { throw GoldenError("\(file.name) has no pictures") }
    var worst = 0.0
    for size in sizes.map({ String($0.dropLast(suffix.count)) }) {
      let pictures = try file.tensor(size + suffix)
      let outputs = try outputs(engine, parameters, of: pictures)
      let (tokens, maps) = (
        outputs.prefix(specification.depth), outputs.dropFirst(specification.depth)
      )
      worst = max(
        worst,
        try Deviation.relative(classTokens(Array(tokens)), file.tensor("\(size).class").values))
      for (index, map) in maps.enumerated() {
        worst = max(worst, try Deviation.relative(map, file.tensor("\(size).group\(index)")))
      }
      let grid = Grid(
        height: pictures.shape[1] / specification.patch,
        width: pictures.shape[2] / specification.patch)
      for (block, output) in tokens.enumerated() {
        let prefix = "\(size).block\(block)"
        guard let means = file.tensors[prefix + ".channel_mean"] else { continue }
        let map = patches(of: output, grid)
        worst = max(
          worst, Deviation.relative(map.channelMeans, means.values),
          try Deviation.relative(
            map.corner(channels: 8, side: 4), file.tensor(prefix + ".corner").values))
      }
    }
    return worst
  }

  /// Tokens after every block, then the maps of the groups.
  ///
  /// - Parameter pictures: `[N, H, W, 3]`, RGB from 0 to 255, of a known backbone; `[N, 3, H, W]`, normalised, of
  ///   a random one.
  private func forward<V: Value>(_ pictures: V, _ parameters: Parameters<V>) throws -> [V] {
    let isRaw = Backbones.named(specification.name) != nil
    let input = isRaw ? try specification.normalization.normalized(pictures) : pictures
    let tokens = try VisionTransformer(specification, taps: allBlocks, parameters: parameters)
      .tokens(input)
    guard let levels else { return tokens }
    // The trunk itself is square; its backbone takes any size.
    let trunk = try Trunk(
      specification, taps: levels, imageSize: 32 * specification.patch,
      arrangement: .levels(pools: false))
    return tokens + (try trunk.backbone(parameters)(input))
  }

  private func outputs(
    _ engine: GoldenEngine, _ parameters: [String: WeightTensor], of pictures: WeightTensor
  ) throws -> [WeightTensor] {
    switch engine {
    case .torch:
      return try withoutGradient {
        try forward(
          Tensor(pictures.values, shape: pictures.shape), Parameters(constants: parameters)
        ).map { WeightTensor(shape: $0.shape, values: try $0.floats()) }
      }
    case .openVINO:
      let graph = Graph(name: "norma_golden")
      let outputs = try forward(
        graph.input("pictures", shape: [-1] + pictures.shape.dropFirst()),
        graph.parameters(from: parameters.mapValues { ($0.shape, $0.values) }))
      for (index, output) in outputs.enumerated() {
        try graph.output(output, name: "output.\(index)")
      }
      let request = try Core()
        .compile(onnx: graph.model(), options: CompileOptions(precision: .f32)).makeRequest()
      try request.setInput("pictures", pictures.values, shape: pictures.shape)
      try request.infer()
      return try outputs.indices.map {
        let output = try request.output("output.\($0)")
        return WeightTensor(shape: output.shape, values: output.values)
      }
    }
  }

  /// `[N, depth, D]` of tokens `[N, T, D]` a block.
  private func classTokens(_ blocks: [WeightTensor]) -> [Float] {
    let width = specification.width
    let pictures = blocks.first?.shape.first ?? 0
    return (0..<pictures).flatMap { picture in
      blocks.flatMap { tokens in
        let start = picture * tokens.shape[1] * width
        return tokens.values[start..<start + width]
      }
    }
  }

  /// The patches of tokens `[N, T, D]` as a map, `[N, D, h, w]`.
  private func patches(of tokens: WeightTensor, _ grid: Grid) -> WeightTensor {
    let (pictures, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let first = specification.prefixTokens
    var values: [Float] = []
    values.reserveCapacity(pictures * width * grid.count)
    for picture in 0..<pictures {
      for channel in 0..<width {
        for token in first..<first + grid.count {
          values.append(tokens.values[(picture * count + token) * width + channel])
        }
      }
    }
    return WeightTensor(shape: [pictures, width, grid.height, grid.width], values: values)
  }
}

extension Deviation {
  /// As of values alone; infinite where shapes differ.
  static func relative(_ actual: WeightTensor, _ expected: WeightTensor) -> Double {
    actual.shape == expected.shape ? relative(actual.values, expected.values) : .infinity
  }
}
