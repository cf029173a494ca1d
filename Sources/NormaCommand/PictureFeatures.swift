import CommandLineBasics
import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

/// Features of pictures by OpenVINO's trunk: computed once, and kept for whoever asks again.
struct PictureFeatures {
  let recipe: Recipe
  let trunk: Trunk
  let backbone: BackboneWeights
  let reader: PictureReader
  /// The folder that the pictures' names are relative to.
  let root: String
  let cancellation: Cancellation
  /// What hears how the work goes, a line at a time.
  let tell: (String) -> Void

  var shapes: [FeatureShape] {
    trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
  }

  /// The trunk, compiled.
  func extractor() throws -> OpenVINOExtractor {
    try OpenVINOExtractor(
      trunk: trunk, weights: backbone, precision: recipe.features.precision, reader: reader)
  }

  /// - Parameter key: of these pictures, see ``key(of:fingerprint:)``.
  /// - Returns: their features, in their order, and the numbers of those that could be decoded; the
  ///   others are named, in every run.
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a category has nothing left.
  func store(
    of pictures: [Sample], key: String
  ) throws -> (store: FeatureStore, usable: [Int]) {
    let path = try Home.folder("features") + "/\(key.prefix(32)).features"
    let lock = try FileLock.wait(for: path + ".lock") {
      try cancellation.check("Stopped while another training extracts the same features.")
    }
    defer { withExtendedLifetime(lock) {} }
    let requests = recipe.featureRequests(pictures)
    let progress = ProgressLine(
      "Extracting features (\(recipe.backbone.name), \(recipe.features.precision.rawValue))",
      total: requests.count, unit: "pictures")
    defer { progress.clear() }
    var problems: [Int: String] = [:]
    do {
      let (store, reused) = try FeatureStore.filled(
        at: path, key: key, pictures: requests, by: extractor, shapes: shapes,
        shouldStop: { cancellation.isRequested },
        unusable: { problems[$0] = "\($1)" }, progress: { progress.update($0) })
      progress.finish()
      if reused > 0 { tell("Features of \(reused) pictures were there already.") }
      return (store, try usable(store, pictures, problems))
    } catch is ExtractionInterrupted {
      throw Interrupted("Stopped. The features so far are kept; the same command goes on.")
    }
  }

  private func usable(
    _ store: FeatureStore, _ pictures: [Sample], _ problems: [Int: String]
  ) throws -> [Int] {
    for index in pictures.indices where !store.usable[index] {
      Terminal.warn(problems[index] ?? "\(pictures[index].path) could not be decoded")
    }
    let usable = pictures.indices.filter { store.usable[$0] }
    let left = Set(usable.map { pictures[$0].category })
    for category in Set(pictures.map(\.category)).subtracting(left).sorted() {
      throw FileProblem(
        path: root, reason: "no picture of the category '\(category)' can be decoded")
    }
    return usable
  }

  /// Names everything that the features depend on.
  ///
  /// - Parameter fingerprint: of the pictures.
  func key(of pictures: [Sample], fingerprint: String) -> String {
    let order = pictures.map { FilePath.relative($0.path, to: root) }
    let facts: [String] =
      [
        "features 2", fingerprint, backbone.digest, recipe.backbone.name, "\(trunk.taps)",
        trunk.padding.rawValue, "\(trunk.imageSize)", "\(trunk.arrangement)",
        recipe.features.precision.rawValue, Core.version,
        "\(PictureReader.decoder)", "\(reader.pixelLimit)",
        "oriented \(reader.appliesOrientation)",
      ] + recipe.textureFacts + order
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}

extension PictureFeatures {
  init(_ plan: TrainingPlan, cancellation: Cancellation) {
    self.init(
      recipe: plan.recipe, trunk: plan.trunk, backbone: plan.backbone, reader: plan.reader,
      root: plan.dataset.root, cancellation: cancellation, tell: plan.tell)
  }
}
