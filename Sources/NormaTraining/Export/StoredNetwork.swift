import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// What a model folder's `weights.safetensors` holds, and a decoder's file: the trained parameters by name, and the
/// statistics that features are standardised with, where they are.
public struct StoredNetwork: Sendable {
  public let weights: [String: WeightTensor]
  /// One for each map of the trunk, or nil for features as they are.
  public let standardization: [Standardization]?

  private static let prefix = "standardization."

  public init(weights: [String: WeightTensor], standardization: [Standardization]?) {
    self.weights = weights
    self.standardization = standardization
  }

  /// Reads `weights.safetensors`. Throws when it is damaged or a number in it is not finite.
  public init(_ model: ModelFolder) throws {
    let name = model.path + "/" + ModelFile.weights
    try self.init(SafeTensors.read(model.data(ModelFile.weights), name: name).tensors, name: name)
  }

  /// The same of another file's tensors; `name` is what errors call it.
  init(_ tensors: [String: WeightTensor], name: String) throws {
    for (tensor, content) in tensors.sorted(by: { $0.key < $1.key }) {
      guard content.values.allSatisfy(\.isFinite) else {
        throw FileProblem(path: name, reason: "\(tensor) holds values that are not finite numbers")
      }
    }
    var found: [Standardization] = []
    while let mean = tensors["\(Self.prefix)\(found.count).mean"],
      let deviation = tensors["\(Self.prefix)\(found.count).deviation"]
    {
      found.append(Standardization(mean: mean.values, deviation: deviation.values))
    }
    weights = tensors.filter { !$0.key.hasPrefix(Self.prefix) }
    standardization = found.isEmpty ? nil : found
  }

  /// The bytes of `weights.safetensors`.
  public func encoded(metadata: [String: String]) throws -> Data {
    var tensors = weights
    for (index, level) in (standardization ?? []).enumerated() {
      tensors["\(Self.prefix)\(index).mean"] = WeightTensor(
        shape: [level.mean.count], values: level.mean)
      tensors["\(Self.prefix)\(index).deviation"] = WeightTensor(
        shape: [level.deviation.count], values: level.deviation)
    }
    return try SafeTensors.write(tensors, metadata: metadata)
  }

  /// The whole detector in LibTorch, in 32-bit precision: what the exported graph is measured against.
  ///
  /// - Parameters:
  ///   - pictures: `[batch, S, S, 3]`, RGB.
  ///   - backbone: the backbone's parameters, batch norms folded.
  /// - Returns: maps, one after the other, each S×S, and the scores.
  public func detect(
    _ pictures: [UInt8], batch: Int, trunk: Trunk, method: any AnomalyMethod,
    backbone: [String: WeightTensor]
  ) throws -> (maps: [Float], scores: [Float]) {
    let network = DetectorNetwork(
      trunk: trunk, method: method, standardization: standardization)
    return try withoutGradient {
      let size = trunk.imageSize
      let (detection, _) = try network(
        Tensor(bytes: pictures, shape: [batch, size, size, 3]),
        backbone: Parameters(constants: backbone), parameters: Parameters(constants: weights))
      return try (detection.map.floats(), detection.score.floats())
    }
  }
}

extension Parameters where V == Tensor {
  /// Weights as constants of LibTorch, by name. Asking for one that is missing or has another shape
  /// throws.
  public init(constants weights: [String: WeightTensor]) throws {
    let tensors = try weights.mapValues { try Tensor($0.values, shape: $0.shape) }
    self.init { name, shape, _ in
      guard let tensor = tensors[name], ParameterShape.fits(tensor.shape, shape) else {
        throw TrainerError("there is no parameter \(name) of shape \(shape)")
      }
      return tensor
    }
  }
}
