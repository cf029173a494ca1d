import Foundation
import Networks
import NormaCore
import NormaFiles
import ONNX
import Torch

/// Records forward passes as ONNX models.
public enum DetectorGraph {
  public typealias Weights = [String: WeightTensor]

  /// The name of a trunk graph's map, one for each level.
  public static func featuresPort(_ level: Int) -> String { "features.\(level)" }

  /// The whole detector: `pictures` uint8 `[N, S, S, 3]` → `anomaly_map` `[N, S, S]`, `score` `[N]`,
  /// `feature` `[N, ΣC]`; of a method that perceives anomalies besides also `suspicion` `[N]`,
  /// `probability` `[N, h, w]` and `uncertainty_map` `[N, S, S]`.
  ///
  /// - Parameters:
  ///   - backbone: the backbone's parameters, batch norms folded.
  ///   - weights: the trained network's.
  ///   - jitter: strength of noise on the features, for measuring what a network tolerates: the graph
  ///     then has a second input, `noise` float `[N, tokens, C]`. nil for the detector itself.
  /// - Throws: when a parameter is missing or has another shape, or the method has no jitter.
  public static func detector(
    _ network: DetectorNetwork, backbone: Weights, weights: Weights, jitter: Float? = nil
  ) throws -> Data {
    let graph = Graph(name: "norma_detector")
    let size = network.trunk.imageSize
    let pictures = try graph.input(GraphPort.pictures, shape: [-1, size, size, 3], type: .uint8)
    let noise = try jitter.flatMap { strength in
      try network.trunk.outputs.first.map {
        FeatureJitter(
          strength: strength,
          normal: try graph.input(GraphPort.noise, shape: [-1, $0.grid.count, $0.channels]))
      }
    }
    let (detection, feature) = try network(
      pictures, backbone: graph.parameters(from: backbone.graphParameters),
      parameters: graph.parameters(from: weights.graphParameters), jitter: noise)
    try graph.output(detection.map, name: GraphPort.anomalyMap)
    try graph.output(detection.score, name: GraphPort.score)
    try graph.output(feature, name: GraphPort.feature)
    if let perceived = detection.perceived {
      try graph.output(perceived.suspicion, name: GraphPort.suspicion)
      try graph.output(perceived.probability, name: GraphPort.probability)
      try graph.output(perceived.uncertainty, name: GraphPort.uncertaintyMap)
    }
    return try graph.model()
  }

  /// The trunk alone: `pictures` uint8 `[N, S, S, 3]` → `features.0`, `features.1`, … `[N, C, h, w]`.
  public static func trunk(_ trunk: Trunk, backbone: Weights) throws -> Data {
    let graph = Graph(name: "norma_trunk")
    let size = trunk.imageSize
    let pictures = try graph.input(GraphPort.pictures, shape: [-1, size, size, 3], type: .uint8)
    let maps = try trunk(pictures, parameters: graph.parameters(from: backbone.graphParameters))
    for (level, map) in maps.enumerated() {
      try graph.output(map, name: featuresPort(level))
    }
    return try graph.model()
  }

  /// The backbone's levels and, last, their arrangement, for comparing engines: `input` float
  /// `[N, 3, S, S]`, normalised → `level.0`, `level.1`, …
  public static func levels(_ trunk: Trunk, backbone: Weights) throws -> Data {
    let graph = Graph(name: "norma_levels")
    let size = trunk.imageSize
    let pictures = try graph.input("input", shape: [-1, 3, size, size])
    let levels = try trunk.backbone(graph.parameters(from: backbone.graphParameters))(pictures)
    for (index, map) in try (levels + trunk.arranged(levels)).enumerated() {
      try graph.output(map, name: "level.\(index)")
    }
    return try graph.model()
  }
}

extension [String: WeightTensor] {
  fileprivate var graphParameters: [String: (shape: [Int], values: [Float])] {
    mapValues { ($0.shape, $0.values) }
  }
}

/// A trained network with everything around it: what a model folder is made from.
public struct TrainedDetector {
  public let prepared: PreparedRecipe
  public let pictures: SplitPictures
  public let network: TrainedNetwork
  /// In which it inspects, and is calibrated: the recipe's, or what was chosen where that is `auto`.
  public var precision: ModelPrecision
  public var recipe: Recipe { prepared.recipe }
  public var trunk: Trunk { prepared.trunk }
  public var method: any LearningMethod { prepared.method }

  public init(prepared: PreparedRecipe, pictures: SplitPictures, network: TrainedNetwork) {
    (self.prepared, self.pictures, self.network) = (prepared, pictures, network)
    precision = prepared.recipe.scoring.precision == .bf16 ? .bf16 : .f32
  }

  /// The forward pass, from pictures to maps and scores.
  public var detector: DetectorNetwork {
    DetectorNetwork(
      trunk: trunk, method: method, standardization: pictures.data.standardization)
  }

  /// The bytes of `graph.onnx`.
  public func graph() throws -> Data {
    try DetectorGraph.detector(
      detector, backbone: prepared.parameters, weights: network.weights)
  }

  /// What the network gives for the reference picture, in LibTorch and 32-bit floats; nil when these are no
  /// numbers, which the detector says better of a picture that somebody has.
  public func reference() throws -> ModelReference? {
    let side = trunk.imageSize
    let picture = ModelReference.picture(side: side)
    return try withoutGradient {
      let (detection, feature) = try detector(
        Tensor(bytes: picture, shape: [1, side, side, 3]),
        backbone: Parameters(constants: prepared.parameters),
        parameters: Parameters(constants: network.weights))
      let reference = try ModelReference(
        of: picture, imageSize: side, score: detection.score.floats().first ?? .nan,
        map: detection.map.floats(), feature: feature.floats())
      return reference.isFinite ? reference : nil
    }
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
    let backbones = prepared.backbones
    return Manifest(
      method: recipe.method, recipe: recipe, backbone: backbones[0],
      furtherBackbones: backbones.count > 1 ? Array(backbones.dropFirst()) : nil,
      precision: precision.rawValue, imageSize: trunk.imageSize,
      grid: trunk.parts[0].maps.last?.grid.height ?? 0,
      exifOrientation: exifOrientation, categories: pictures.categories,
      data: Manifest.TrainingData(
        fingerprint: fingerprint, pictures: pictures.training.count, root: root),
      toolVersion: NormaVersion.current)
  }
}
