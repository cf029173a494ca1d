import ArgumentParser
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

/// `norma measure extract`: pictures on disk to stored features.
struct MeasureExtraction: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract", abstract: "Pictures on disk to stored features.",
    discussion: """
      Decoding, resizing, the backbone and the writing of the feature store, as
      'norma train' does it before it learns.
      """)

  @Argument(help: "Pictures, or folders of them.")
  var pictures: [String]

  @Option(help: "Whose backbone: the name of a recipe that comes with Norma, or a .yaml file.")
  var recipe: String?

  @Option(help: "Write the backbone's graph there too, for another runtime: an .onnx file.")
  var graph: String?

  @OptionGroup var rounds: MeasuredRounds

  func run() throws {
    let recipe = try Recipe.named(recipe)
    let trunk = try recipe.trunk()
    let paths = try MeasuredRounds.pictures(pictures).map(\.path)
    let weights = try BackboneWeights.load(
      recipe.backbone.name, taps: trunk.taps, from: recipe.backbone.weights)
    if let graph {
      try AtomicFile.write(DetectorGraph.trunk(trunk, backbone: weights.parameters), to: graph)
    }
    let extractor = try OpenVINOExtractor(
      trunk: trunk, weights: weights, precision: recipe.features.precision,
      reader: PictureReader())
    let folder = try TemporaryFolder()
    try rounds.run("pictures") {
      let path = folder.path + "/" + UUID().uuidString
      var unusable: (any Error)?
      let seconds = try MeasuredRounds.time {
        _ = try FeatureStore.filled(
          at: path, key: "measured", pictures: paths.map { FeatureRequest(path: $0) },
          by: { extractor }, shapes: extractor.shapes,
          shouldStop: { false }, unusable: { unusable = $1 }, progress: { _ in })
      }
      try FileManager.default.removeItem(atPath: path)
      // A picture that is not read takes no time.
      if let unusable { throw unusable }
      return MeasuredRounds.Round(seconds: seconds, items: paths.count)
    }
  }
}
