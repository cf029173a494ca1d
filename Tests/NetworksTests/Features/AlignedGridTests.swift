import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO
import Testing
import Torch

/// Levels that come together on a finer grid than the coarsest level's.
@Suite struct AlignedGridTests {
  /// Levels of 16, 8 and 4 places a side at 64 pixels, with 4, 8 and 12 channels.
  private static let small = ConvNeXtSpecification(
    name: "small", depths: [1, 2, 1, 1], widths: [4, 8, 12, 16])

  private static func trunk(_ grid: AlignedGrid, pools: Bool = false) throws -> Trunk {
    try Trunk(small, imageSize: 64, arrangement: .aligned(pools: pools, grid: grid))
  }

  @Test(arguments: [
    (AlignedGrid.coarsest, 4), (.finest, 16), (.side(8), 8), (.side(4), 4), (.side(10), 10),
  ])
  func theMapHasThatGrid(grid: AlignedGrid, side: Int) throws {
    let trunk = try Self.trunk(grid)
    #expect(trunk.levels.map(\.grid.height) == [16, 8, 4])
    #expect(trunk.outputs == [MapShape(channels: 24, grid: Grid(height: side, width: side))])
    let levels = try zip([4, 8, 12], [16, 8, 4]).map { channels, side in
      try Generator(seed: UInt64(side)).normal([2, channels, side, side])
    }
    let map = try #require(try withoutGradient { try trunk.arranged(levels) }.first)
    #expect(map.shape == [2, 24, side, side])
    // Each level's channels are the level, brought to that grid.
    var first = 0
    for level in levels {
      let own = try map.sliced(axis: 1, first..<first + level.shape[1]).floats()
      let expected =
        level.shape[2] == side ? level : try level.resized(height: side, width: side)
      #expect(try own == expected.floats())
      first += level.shape[1]
    }
  }

  @Test func b4GivesTwiceTheGrid() throws {
    let b4 = try #require(Backbones.named("efficientnet-b4"))
    let trunk = try Trunk(
      b4, imageSize: 224, arrangement: .aligned(pools: true, grid: .side(28)))
    #expect(trunk.outputs == [MapShape(channels: 272, grid: Grid(height: 28, width: 28))])
  }

  @Test func gridsThatCannotBeAreRefused() throws {
    for side in [3, 17] {
      let error = #expect(throws: NetworkError.self) { try Self.trunk(.side(side)) }
      #expect("\(String(describing: error))".contains("4, and the finest's, 16"))
    }
    let dino = try #require(Backbones.named("dinov2_vits14"))
    let error = #expect(throws: NetworkError.self) {
      try Trunk(dino, imageSize: 224, arrangement: .aligned(pools: true, grid: .side(28)))
    }
    #expect("\(String(describing: error))".contains("16 places a side"))
  }

  /// Keys of stored features are made of this: those of before stay.
  @Test func theUsualGridIsNamedAsBefore() {
    #expect("\(Trunk.Arrangement.aligned(pools: true))" == "aligned(pools: true)")
    #expect("\(Trunk.Arrangement.levels(pools: false))" == "levels(pools: false)")
    #expect(
      "\(Trunk.Arrangement.aligned(pools: true, grid: .side(28)))"
        == "aligned(pools: true, grid: 28)")
    #expect(
      "\(Trunk.Arrangement.aligned(pools: false, grid: .finest))"
        == "aligned(pools: false, grid: finest)")
  }

  /// From the picture's bytes to map and score, on the finer grid.
  @Test func aDetectorOnItIsTheSameInBothEngines() throws {
    let trunk = try Self.trunk(.side(8), pools: true)
    var settings = RASSettings()
    (settings.hidden, settings.heads, settings.feedforward, settings.window) = (16, 4, 24, 3)
    let network = DetectorNetwork(
      trunk: trunk,
      method: RASMethod(
        settings, shape: try #require(trunk.outputs.first), score: .maximum(pooling: 4)),
      standardization: nil)
    try expectEnginesAgree(network) { index in index * 7 + index / 192 * 13 }
  }

  /// Every method that aligns its levels takes a finer grid; RLR and Dinomaly, which do not, say so.
  @Test(arguments: Methods.all.names)
  func aRecipeAsksForIt(name: String) throws {
    var recipe = Recipe(method: name)
    recipe.backbone.grid = .side(2 * recipe.backbone.imageSize / 16)
    let title = Methods.all.title(of: name)
    guard !["rlr", "dinomaly"].contains(name) else {
      let error = #expect(throws: RecipeProblem.self) { try recipe.validate() }
      #expect("\(String(describing: error))".contains("backbone.grid: \(title) takes each level"))
      return
    }
    try recipe.validate()
    let trunk = try recipe.trunk()
    #expect(trunk.outputs.map(\.grid.height) == [2 * recipe.backbone.imageSize / 16])
    try recipe.validate(grids: trunk.outputs.map(\.grid.height))
    _ = try recipe.detectingMethod(trunk)
  }
}
