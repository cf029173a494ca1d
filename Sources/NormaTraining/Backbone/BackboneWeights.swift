import Foundation
import Networks
import NormaCore
import NormaFiles

/// A backbone's weights, ready for its network: from a file, checked against the network, batch
/// norms folded.
public struct BackboneWeights: Sendable {
  public let specification: any BackboneSpecification
  /// The file that they come from.
  public let path: String
  /// SHA-256 of that file: features that were computed with other weights are other features.
  public let digest: String
  /// As the file's metadata, or the list of known backbones, has it.
  public let licence: String?
  /// The names that ``BackboneSpecification/parameterShapes(throughBlock:)`` lists.
  public let parameters: [String: WeightTensor]

  /// Reads the weights of the backbone called `name`.
  /// - Parameters:
  ///   - taps: the blocks whose outputs are wanted; parameters are read up to the last of them. `nil`
  ///     for the network's default.
  ///   - path: a file of any format that Norma reads; `nil` to look in the registry's folders.
  /// - Throws: `UnknownBackbone`; `WeightsMissing`; `WeightsFileError` when the file is damaged,
  ///   incomplete, of another network, or holds values that are no numbers; `BackboneError` for taps
  ///   that do not exist.
  public static func load(
    _ name: String, taps: [Int]? = nil, from path: String? = nil,
    registry: WeightsRegistry = .standard
  ) throws -> BackboneWeights {
    let known = try KnownBackbone.called(name)
    guard let specification = Backbones.named(name) else {
      throw UnknownBackbone(name: name)
    }
    let taps = taps ?? specification.defaultTaps
    try specification.check(taps: taps)
    let path = try path ?? registry.path(of: known)
    // Read once: the digest is that of the very bytes that are used.
    let data = try WeightsFile.bytes(path, mapped: false)
    let content = try WeightsFile.read(data, name: path)
    return BackboneWeights(
      specification: specification, path: path, digest: Digest.sha256(data),
      licence: content.metadata["licence"] ?? known.licence,
      parameters: try folded(
        content.tensors, specification, lastBlock: taps.last ?? 0, file: path))
  }

  /// The folded parameters up to block `lastBlock`, from tensors under timm's names or lukemelas's.
  /// - Throws: `WeightsFileError` that lists what is missing, of another shape, or no number.
  public static func folded(
    _ tensors: [String: WeightTensor], _ specification: any BackboneSpecification, lastBlock: Int,
    file: String
  ) throws -> [String: WeightTensor] {
    let fit = BackboneFit(tensors.mapValues(\.shape), to: specification, lastBlock: lastBlock)
    guard fit.isExact else {
      throw WeightsFileError(
        file: file,
        reason: "these are not the weights of \(specification.name) up to block \(lastBlock)\n"
          + fit.problems)
    }
    let found = BackboneNames.canonical(tensors, for: specification)
    var parameters: [String: WeightTensor] = [:]
    for convolution in specification.convolutions(throughBlock: lastBlock) {
      let (weight, bias) = try convolution.folded(
        found, epsilon: specification.epsilon, file: file)
      parameters[convolution.weightName] = weight
      parameters[convolution.biasName] = bias
    }
    return parameters
  }
}

extension ConvolutionParameters {
  fileprivate func folded(
    _ tensors: [String: WeightTensor], epsilon: Double, file: String
  ) throws -> (weight: WeightTensor, bias: WeightTensor) {
    func finite(_ name: String) throws -> WeightTensor {
      guard let tensor = tensors[name] else {
        throw WeightsFileError(file: file, reason: "'\(name)' is missing")
      }
      guard tensor.values.count == tensor.shape.reduce(1, *) else {
        throw WeightsFileError(
          file: file,
          reason: "'\(name)' has \(tensor.values.count) values for the shape \(tensor.shape)")
      }
      guard let index = tensor.values.firstIndex(where: { !$0.isFinite }) else { return tensor }
      throw WeightsFileError(
        file: file,
        reason: "'\(name)' has the value \(tensor.values[index]) at \(index): the weights are "
          + "spoilt; get the file anew")
    }
    let weight = try finite(weightName)
    guard let batchNorm, tensors[batchNorm + ".running_var"] != nil else {
      return (weight, try finite(biasName))
    }
    let norm = BatchNormFolding.Statistics(
      scale: try finite(batchNorm + ".weight").values,
      shift: try finite(batchNorm + ".bias").values,
      mean: try finite(batchNorm + ".running_mean").values,
      variance: try finite(batchNorm + ".running_var").values)
    guard let negative = norm.variance.firstIndex(where: { $0 < 0 }) else {
      let bias = tensors[biasName] == nil ? nil : try finite(biasName)
      return BatchNormFolding.fold(
        weight: weight, bias: bias, norm, epsilon: epsilon)
    }
    throw WeightsFileError(
      file: file,
      reason: "'\(batchNorm).running_var' has the value \(norm.variance[negative]) at \(negative); "
        + "a variance is never negative: the weights are spoilt")
  }
}
