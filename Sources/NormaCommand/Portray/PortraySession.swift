import CommandLineBasics
import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining

/// From a model and its data set to a page that shows what the model takes for normal.
struct PortraySession {
  private let model: ModelFolder
  private let network: ModelNetwork
  private let method: any RebuildingMethod
  private let dataset: Dataset
  private let features: PictureFeatures
  private let steps: Int
  private let cancellation: Cancellation

  /// A page, and the chosen pictures that are not on it.
  typealias Page = (html: String, unreadable: [FileProblem])

  /// - Parameter steps: of the decoder's training.
  /// - Throws: when the model rebuilds nothing, or the data set has none of its categories.
  init(
    model: ModelFolder, dataset path: String, reader: PictureReader, steps: Int,
    cancellation: Cancellation
  ) throws {
    (self.model, self.steps, self.cancellation) = (model, steps, cancellation)
    network = try ModelNetwork(model)
    guard let method = network.method as? any RebuildingMethod else {
      throw FileProblem(
        path: model.path,
        reason:
          "\(model.manifest.title) rebuilds nothing that could be drawn: it measures how "
          + "far features are from normal ones. A model of RAS, UniAD, RLR or URA-Net can be portrayed; "
          + "the heat maps of this one come from 'norma inspect --heatmaps'")
    }
    self.method = method
    let found = try DatasetReader.read(path).selecting(knownTo: model.manifest)
    dataset = try TrainingPlan.readable(found, reader: reader, cancellation, tell: { _ in })
    features = PictureFeatures(
      recipe: network.recipe, trunk: network.trunk, backbone: network.backbone, reader: reader,
      root: dataset.root, cancellation: cancellation, tell: Terminal.say)
  }

  func choose(named paths: [String], count: Int?) throws -> [PortrayedPicture] {
    guard paths.isEmpty else { return try PortrayedPicture.named(paths, limit: count ?? 24) }
    return PortrayedPicture.chosen(from: dataset, count: count ?? 4)
  }

  func page(of chosen: [PortrayedPicture]) throws -> Page {
    let (decoder, seen) = try decoder()
    let decoded = try DecodedFeatures(
      method: method, network: network.stored, decoder: decoder,
      examples: seen.batch(Self.examples(seen.training)))
    let drawing = try PortrayDrawing(model: model, decoded: decoded, features: features)
    var unreadable: [FileProblem] = []
    let rows = try drawing.rows(
      of: chosen, unreadable: { unreadable.append($0) },
      check: { try cancellation.check("Stopped; the decoder is kept.") })
    guard !rows.isEmpty else {
      throw unreadable.first
        ?? FileProblem(path: dataset.source, reason: "there is no picture to draw")
    }
    return (try drawing.page(rows, error: decoder.heldOutError).html(), unreadable)
  }

  /// Enough good pictures to show what features are like, of all categories.
  private static func examples(_ training: [Int]) -> [Int] {
    let count = min(48, training.count)
    return (0..<count).map { training[$0 * training.count / count] }
  }

  private func decoder() throws -> (decoder: TrainedDecoder, seen: TrainingData) {
    let pictures = dataset.train.filter { !$0.label.isAnomalous }
    let fingerprint = try PictureFingerprint.of(
      pictures, root: dataset.root, cancellation: cancellation)
    if fingerprint != model.manifest.data.fingerprint {
      Terminal.warn(
        "\(dataset.source) does not hold the very pictures that the model was trained on; the decoder "
          + "learns from those that it holds")
    }
    return try KeptDecoder(
      features: features, standardization: network.stored.standardization, steps: steps,
      cancellation: cancellation
    ).decoder(of: pictures, fingerprint: fingerprint)
  }
}
