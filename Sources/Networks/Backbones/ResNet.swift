/// ResNet as data: He et al., "Deep Residual Learning for Image Recognition" (2016), with the stride of
/// a bottleneck on its 3×3 convolution, as torchvision and timm have it; WideResNet-50-2 (Zagoruyko and
/// Komodakis, 2016) is ResNet-50 with twice as wide bottlenecks. Names of parameters are those of both
/// libraries, which agree.
public struct ResNetSpecification: Sendable, Equatable {
  public let name: String
  /// Every block in order.
  public let blocks: [ResNetBlock]

  /// Channels after the stem (7×7, stride 2, then 3×3 maximum pooling, stride 2).
  public static let stemChannels = 64

  /// ResNet-18, -34 and -50, WideResNet-50-2.
  public static let all = [
    ResNetSpecification(name: "resnet18", depths: [2, 2, 2, 2], bottleneck: nil),
    ResNetSpecification(name: "resnet34", depths: [3, 4, 6, 3], bottleneck: nil),
    ResNetSpecification(name: "resnet50", depths: [3, 4, 6, 3], bottleneck: 64),
    ResNetSpecification(name: "wide-resnet50-2", depths: [3, 4, 6, 3], bottleneck: 128),
  ]

  /// - Parameters:
  ///   - depths: blocks of each layer.
  ///   - bottleneck: width of the first layer's bottlenecks; nil for blocks of two 3×3 convolutions.
  private init(name: String, depths: [Int], bottleneck: Int?) {
    var blocks: [ResNetBlock] = []
    var channels = Self.stemChannels
    for (number, depth) in depths.enumerated() {
      let width = (bottleneck ?? 64) << number
      let output = (bottleneck == nil ? 64 : 256) << number
      for place in 0..<depth {
        blocks.append(
          ResNetBlock(
            layer: number + 1, place: place, inputChannels: channels, width: width,
            outputChannels: output, isBottleneck: bottleneck != nil,
            stride: place == 0 && number > 0 ? 2 : 1))
        channels = output
      }
    }
    self.name = name
    self.blocks = blocks
  }
}

/// A residual block.
public struct ResNetBlock: Sendable, Equatable {
  /// Layer, from 1, and place within it, from 0, as in the names `layer<layer>.<place>`.
  public let layer: Int
  public let place: Int
  public let inputChannels: Int
  /// Channels of the 3×3 convolutions.
  public let width: Int
  public let outputChannels: Int
  public let isBottleneck: Bool
  public let stride: Int

  var scope: String { "layer\(layer).\(place)" }
  /// Whether the block's input passes a 1×1 convolution before it is added.
  var projects: Bool { stride != 1 || inputChannels != outputChannels }

  /// The convolutions on the block's main path: name, shape, stride.
  var path: [(name: String, shape: [Int], stride: Int)] {
    if isBottleneck {
      return [
        ("conv1", [width, inputChannels, 1, 1], 1), ("conv2", [width, width, 3, 3], stride),
        ("conv3", [outputChannels, width, 1, 1], 1),
      ]
    }
    return [
      ("conv1", [width, inputChannels, 3, 3], stride),
      ("conv2", [outputChannels, width, 3, 3], 1),
    ]
  }

  var convolutions: [ConvolutionParameters] {
    let main = path.enumerated().map { index, convolution in
      ConvolutionParameters(
        name: "\(scope).\(convolution.name)", weightShape: convolution.shape,
        batchNorm: "\(scope).bn\(index + 1)")
    }
    guard projects else { return main }
    return main + [
      ConvolutionParameters(
        name: "\(scope).downsample.0", weightShape: [outputChannels, inputChannels, 1, 1],
        batchNorm: "\(scope).downsample.1")
    ]
  }
}

extension ResNetSpecification: ConvolutionalBackbone {
  public var normalization: PictureNormalization { .imageNet }
  public var blockCount: Int { blocks.count }
  public var epsilon: Double { 1e-5 }

  /// The last blocks of layers 1, 2 and 3, at strides 4, 8 and 16 (ResNet-18: 1, 3, 5).
  public var defaultTaps: [Int] {
    blocks.indices.dropLast().filter {
      blocks[$0].layer <= 3 && blocks[$0 + 1].layer != blocks[$0].layer
    }
  }

  public func outputChannels(ofBlock index: Int) -> Int { blocks[index].outputChannels }

  public func stride(ofBlock index: Int) -> Int {
    blocks[...index].reduce(4) { $0 * $1.stride }
  }

  /// Every strided operation pads evenly and so halves a size, rounding up.
  public func mapSize(ofBlock index: Int, imageSize: Int, padding: BackbonePadding) -> Int {
    let halvings = 2 + blocks[...index].count { $0.stride == 2 }
    return (0..<halvings).reduce(imageSize) { size, _ in (size + 1) / 2 }
  }

  public var stemConvolutions: [ConvolutionParameters] {
    [
      ConvolutionParameters(
        name: "conv1", weightShape: [Self.stemChannels, 3, 7, 7], batchNorm: "bn1")
    ]
  }

  public func convolutions(ofBlock index: Int) -> [ConvolutionParameters] {
    blocks[index].convolutions
  }

  public func scopes(throughBlock lastBlock: Int) -> [String] {
    let later = blocks.dropFirst(lastBlock + 1).first?.layer
    return ["conv1.", "bn1."]
      + (1..<(later ?? blocks[lastBlock].layer + 1)).map { "layer\($0)." }
  }

  public func network<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> [V] {
    let network = try ResNet(self, taps: taps, parameters: parameters)
    return { try network($0) }
  }
}

/// The trunk of a ResNet, from the stem to its last tap: pictures in, one feature map per tap out.
/// Batch norms are folded into the convolutions.
public struct ResNet<V: Value> {
  public let specification: ResNetSpecification
  /// The blocks whose outputs are returned, ascending.
  public let taps: [Int]
  private let stem: Convolution<V>
  private let blocks: [Block]

  /// - Throws: ``BackboneError`` for taps that do not exist; what the source of parameters throws.
  public init(
    _ specification: ResNetSpecification, taps: [Int]? = nil, parameters: Parameters<V>
  ) throws {
    let taps = taps ?? specification.defaultTaps
    try specification.check(taps: taps)
    self.specification = specification
    self.taps = taps
    stem = try Convolution(
      parameters.scope("conv1"), shape: [ResNetSpecification.stemChannels, 3, 7, 7], stride: 2,
      padding: 3)
    blocks = try specification.blocks.prefix((taps.last ?? 0) + 1).map {
      try Block($0, parameters.scope($0.scope))
    }
  }

  /// - Parameter pictures: `[batch, 3, height, width]`, normalised.
  /// - Returns: for each tap `[batch, channels, height / stride, width / stride]`, sizes rounded up.
  /// - Throws: ``BackboneError`` when the pictures do not have that shape; what the engine throws.
  public func callAsFunction(_ pictures: V) throws -> [V] {
    guard pictures.shape.count == 4, pictures.shape[1] == 3 else {
      throw BackboneError(
        "\(specification.name) was given the shape \(pictures.shape); "
          + "[batch, 3, height, width] is needed")
    }
    var map = try stem(pictures).relu().maximumPooled(kernel: 3, stride: 2, padding: 1)
    var levels: [V] = []
    for (index, block) in blocks.enumerated() {
      map = try block(map)
      if taps.contains(index) { levels.append(map) }
    }
    return levels
  }

  private struct Block {
    let path: [Convolution<V>]
    let projection: Convolution<V>?

    init(_ block: ResNetBlock, _ parameters: Parameters<V>) throws {
      path = try block.path.map {
        // Padded evenly by half its kernel.
        try Convolution(
          parameters.scope($0.name), shape: $0.shape, stride: $0.stride, padding: $0.shape[2] / 2)
      }
      projection =
        block.projects
        ? try Convolution(
          parameters.scope("downsample.0"),
          shape: [block.outputChannels, block.inputChannels, 1, 1], stride: block.stride) : nil
    }

    func callAsFunction(_ input: V) throws -> V {
      var map = input
      for (index, convolution) in path.enumerated() {
        map = try index == 0 ? convolution(map) : convolution(map.relu())
      }
      return try (map + (projection.map { try $0(input) } ?? input)).relu()
    }
  }
}
