import Foundation
import Networks
import NormaCore
import Testing

struct URANetRecipeTests {
  @Test func theScoreAndTheSourcesCanBeChosen() throws {
    let recipe = try Recipe.parse(
      """
      method: uranet
      uranet:
        score: top
        topShare: 0.02
        synthesis:
          sources: [other, texture]
      """)
    #expect(
      recipe[URANetSettings.self].score == .top && recipe[URANetSettings.self].topShare == 0.02)
    #expect(recipe.pastesTexture)
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    #expect(!Recipe(method: "uranet").pastesTexture)
    var other = recipe
    other.method = "ras"
    #expect(!other.pastesTexture)
  }

  /// What is left at its default leaves a recipe's text, and so what was trained by it, as it was.
  @Test func theScoreIsWrittenWhereItIsChosen() throws {
    var recipe = Recipe(method: "uranet")
    #expect(!recipe.yaml.contains("score:") && !recipe.yaml.contains("topShare"))
    recipe[URANetSettings.self].score = .top
    #expect(recipe.yaml.contains("score: top") && recipe.yaml.contains("topShare: 0.01"))
  }

  /// A model's recipe from before there was a choice says nothing of it.
  @Test func modelsFromBeforeCompareByRegion() throws {
    #expect(Recipe(method: "uranet")[URANetSettings.self].compared == .uniform)
    #expect(try Recipe.parse("method: uranet\n")[URANetSettings.self].compared == .uniform)
    let manifest = Data(#"{"method": "uranet", "uranet": {"floor": 0.25}}"#.utf8)
    #expect(
      try JSONDecoder().decode(Recipe.self, from: manifest)[URANetSettings.self].compared == .region
    )
    var recipe = Recipe(method: "uranet")
    recipe[URANetSettings.self].compared = .region
    #expect(try Recipe.parse(recipe.yaml) == recipe)
  }

  @Test(arguments: [
    ("score: most", "max"), ("topShare: 0", "topShare"), ("topShare: 1.5", "topShare"),
    ("floor: 0", "uranet.compared"),
    ("synthesis: {sources: [textures]}", "texture"),
  ])
  func whatCannotBeIsNamed(text: String, word: String) {
    let problem = #expect(throws: RecipeProblem.self) {
      try Recipe.parse("method: uranet\nuranet:\n  \(text)\n")
    }
    #expect(problem?.description.contains(word) == true, "\(problem?.description ?? "")")
  }
}
