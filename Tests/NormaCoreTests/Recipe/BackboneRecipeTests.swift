import Foundation
import Networks
import NormaCore
import Testing

/// What a recipe says of a backbone whose levels are groups of blocks.
@Suite struct BackboneRecipeTests {
  private static func problem(_ text: String) -> String {
    do {
      _ = try Recipe.parse(text)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    ("[1, 5, 9, 21]", [[1], [5], [9], [21]]),
    ("[[2, 3, 4, 5], [6, 7, 8, 9]]", [[2, 3, 4, 5], [6, 7, 8, 9]]),
    ("[2, [3, 4]]", [[2], [3, 4]]), ("[[2], [3]]", [[2], [3]]),
  ])
  func levelsAreBlocksOrGroupsOfThem(text: String, groups: [[Int]]) throws {
    let recipe = try Recipe.parse("backbone: {name: dinov2_vits14, taps: \(text)}")
    #expect(recipe.backbone.taps == LevelTaps(groups: groups))
    // The same from what is written of it, in YAML and in the manifest's JSON.
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe)
  }

  @Test func blocksAreWrittenAsBefore() throws {
    let recipe = try Recipe.parse("backbone: {taps: [1, 5]}")
    #expect(recipe.yaml.contains("  taps: [1, 5]\n"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = String(decoding: try encoder.encode(recipe), as: UTF8.self)
    #expect(json.contains("\"taps\":[1,5]"), "\(json)")
    #expect(try #require(recipe.backbone.taps).description == "[1, 5]")
    #expect(LevelTaps(groups: [[1, 2], [3]]).description == "[[1, 2], 3]")
  }

  @Test(arguments: [
    ("[[3, 2]]", "each larger than the one before"),
    ("[[2, 3], [2, 4]]", "each larger than the one before"),
    ("[[-1, 0]]", "block indices from 0 on"),
    ("[[]]", "a level without a block"),
    ("[[1, x]]", "expected a whole number, found 'x'"),
    ("5", "expected a list such as [1, 2]"),
  ])
  func levelsThatCannotBeAreRefused(taps: String, words: String) {
    let problem = Self.problem("backbone: {name: dinov2_vits14, taps: \(taps)}")
    #expect(problem.contains("backbone.taps") && problem.contains(words), "\(problem)")
  }

  @Test func thePatchDividesThePicture() {
    let problem = Self.problem("backbone:\n  name: dinov2_vits14\n  imageSize: 256\n")
    #expect(
      problem.contains("backbone.imageSize: dinov2_vits14 sees patches of 14×14 pixels"),
      "\(problem)")
    #expect(problem.contains("252 and 266"), "\(problem)")
    #expect(Self.problem("backbone: {name: dinov2_vits14, imageSize: 252}") == "")
    #expect(Self.problem("backbone: {name: vit_tiny_patch16_224, imageSize: 256}") == "")
    #expect(Self.problem("backbone: {name: efficientnet-b4, imageSize: 255}") == "")
  }

  /// RLR asks for levels at strides, which a plain vision transformer does not have.
  @Test func levelsAtStridesAreAsManyGroups() throws {
    let recipe = try Recipe.parse(
      "method: rlr\nbackbone: {name: dinov2_vits14, imageSize: 224}\nrlr: {levels: [4, 8, 16]}")
    let trunk = try recipe.trunk()
    #expect(trunk.taps.groups == [[2, 3], [4, 5, 6], [7, 8, 9]])
    #expect(trunk.outputs.allSatisfy { $0.channels == 384 && $0.grid.height == 16 })
    // The window is known by the grid that there is, not by the strides'.
    #expect(throws: Never.self) { try recipe.validate(grids: [16, 16, 16]) }
  }

  /// Where the levels come together: recipes that do not say it are the text that they were.
  @Test(arguments: [("coarsest", AlignedGrid.coarsest), ("finest", .finest), ("28", .side(28))])
  func theGridIsAWordOrANumber(text: String, grid: AlignedGrid) throws {
    let recipe = try Recipe.parse("backbone: {name: efficientnet-b4, grid: \(text)}")
    #expect(recipe.backbone.grid == grid)
    #expect(recipe.yaml.contains("  grid: \(text)\n") == (grid != .coarsest))
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe)
    #expect(recipe.trainsSame(as: Recipe()) == (grid == .coarsest))
  }

  @Test func aGridThatIsNeitherIsRefused() {
    for text in ["middle", "0", "2.5", "[14]"] {
      let problem = Self.problem("backbone: {grid: \(text)}")
      #expect(
        problem.contains("backbone.grid")
          && problem.contains("expected coarsest, finest or a number of places"), "\(problem)")
    }
  }
}
