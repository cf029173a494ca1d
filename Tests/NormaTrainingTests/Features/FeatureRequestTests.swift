import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing

struct FeatureRequestTests {
  private func samples(_ count: Int) -> [Sample] {
    (0..<count).map {
      Sample(
        path: String(format: "p/%02d.png", $0), category: "c", split: .train, label: .normal)
    }
  }

  private func recipe(_ sources: [URANetSettings.Synthesis.Source]) -> Recipe {
    var recipe = Recipe(method: "uranet")
    recipe[URANetSettings.self].synthesis.sources = sources
    return recipe
  }

  @Test func withoutTextureEachPictureIsAskedForOnce() {
    let samples = samples(5)
    for recipe in [Recipe(), recipe([.other, .own])] {
      #expect(recipe.featureRequests(samples).map(\.path) == samples.map(\.path))
      #expect(recipe.featureRequests(samples).allSatisfy { $0.twin == nil })
      #expect(recipe.textureFacts.isEmpty, "its key is the one that it always had")
    }
    var off = recipe([.texture])
    off[URANetSettings.self].synthesis.enabled = false
    #expect(off.featureRequests(samples).count == 5)
  }

  @Test func twinsFollowInTheSameOrderWithTextureOfOtherTrainingPictures() throws {
    let samples = samples(20)
    var recipe = recipe([.noise, .texture])
    recipe.training.holdout = 0.25
    let requests = recipe.featureRequests(samples)
    #expect(requests.map(\.path) == samples.map(\.path) + samples.map(\.path))
    #expect(requests.prefix(20).allSatisfy { $0.twin == nil })
    let twins = try requests.suffix(20).map { try #require($0.twin) }
    let heldOut = Set(Holdout.split(samples, fraction: 0.25, seed: 0).heldOut.map(\.path))
    #expect(heldOut.count == 5)
    for (sample, twin) in zip(samples, twins) {
      #expect(twin.texture != sample.path && !heldOut.contains(twin.texture))
    }
    #expect(Set(twins.map(\.seed)).count == 20 && Set(twins.map(\.texture)).count > 5)
    #expect(recipe.featureRequests(samples) == requests)
    let facts = recipe.textureFacts
    recipe.training.seed = 1
    #expect(recipe.featureRequests(samples) != requests && recipe.textureFacts != facts)
  }

  @Test func aSinglePictureIsItsOwnTexture() {
    let requests = recipe([.texture]).featureRequests(samples(1))
    #expect(requests.last?.twin?.texture == "p/00.png")
  }
}
