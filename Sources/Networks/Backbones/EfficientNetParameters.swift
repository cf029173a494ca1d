/// One convolution's parameters: a weight, a bias, and the batch norm that follows where a file still
/// has it apart.
public struct ConvolutionParameters: Sendable, Equatable {
  /// timm's name without `.weight`, for example `blocks.1.0.conv_dw`.
  public let name: String
  /// `[out, in / groups, height, width]`; the bias has the first of these.
  public let weightShape: [Int]
  /// timm's name of the batch norm to be folded into weight and bias, for example `blocks.1.0.bn2`;
  /// `nil` for the convolutions of squeeze-and-excitation, which have a bias of their own.
  public let batchNorm: String?

  public var weightName: String { name + ".weight" }
  public var biasName: String { name + ".bias" }
  public var biasShape: [Int] { [weightShape[0]] }
}

extension EfficientNetSpecification {
  /// Every convolution from the stem to block `lastBlock`, in the order of the forward pass.
  public func convolutions(throughBlock lastBlock: Int) -> [ConvolutionParameters] {
    let stem = ConvolutionParameters(
      name: "conv_stem", weightShape: [stemChannels, 3, 3, 3], batchNorm: "bn1")
    return [stem] + blocks[...lastBlock].flatMap(\.convolutions)
  }

  /// Shapes of the parameters that ``EfficientNet`` asks for when its last tap is `lastBlock`, batch
  /// norms folded, by name.
  public func parameterShapes(throughBlock lastBlock: Int) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for convolution in convolutions(throughBlock: lastBlock) {
      shapes[convolution.weightName] = convolution.weightShape
      shapes[convolution.biasName] = convolution.biasShape
    }
    return shapes
  }
}

extension EfficientNetBlock {
  /// `blocks.<stage>.<place>`.
  public var scope: String { "blocks.\(stage).\(place)" }

  /// The block's convolutions in the order of the forward pass. timm numbers the batch norms of a
  /// block from 1 and calls the projection `conv_pw` where there is no expansion, `conv_pwl` else.
  public var convolutions: [ConvolutionParameters] {
    var result: [ConvolutionParameters] = []
    var norms = 0
    func add(_ name: String, _ shape: [Int], normalised: Bool = true) {
      if normalised { norms += 1 }
      result.append(
        ConvolutionParameters(
          name: "\(scope).\(name)", weightShape: shape,
          batchNorm: normalised ? "\(scope).bn\(norms)" : nil))
    }
    if hasExpansion { add("conv_pw", [expandedChannels, inputChannels, 1, 1]) }
    add("conv_dw", [expandedChannels, 1, kernel, kernel])
    if let squeezed = squeezedChannels {
      add("se.conv_reduce", [squeezed, expandedChannels, 1, 1], normalised: false)
      add("se.conv_expand", [expandedChannels, squeezed, 1, 1], normalised: false)
    }
    add(hasExpansion ? "conv_pwl" : "conv_pw", [outputChannels, expandedChannels, 1, 1])
    return result
  }
}
