/// ConvNeXt as data: Liu et al., "A ConvNet for the 2020s" (2022), in the sizes that DINOv3 (Siméoni et al.,
/// 2025) distilled. Names of parameters are timm's.
public struct ConvNeXtSpecification: Sendable, Equatable {
  public let name: String
  /// Blocks of each stage; strides 4, 8, 16 and 32.
  public let depths: [Int]
  /// Channels of each stage.
  public let widths: [Int]

  public init(name: String, depths: [Int], widths: [Int]) {
    (self.name, self.depths, self.widths) = (name, depths, widths)
  }

  /// DINOv3's ConvNeXt-T, -S and -B.
  public static let all = [
    ConvNeXtSpecification(
      name: "dinov3_convnext_tiny", depths: [3, 3, 9, 3], widths: [96, 192, 384, 768]),
    ConvNeXtSpecification(
      name: "dinov3_convnext_small", depths: [3, 3, 27, 3], widths: [96, 192, 384, 768]),
    ConvNeXtSpecification(
      name: "dinov3_convnext_base", depths: [3, 3, 27, 3], widths: [128, 256, 512, 1024]),
  ]

  /// ε of the layer norms.
  static let epsilon: Float = 1e-6
  /// Side of the stem's kernel, which is its stride.
  static let stem = 4

  /// Stage, and place within it, of each block, as in the names `stages.<stage>.blocks.<place>`.
  var places: [(stage: Int, place: Int)] {
    depths.enumerated().flatMap { stage, depth in (0..<depth).map { (stage, $0) } }
  }

  func scope(ofBlock index: Int) -> String {
    let (stage, place) = places[index]
    return "stages.\(stage).blocks.\(place)"
  }

  /// The stage that halves the map before block `index`; nil where none does.
  func downsampling(beforeBlock index: Int) -> Int? {
    let (stage, place) = places[index]
    return place == 0 && stage > 0 ? stage : nil
  }
}

extension ConvNeXtSpecification: BackboneSpecification {
  public var normalization: PictureNormalization { .imageNet }
  public var blockCount: Int { depths.reduce(0, +) }

  /// The last blocks at strides 4, 8 and 16.
  public var defaultTaps: [Int] {
    depths.indices.dropLast().map { depths[...$0].reduce(0, +) - 1 }
  }

  public func outputChannels(ofBlock index: Int) -> Int { widths[places[index].stage] }
  public func stride(ofBlock index: Int) -> Int { Self.stem << places[index].stage }

  /// No strided convolution is padded, so what does not fill a window is left out.
  public func mapSize(ofBlock index: Int, imageSize: Int, padding: BackbonePadding) -> Int {
    imageSize / stride(ofBlock: index)
  }

  public var stemLayers: [BackboneLayer] {
    tensors("stem.0", [widths[0], 3, Self.stem, Self.stem]) + tensors("stem.1", [widths[0]])
  }

  public func layers(ofBlock index: Int) -> [BackboneLayer] {
    let (width, block) = (outputChannels(ofBlock: index), scope(ofBlock: index))
    let before = downsampling(beforeBlock: index).map { stage in
      let (scope, inputs) = ("stages.\(stage).downsample", widths[stage - 1])
      return tensors(scope + ".0", [inputs]) + tensors(scope + ".1", [width, inputs, 2, 2])
    }
    return (before ?? []) + tensors(block + ".conv_dw", [width, 1, 7, 7])
      + tensors(block + ".norm", [width]) + tensors(block + ".mlp.fc1", [4 * width, width]) + [
        .scaledLinear(
          ScaledLinearParameters(
            name: block + ".mlp.fc2", weightShape: [width, 4 * width], scale: block + ".gamma"))
      ]
  }

  /// Weight and bias.
  private func tensors(_ name: String, _ shape: [Int]) -> [BackboneLayer] {
    [
      .tensor(name: name + ".weight", shape: shape),
      .tensor(name: name + ".bias", shape: [shape[0]]),
    ]
  }

  public func scopes(throughBlock lastBlock: Int) -> [String] {
    let later = lastBlock + 1 < blockCount ? places[lastBlock + 1].stage : depths.count
    return ["stem."] + (0..<later).map { "stages.\($0)." }
  }

  public func network<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> [V] {
    let network = try ConvNeXt(self, taps: taps, parameters: parameters)
    return { try network($0) }
  }
}

/// The trunk of a ConvNeXt, from the stem to its last tap: pictures in, one feature map per tap out. LayerScale
/// is folded into each block's last layer.
///
///     each block: x + fc2(GELU(fc1(LN(7×7 depthwise convolution of x))))
public struct ConvNeXt<V: Value> {
  public let specification: ConvNeXtSpecification
  /// The blocks whose outputs are returned, ascending.
  public let taps: [Int]
  private let stem: Convolution<V>
  private let norm: LayerNorm<V>
  private let blocks: [Block]

  /// - Throws: ``BackboneError`` for taps that do not exist; what the source of parameters throws.
  public init(
    _ specification: ConvNeXtSpecification, taps: [Int]? = nil, parameters: Parameters<V>
  ) throws {
    let taps = taps ?? specification.defaultTaps
    try specification.check(taps: taps)
    self.specification = specification
    self.taps = taps
    let (width, side) = (specification.widths[0], ConvNeXtSpecification.stem)
    stem = try Convolution(
      parameters.scope("stem.0"), shape: [width, 3, side, side], stride: side)
    norm = try LayerNorm(
      parameters.scope("stem.1"), width: width, epsilon: ConvNeXtSpecification.epsilon)
    blocks = try (0...(taps.last ?? 0)).map { try Block(specification, $0, parameters) }
  }

  /// - Parameter pictures: `[batch, 3, height, width]`, normalised.
  /// - Returns: for each tap `[batch, channels, height / stride, width / stride]`, sizes rounded down.
  /// - Throws: ``BackboneError`` when the pictures do not have that shape; what the engine throws.
  public func callAsFunction(_ pictures: V) throws -> [V] {
    guard pictures.shape.count == 4, pictures.shape[1] == 3 else {
      throw BackboneError(
        "\(specification.name) was given the shape \(pictures.shape); "
          + "[batch, 3, height, width] is needed")
    }
    var map = try norm(stem(pictures).channelsLast()).channelsFirst()
    var levels: [V] = []
    for (index, block) in blocks.enumerated() {
      map = try block(map)
      if taps.contains(index) { levels.append(map) }
    }
    return levels
  }

  private struct Block {
    /// Norm and 2×2 convolution of stride 2, at the beginning of a stage.
    let downsampling: (norm: LayerNorm<V>, convolution: Convolution<V>)?
    let depthwise: Convolution<V>
    let norm: LayerNorm<V>
    let first: Linear<V>
    let second: Linear<V>

    init(
      _ specification: ConvNeXtSpecification, _ index: Int, _ parameters: Parameters<V>
    ) throws {
      let width = specification.outputChannels(ofBlock: index)
      let epsilon = ConvNeXtSpecification.epsilon
      downsampling = try specification.downsampling(beforeBlock: index).map { stage in
        let (scope, inputs) = (
          parameters.scope("stages.\(stage).downsample"), specification.widths[stage - 1]
        )
        return (
          try LayerNorm(scope.scope("0"), width: inputs, epsilon: epsilon),
          try Convolution(scope.scope("1"), shape: [width, inputs, 2, 2], stride: 2)
        )
      }
      let block = parameters.scope(specification.scope(ofBlock: index))
      depthwise = try Convolution(
        block.scope("conv_dw"), shape: [width, 1, 7, 7], padding: 3, groups: width)
      norm = try LayerNorm(block.scope("norm"), width: width, epsilon: epsilon)
      first = try Linear(block.scope("mlp.fc1"), from: width, to: 4 * width)
      second = try Linear(block.scope("mlp.fc2"), from: 4 * width, to: width)
    }

    func callAsFunction(_ input: V) throws -> V {
      let map =
        try downsampling.map { try $0.convolution($0.norm(input.channelsLast()).channelsFirst()) }
        ?? input
      let inner = try first(norm(depthwise(map).channelsLast())).gelu()
      return try map + second(inner).channelsFirst()
    }
  }
}

extension Value {
  /// `[batch, C, h, w] → [batch, h, w, C]`.
  fileprivate func channelsLast() throws -> Self { try permuted([0, 2, 3, 1]) }
  /// `[batch, h, w, C] → [batch, C, h, w]`.
  fileprivate func channelsFirst() throws -> Self { try permuted([0, 3, 1, 2]) }
}
