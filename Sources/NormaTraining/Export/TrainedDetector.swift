import Foundation
import Networks
import NormaCore

/// A trained network with everything around it: what a model folder is made from.
public struct TrainedDetector {
  public let prepared: PreparedRecipe
  public let pictures: SplitPictures
  public let network: TrainedNetwork
  public var recipe: Recipe { prepared.recipe }
  public var trunk: Trunk { prepared.trunk }
  public var method: any LearningMethod { prepared.method }
  public var backbone: BackboneWeights { prepared.backbone }

  public init(prepared: PreparedRecipe, pictures: SplitPictures, network: TrainedNetwork) {
    (self.prepared, self.pictures, self.network) = (prepared, pictures, network)
  }

  /// The forward pass, from pictures to maps and scores.
  public var detector: DetectorNetwork {
    DetectorNetwork(
      trunk: trunk, method: method, standardization: pictures.data.standardization)
  }

  /// The bytes of `graph.onnx`.
  public func graph() throws -> Data {
    try DetectorGraph.detector(
      detector, backbone: backbone.parameters, weights: network.weights)
  }

  /// The bytes of `weights.safetensors`.
  public func weights() throws -> Data {
    try StoredNetwork(
      weights: network.weights, standardization: pictures.data.standardization
    ).encoded(metadata: ["method": recipe.method, "norma": NormaVersion.current])
  }

  /// - Parameters:
  ///   - fingerprint: of the training pictures.
  ///   - root: the data set's folder.
  ///   - exifOrientation: whether pictures were turned as their EXIF orientation says.
  public func manifest(fingerprint: String, root: String, exifOrientation: Bool) -> Manifest {
    Manifest(
      method: recipe.method, recipe: recipe,
      backbone: Manifest.Backbone(
        name: recipe.backbone.name, weightsDigest: backbone.digest, licence: backbone.licence),
      precision: recipe.scoring.precision.rawValue, imageSize: trunk.imageSize,
      grid: trunk.outputs.last?.grid.height ?? 0,
      exifOrientation: exifOrientation, categories: pictures.categories,
      data: Manifest.TrainingData(
        fingerprint: fingerprint, pictures: pictures.training.count, root: root),
      toolVersion: NormaVersion.current)
  }
}
