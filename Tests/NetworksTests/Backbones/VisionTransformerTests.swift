import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import ONNX
import OpenVINO
import Testing
import Torch

@Suite struct VisionTransformerTests {
  /// Heads of 8, a grid of 5×5 positions, patches of 4×4.
  private static func small(
    registers: Int = 0, depth: Int = 3,
    positions: VisionTransformerSpecification.Positions = .learned(side: 5)
  ) -> VisionTransformerSpecification {
    VisionTransformerSpecification(
      name: "small", patch: 4, width: 24, depth: depth, heads: 3, registers: registers,
      hasLayerScale: true, positions: positions)
  }

  private static func largest(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let scale = expected.map(abs).max() ?? 0
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
  }

  /// As their authors count them: timm's with the classifier, DINOv2's with the mask token.
  @Test(arguments: [
    ("dinov2_vits14", 22_056_576), ("dinov2_vitb14", 86_580_480),
    ("dinov2_vitl14", 304_368_640), ("dinov2_vits14_reg", 22_058_112),
    ("dinov2_vitb14_reg", 86_583_552), ("vit_tiny_patch16_224", 5_717_416),
    ("vit_small_patch16_224", 22_050_664), ("vit_base_patch16_224", 86_567_656),
    ("vit_large_patch16_224", 304_326_632),
    ("deit_tiny_patch16_224", 5_717_416), ("deit_small_patch16_224", 22_050_664),
    ("deit_base_patch16_224", 86_567_656),
  ])
  func theWholeNetworkHasAllItsWeights(name: String, total: Int) throws {
    let specification = try #require(
      Backbones.named(name) as? VisionTransformerSpecification)
    let layers = specification.layers(throughBlock: specification.depth - 1)
    var count = layers.flatMap(\.parameters).reduce(0) { $0 + $1.shape.reduce(1, *) }
    for layer in layers {
      switch layer {
      case .scaledLinear(let linear): count += linear.scale == nil ? 0 : linear.biasShape[0]
      case .tokens(let tokens): count += tokens.width
      case .convolution, .tensor, .optionalTensor: break
      }
    }
    // The last norm, which no trunk needs.
    count += 2 * specification.width
    count += specification.hasLayerScale ? specification.width : 1000 * (specification.width + 1)
    #expect(count == total)
    #expect(specification.width / specification.heads == 64)
  }

  @Test func theUsualLevelsAreTwoGroupsOfTheMiddle() throws {
    let base = try #require(Backbones.named("dinov2_vitb14"))
    #expect(base.defaultLevels == LevelTaps(groups: [[2, 3, 4, 5], [6, 7, 8, 9]]))
    let large = try #require(Backbones.named("vit_large_patch16_224"))
    #expect(large.defaultLevels == LevelTaps(groups: [[4, 6, 8, 10], [12, 14, 16, 18]]))
    #expect(try base.levels(atStrides: [4, 8, 16]).groups == [[2, 3], [4, 5, 6], [7, 8, 9]])
    #expect(try base.levels(atStrides: [16]).groups == [[2, 3, 4, 5, 6, 7, 8, 9]])
    #expect(Self.small(depth: 1).defaultLevels == [0])
    #expect(base.stride(ofBlock: 5) == 14 && !base.isHierarchical)
  }

  @Test func eachFamilyHasItsNormalisation() throws {
    for (name, expected) in [
      ("dinov2_vits14_reg", PictureNormalization.imageNet), ("deit_tiny_patch16_224", .imageNet),
      ("vit_tiny_patch16_224", .inception),
    ] {
      #expect(try #require(Backbones.named(name)).normalization == expected, "\(name)")
    }
  }

  /// The grid of the positions, smaller and larger ones, not square, with a batch that the graph does not know.
  @Test(
    arguments: [(20, 20), (12, 28), (36, 8), (4, 4), (24, 44)].map(Grid.init(height:width:)),
    [0, 3, 4])
  func bothEnginesGiveTheSameTokens(size: Grid, registers: Int) throws {
    // Those with four registers turn queries and keys, as DINOv3 does.
    let specification = Self.small(
      registers: registers, positions: registers == 4 ? .rotary(base: 100) : .learned(side: 5))
    let store = ParameterStore()
    let network = try VisionTransformer(
      specification, taps: [0, 2], parameters: store.initialized(by: Generator(seed: 1)))
    #expect(
      Set(store.names) == Set(specification.parameterShapes(throughBlock: 2).keys))
    // Biases that are not zero, above all that of the keys, which the network leaves out.
    let generator = try Generator(seed: 5)
    for name in store.names where name.hasSuffix(".bias") {
      let bias = try #require(store[name])
      try bias.assign(generator.normal(bias.shape).floats())
    }
    let values = Dictionary(
      uniqueKeysWithValues: try store.names.map { name in
        let tensor = try #require(store[name])
        return (name, (shape: tensor.shape, values: try tensor.floats()))
      })
    let graph = Graph(name: "vit")
    let input = try graph.input("pictures", shape: [-1, 3, size.height, size.width])
    let recorded = try VisionTransformer(
      specification, taps: [0, 2], parameters: graph.parameters(from: values))
    for (index, node) in try (recorded.tokens(input) + recorded(input)).enumerated() {
      try graph.output(node, name: "output.\(index)")
    }
    // One fused attention a block, no product of positions, and nothing cut out of a packed product.
    let operations = graph.operations()
    #expect(operations["Softmax"] == 3 && operations["LayerNormalization"] == 6)
    #expect(operations["MatMul"] == 3 * 8 && operations["Conv"] == 1)
    let request = try Core().compile(onnx: graph.model(), options: CompileOptions(threads: 2))
      .makeRequest()
    let grid = (size.height / 4, size.width / 4)
    for batch in [1, 3] {
      let pictures = try Generator(seed: 2).normal([batch, 3, size.height, size.width])
      let expected = try withoutGradient { try network.tokens(pictures) + network(pictures) }
      #expect(
        expected.map(\.shape)
          == [[batch, 1 + registers + grid.0 * grid.1, 24], [batch, 24, grid.0, grid.1]]
          .flatMap { [$0, $0] })
      try request.setInput("pictures", pictures.floats(), shape: pictures.shape)
      try request.infer()
      for (index, tensor) in expected.enumerated() {
        let found = try request.output("output.\(index)")
        #expect(found.shape == tensor.shape)
        #expect(try Self.largest(found.values, tensor.floats()) < 1e-4)
      }
    }
  }

  /// Angles as the paper's code has them, and scores that depend on how far apart two patches are.
  @Test func rotaryPositionsTurnByTheDistance() throws {
    let reference = try Tensor([0], shape: [1])
    let rotation = try RotaryPositions(
      grid: Grid(height: 2, width: 4), prefix: 1, width: 8, base: 100)(like: reference)
    // One query and one key in every place, the class token's first.
    func everywhere(_ seed: UInt64) throws -> (turned: [Float], plain: [Float]) {
      let vector = try Generator(seed: seed).normal([1, 1, 1, 8])
      let zeros = try Tensor(repeating: 0, shape: [1, 1, 9, 8])
      return (try rotation(vector + zeros).floats(), try vector.floats())
    }
    let (queries, keys) = try (everywhere(1), everywhere(2))
    #expect(Array(queries.turned.prefix(8)) == queries.plain)
    func score(_ query: Int, _ key: Int) -> Float {
      (0..<8).reduce(0) {
        $0 + queries.turned[(1 + query) * 8 + $1] * keys.turned[(1 + key) * 8 + $1]
      }
    }
    // One patch across, in either row; one row down, in any column; and another direction.
    #expect(abs(score(0, 1) - score(6, 7)) < 1e-4)
    #expect(abs(score(0, 4) - score(3, 7)) < 1e-4)
    #expect(abs(score(0, 1) - score(1, 0)) > 1e-3)
    // Row 0 of 2 lies at −½, column 0 of 4 at −¾; the frequencies are 1 and 100^(−½).
    let angles = [-0.5, -0.05, -0.75, -0.075].map { 2 * Double.pi * $0 }
    for (index, angle) in angles.enumerated() {
      let (a, b) = (Double(queries.plain[index]), Double(queries.plain[index + 4]))
      #expect(abs(Double(queries.turned[8 + index]) - (a * cos(angle) - b * sin(angle))) < 1e-5)
      #expect(abs(Double(queries.turned[12 + index]) - (b * cos(angle) + a * sin(angle))) < 1e-5)
    }
    #expect(throws: NetworkError.self) {
      try RotaryPositions(grid: Grid(height: 2, width: 2), prefix: 1, width: 6, base: 100)
    }
  }

  /// A patch is one token: what a picture shows elsewhere reaches it through attention alone, and its place
  /// through its position.
  @Test func mapsHoldThePatchesInTheirPlaces() throws {
    let specification = Self.small(registers: 2)
    let network = try VisionTransformer(
      specification, taps: [1],
      parameters: ParameterStore().initialized(by: Generator(seed: 1)))
    let pictures = try Generator(seed: 2).normal([1, 3, 12, 20])
    let (tokens, map) = try withoutGradient {
      (try network.tokens(pictures)[0].floats(), try network(pictures)[0].floats())
    }
    for (row, column, channel) in [(0, 0, 0), (2, 1, 5), (1, 4, 23)] {
      let token = 3 + row * 5 + column
      #expect(map[(channel * 3 + row) * 5 + column] == tokens[token * 24 + channel])
    }
  }

  @Test func refusesWhatItCannotSee() throws {
    let network = try VisionTransformer(
      Self.small(), parameters: ParameterStore().initialized(by: Generator(seed: 1)))
    for shape in [[1, 3, 18, 20], [1, 3, 20, 18], [1, 3, 3, 4], [1, 1, 20, 20], [3, 20, 20]] {
      #expect(throws: BackboneError.self, "\(shape)") {
        try network(Generator(seed: 2).normal(shape))
      }
    }
    var crooked = Self.small()
    crooked.heads = 5
    #expect(throws: BackboneError.self) {
      try VisionTransformer(
        crooked, parameters: ParameterStore().initialized(by: Generator(seed: 1)))
    }
    #expect(throws: BackboneError.self) {
      try VisionTransformer(
        Self.small(), taps: [3], parameters: ParameterStore().initialized(by: Generator(seed: 1)))
    }
    let dino = try #require(Backbones.named("dinov2_vits14"))
    #expect(dino.problem(ofPictureSide: 224) == nil)
    let problem = try #require(dino.problem(ofPictureSide: 256))
    #expect(problem.contains("14×14") && problem.contains("252 and 266"), "\(problem)")
    #expect(throws: NetworkError.self) {
      try Trunk(dino, imageSize: 256, arrangement: .aligned(pools: true))
    }
    #expect(throws: BackboneError.self) {
      try Trunk(dino, taps: [12], imageSize: 224, arrangement: .aligned(pools: true))
    }
  }
}

/// A trunk's levels as means of groups of blocks.
@Suite struct GroupedLevelsTests {
  private static let specification = VisionTransformerSpecification(
    name: "small", patch: 8, width: 16, depth: 4, heads: 2, positions: .learned(side: 4))

  @Test func aLevelIsTheMeanOfItsBlocks() throws {
    let store = ParameterStore()
    let parameters = store.initialized(by: try Generator(seed: 1))
    let trunk = try Trunk(
      Self.specification, taps: LevelTaps(groups: [[0], [1, 2, 3]]), imageSize: 40,
      arrangement: .levels(pools: false))
    #expect(trunk.taps.blocks == [0, 1, 2, 3] && trunk.strides == [8, 8])
    #expect(trunk.outputs.map(\.channels) == [16, 16])
    #expect(trunk.outputs.allSatisfy { $0.grid == Grid(height: 5, width: 5) })
    let pictures = try Generator(seed: 2).normal([2, 3, 40, 40])
    let (levels, blocks) = try withoutGradient {
      (
        try trunk.backbone(parameters)(pictures).map { try $0.floats() },
        try VisionTransformer(Self.specification, taps: [0, 1, 2, 3], parameters: parameters)(
          pictures
        ).map { try $0.floats() }
      )
    }
    #expect(levels[0] == blocks[0])
    for index in blocks[0].indices {
      let mean = (blocks[1][index] + blocks[2][index] + blocks[3][index]) / 3
      #expect(abs(levels[1][index] - mean) < 1e-5)
    }
  }

  @Test func alignedLevelsAreStackedOnTheOneGrid() throws {
    let trunk = try Trunk(
      Self.specification, imageSize: 64, arrangement: .aligned(pools: true))
    #expect(trunk.outputs == [MapShape(channels: 32, grid: Grid(height: 8, width: 8))])
    let features = try withoutGradient {
      try trunk(
        Tensor(bytes: [UInt8](repeating: 100, count: 64 * 64 * 3), shape: [1, 64, 64, 3]),
        parameters: ParameterStore().initialized(by: Generator(seed: 1)))
    }
    #expect(features.map(\.shape) == [[1, 32, 8, 8]])
  }

  /// From the picture's bytes to map and score: trunk, alignment and a method that rebuilds.
  @Test func aDetectorOnThemIsTheSameInBothEngines() throws {
    let trunk = try Trunk(
      Self.specification, imageSize: 40, arrangement: .aligned(pools: true))
    var settings = RASSettings()
    (settings.hidden, settings.heads, settings.feedforward, settings.window) = (16, 4, 24, 3)
    let network = DetectorNetwork(
      trunk: trunk,
      method: RASMethod(
        settings, shape: try #require(trunk.outputs.first), score: .maximum(pooling: 4)),
      standardization: nil)
    try expectEnginesAgree(network) { index in index * 7 + index / 120 * 13 }
  }

  @Test func blocksOfTwoSizesHaveNoMean() throws {
    let b4 = try #require(Backbones.named("efficientnet-b4"))
    #expect(throws: BackboneError.self) { try b4.check(levels: LevelTaps(groups: [[1, 5]])) }
    #expect(throws: BackboneError.self) { try b4.check(levels: LevelTaps(groups: [[5, 4]])) }
    #expect(throws: BackboneError.self) { try b4.check(levels: LevelTaps(groups: [])) }
    #expect(throws: BackboneError.self) { try b4.check(levels: LevelTaps(groups: [[1], []])) }
    // Within one stage they have.
    #expect(throws: Never.self) { try b4.check(levels: LevelTaps(groups: [[4, 5], [9]])) }
  }

  /// Every method takes such levels: reconstructions, and distances to what a fit keeps.
  @Test(arguments: Methods.all.names)
  func everyMethodTakesThem(name: String) throws {
    let dino = try #require(Backbones.named("dinov2_vits14"))
    var recipe = Recipe(method: name)
    recipe.backbone.name = dino.name
    recipe.backbone.imageSize = 224
    try recipe.validate()
    let trunk = try recipe.trunk()
    try recipe.validate(grids: trunk.maps.map(\.grid.height))
    #expect(trunk.maps.allSatisfy { $0.grid == Grid(height: 16, width: 16) })
    let method = try recipe.detectingMethod(trunk)
    if let levels = (method as? RLRMethod)?.levels {
      #expect(trunk.outputs.count == recipe[RLRSettings.self].levels.count)
      #expect(levels.allSatisfy { $0.channels == 384 })
    } else if let dinomaly = method as? DinomalyMethod {
      #expect(trunk.prefix == MapShape(channels: 384, grid: Grid(height: 1, width: 1)))
      #expect(trunk.outputs.map(\.channels) == [384, 384, 384])
      #expect(dinomaly.shape.prefix == 1 && dinomaly.shape.channels == [384, 384])
      #expect(dinomaly.shape.taps == LevelTaps(groups: [[2, 3, 4, 5], [6, 7, 8, 9]]))
    } else {
      #expect(trunk.outputs.map(\.channels) == [768])
    }
  }
}
