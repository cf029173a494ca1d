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

extension EfficientNetSpecification: BackboneSpecification {
  public var blockCount: Int { blocks.count }
  /// TensorFlow's setting.
  public var epsilon: Double { 1e-3 }

  public func outputChannels(ofBlock index: Int) -> Int { blocks[index].outputChannels }

  public func mapSize(ofBlock index: Int, imageSize: Int, padding: BackbonePadding) -> Int {
    var nominal = padding == .nominal ? nominalResolution : imageSize
    var actual = imageSize
    let convolutions = [(kernel: 3, stride: 2)] + blocks[...index].map { ($0.kernel, $0.stride) }
    for (kernel, stride) in convolutions {
      let pad = BackbonePadding.same(size: nominal, kernel: kernel, stride: stride)
      actual = (actual + pad.before + pad.after - kernel) / stride + 1
      nominal = (nominal + stride - 1) / stride
    }
    return actual
  }

  public var stemConvolutions: [ConvolutionParameters] {
    [
      ConvolutionParameters(
        name: "conv_stem", weightShape: [stemChannels, 3, 3, 3], batchNorm: "bn1")
    ]
  }

  public func convolutions(ofBlock index: Int) -> [ConvolutionParameters] {
    blocks[index].convolutions
  }

  /// In a whole stage, a block more than the network has makes it another network.
  public func scopes(throughBlock lastBlock: Int) -> [String] {
    let later = blocks.dropFirst(lastBlock + 1).first?.stage
    let stages = 0..<(later ?? blocks[lastBlock].stage + 1)
    return ["conv_stem.", "bn1."] + stages.map { "blocks.\($0)." }
  }

  public func network<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> [V] {
    let network = try EfficientNet(self, taps: taps, padding: padding, parameters: parameters)
    return { try network($0) }
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
