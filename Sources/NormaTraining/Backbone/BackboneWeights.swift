import Foundation
import Networks
import NormaCore
import NormaFiles

/// A backbone's weights, ready for its network: from a file, checked against the network, batch
/// norms and LayerScale folded.
///
/// Files have timm's names, lukemelas's of EfficientNets, or of vision transformers those of DINOv2's release or
/// of Hugging Face.
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
  ///     for the network's usual levels.
  ///   - path: a file of any format that Norma reads; `nil` to look in the registry's folders.
  /// - Throws: `UnknownBackbone`; `WeightsMissing`; `WeightsFileError` when the file is damaged,
  ///   incomplete, of another network, or holds values that are no numbers; `BackboneError` for taps
  ///   that do not exist.
  public static func load(
    _ name: String, taps: LevelTaps? = nil, from path: String? = nil,
    registry: WeightsRegistry = .standard
  ) throws -> BackboneWeights {
    let known = try KnownBackbone.called(name)
    guard let specification = Backbones.named(name) else {
      throw UnknownBackbone(name: name)
    }
    let taps = taps ?? specification.defaultLevels
    try specification.check(levels: taps)
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

  /// The parameters up to block `lastBlock`, folded, from tensors under any of the names that are known.
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
    let found = StoredTensors(
      tensors: BackboneNames.canonical(tensors, for: specification), file: file)
    var parameters: [String: WeightTensor] = [:]
    for layer in specification.layers(throughBlock: lastBlock) {
      for (name, tensor) in try found.folded(layer) { parameters[name] = tensor }
    }
    return parameters
  }
}

/// A file's tensors, under timm's names.
private struct StoredTensors {
  let tensors: [String: WeightTensor]
  let file: String

  /// What the network is given of a layer, by name.
  func folded(_ layer: BackboneLayer) throws -> [(String, WeightTensor)] {
    switch layer {
    case .convolution(let convolution, let epsilon):
      let (weight, bias) = try folded(convolution, epsilon: epsilon)
      return [(convolution.weightName, weight), (convolution.biasName, bias)]
    case .tensor(let name, _): return [(name, try finite(name))]
    case .optionalTensor(let name, let shape):
      let zeros = WeightTensor(
        shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
      return [(name, tensors[name] == nil ? zeros : try finite(name))]
    case .scaledLinear(let linear):
      let (weight, bias) = try (finite(linear.weightName), finite(linear.biasName))
      guard let scale = try linear.scale.map({ try finite($0).values }) else {
        return [(linear.weightName, weight), (linear.biasName, bias)]
      }
      return [
        (linear.weightName, weight.scaled(by: scale)), (linear.biasName, bias.scaled(by: scale)),
      ]
    case .tokens(let tokens):
      var (classToken, positions) = try (finite(tokens.classToken), finite(tokens.positions))
      if positions.shape == tokens.shapeWithClass {
        // The class token's position is as constant as the token.
        classToken.values = zip(classToken.values, positions.values).map { $0 + $1 }
        positions = WeightTensor(
          shape: tokens.shapeOfPatches, values: Array(positions.values.dropFirst(tokens.width)))
      }
      return [(tokens.classToken, classToken), (tokens.positions, positions)]
    }
  }

  private func folded(
    _ convolution: ConvolutionParameters, epsilon: Double
  ) throws -> (weight: WeightTensor, bias: WeightTensor) {
    let weight = try finite(convolution.weightName)
    guard let batchNorm = convolution.batchNorm, tensors[batchNorm + ".running_var"] != nil else {
      return (weight, try finite(convolution.biasName))
    }
    let norm = BatchNormFolding.Statistics(
      scale: try finite(batchNorm + ".weight").values,
      shift: try finite(batchNorm + ".bias").values,
      mean: try finite(batchNorm + ".running_mean").values,
      variance: try finite(batchNorm + ".running_var").values)
    guard let negative = norm.variance.firstIndex(where: { $0 < 0 }) else {
      let bias = tensors[convolution.biasName] == nil ? nil : try finite(convolution.biasName)
      return BatchNormFolding.fold(weight: weight, bias: bias, norm, epsilon: epsilon)
    }
    throw WeightsFileError(
      file: file,
      reason: "'\(batchNorm).running_var' has the value \(norm.variance[negative]) at \(negative); "
        + "a variance is never negative: the weights are spoilt")
  }

  /// The tensor of that name, whose values are numbers.
  private func finite(_ name: String) throws -> WeightTensor {
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
}

extension WeightTensor {
  /// Row i times `factors[i]`, of a matrix or a vector.
  fileprivate func scaled(by factors: [Float]) -> WeightTensor {
    let width = values.count / factors.count
    return WeightTensor(
      shape: shape,
      values: [Float](unsafeUninitializedCapacity: values.count) { result, count in
        for (row, factor) in factors.enumerated() {
          for index in row * width..<(row + 1) * width { result[index] = values[index] * factor }
        }
        count = values.count
      })
  }
}
