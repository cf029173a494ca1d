/// The trunk of an EfficientNet, from the stem to its last tap: pictures in, one feature map per tap
/// out. Batch norms are folded into the convolutions.
public struct EfficientNet<V: Value> {
  public let specification: EfficientNetSpecification
  /// The blocks whose outputs are returned, ascending.
  public let taps: [Int]
  public let padding: BackbonePadding

  private let stem: Convolution
  private let blocks: [Block]

  /// - Parameters:
  ///   - taps: block numbers, counted from 0, ascending; `nil` for the specification's default.
  ///   - padding: for which size strided convolutions are padded.
  ///   - parameters: source of the names that
  ///     ``EfficientNetSpecification/parameterShapes(throughBlock:)`` lists.
  /// - Throws: ``BackboneError`` for taps that do not exist; what the source of parameters throws.
  public init(
    _ specification: EfficientNetSpecification, taps: [Int]? = nil,
    padding: BackbonePadding = .nominal, parameters: Parameters<V>
  ) throws {
    let taps = taps ?? specification.defaultTaps
    try specification.check(taps: taps)
    self.specification = specification
    self.taps = taps
    self.padding = padding
    let stemShape = [specification.stemChannels, 3, 3, 3]
    stem = try Convolution(parameters.scope("conv_stem"), shape: stemShape, stride: 2)
    blocks = try specification.blocks.prefix((taps.last ?? 0) + 1).map {
      try Block($0, parameters: parameters.scope($0.scope))
    }
  }

  /// - Parameter pictures: `[batch, 3, height, width]`, normalised
  ///   (``PictureNormalization/normalized(_:)``).
  /// - Returns: for each tap `[batch, channels, height / stride, width / stride]`, sizes rounded up.
  /// - Throws: ``BackboneError`` when the pictures do not have that shape; what the engine throws.
  public func callAsFunction(_ pictures: V) throws -> [V] {
    guard pictures.shape.count == 4, pictures.shape[1] == 3 else {
      throw BackboneError(
        "\(specification.name) was given the shape \(pictures.shape); "
          + "[batch, 3, height, width] is needed")
    }
    let activation = Activation(specification.family)
    var size = MapSize(padding, specification: specification, actual: pictures.shape)
    var map = try activation(stem(pictures, size: &size))
    var levels: [V] = []
    for (index, block) in blocks.enumerated() {
      map = try block(map, activation: activation, size: &size)
      if taps.contains(index) { levels.append(map) }
    }
    return levels
  }
}

/// The size by which convolutions are padded, carried through the network: the nominal one or the
/// actual one.
private struct MapSize {
  private var height: Int
  private var width: Int

  init(_ padding: BackbonePadding, specification: EfficientNetSpecification, actual: [Int]) {
    switch padding {
    case .nominal:
      (height, width) = (specification.nominalResolution, specification.nominalResolution)
    case .dynamic: (height, width) = (actual[2], actual[3])
    }
  }

  /// The padding of the next convolution; afterwards the size is that of its output.
  mutating func padding(kernel: Int, stride: Int) -> Padding {
    defer {
      height = (height + stride - 1) / stride
      width = (width + stride - 1) / stride
    }
    return BackbonePadding.same(height: height, width: width, kernel: kernel, stride: stride)
  }
}

private struct Activation {
  private let family: EfficientNetSpecification.Family

  init(_ family: EfficientNetSpecification.Family) { self.family = family }

  func callAsFunction<V: Value>(_ map: V) throws -> V {
    switch family {
    case .standard: try map.silu()
    case .lite: try map.relu6()
    }
  }
}

extension EfficientNet {
  /// A convolution with its folded batch norm, padded SAME.
  private struct Convolution {
    let weight: V
    let bias: V
    let kernel: Int
    let stride: Int
    let groups: Int

    init(_ parameters: Parameters<V>, shape: [Int], stride: Int = 1, groups: Int = 1) throws {
      let fanIn = shape[1] * shape[2] * shape[3]
      weight = try parameters("weight", shape, .kaimingNormal(fanIn: fanIn))
      bias = try parameters("bias", [shape[0]], .zeros)
      (kernel, self.stride, self.groups) = (shape[2], stride, groups)
    }

    func callAsFunction(_ map: V, size: inout MapSize) throws -> V {
      try map.convolution(
        weight: weight, bias: bias, stride: stride,
        padding: size.padding(kernel: kernel, stride: stride), groups: groups)
    }

    /// For 1×1 convolutions, which need no padding.
    func callAsFunction(_ map: V) throws -> V {
      try map.convolution(
        weight: weight, bias: bias, stride: 1, padding: .none, groups: groups)
    }
  }

  private struct Block {
    let expand: Convolution?
    let depthwise: Convolution
    let squeeze: SqueezeExcitation?
    let project: Convolution
    let hasSkip: Bool

    init(_ block: EfficientNetBlock, parameters: Parameters<V>) throws {
      let (input, expanded) = (block.inputChannels, block.expandedChannels)
      expand =
        block.hasExpansion
        ? try Convolution(parameters.scope("conv_pw"), shape: [expanded, input, 1, 1]) : nil
      depthwise = try Convolution(
        parameters.scope("conv_dw"), shape: [expanded, 1, block.kernel, block.kernel],
        stride: block.stride, groups: expanded)
      squeeze = try block.squeezedChannels.map {
        try SqueezeExcitation(parameters.scope("se"), channels: expanded, squeezed: $0)
      }
      project = try Convolution(
        parameters.scope(block.hasExpansion ? "conv_pwl" : "conv_pw"),
        shape: [block.outputChannels, expanded, 1, 1])
      hasSkip = block.hasSkip
    }

    func callAsFunction(_ input: V, activation: Activation, size: inout MapSize) throws -> V {
      var map = input
      if let expand { map = try activation(expand(map)) }
      map = try activation(depthwise(map, size: &size))
      if let squeeze { map = try squeeze(map, activation: activation) }
      map = try project(map)
      return hasSkip ? try map + input : map
    }
  }

  /// A gate per channel from the map's mean (Hu et al., "Squeeze-and-Excitation Networks", 2018).
  private struct SqueezeExcitation {
    let reduce: Convolution
    let expand: Convolution

    init(_ parameters: Parameters<V>, channels: Int, squeezed: Int) throws {
      reduce = try Convolution(
        parameters.scope("conv_reduce"), shape: [squeezed, channels, 1, 1])
      expand = try Convolution(
        parameters.scope("conv_expand"), shape: [channels, squeezed, 1, 1])
    }

    func callAsFunction(_ map: V, activation: Activation) throws -> V {
      let mean = try map.mean(axes: [2, 3])
      return try map * expand(activation(reduce(mean))).sigmoid()
    }
  }
}

extension EfficientNetSpecification: ConvolutionalBackbone {
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
