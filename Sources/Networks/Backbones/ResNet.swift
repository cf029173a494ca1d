/// The trunk of a ResNet, from the stem to its last tap: pictures in, one feature map per tap out.
/// Batch norms are folded into the convolutions.
public struct ResNet<V: Value> {
  public let specification: ResNetSpecification
  /// The blocks whose outputs are returned, ascending.
  public let taps: [Int]
  private let stem: Convolution
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
      parameters.scope("conv1"), shape: [ResNetSpecification.stemChannels, 3, 7, 7], stride: 2)
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

  /// A convolution with its folded batch norm, padded evenly by half its kernel.
  private struct Convolution {
    let weight: V
    let bias: V
    let stride: Int
    let padding: Padding

    init(_ parameters: Parameters<V>, shape: [Int], stride: Int) throws {
      let fanIn = shape[1] * shape[2] * shape[3]
      weight = try parameters("weight", shape, .kaimingNormal(fanIn: fanIn))
      bias = try parameters("bias", [shape[0]], .zeros)
      self.stride = stride
      let half = shape[2] / 2
      padding = Padding(top: half, left: half, bottom: half, right: half)
    }

    func callAsFunction(_ map: V) throws -> V {
      try map.convolution(
        weight: weight, bias: bias, stride: stride, padding: padding, groups: 1)
    }
  }

  private struct Block {
    let path: [Convolution]
    let projection: Convolution?

    init(_ block: ResNetBlock, _ parameters: Parameters<V>) throws {
      path = try block.path.map {
        try Convolution(parameters.scope($0.name), shape: $0.shape, stride: $0.stride)
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
