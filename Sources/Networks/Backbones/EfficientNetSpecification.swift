/// EfficientNet as data: what each block is, counted from the stem outwards. The network
/// (``EfficientNet``), the names of its parameters and the check of a weights file all read this.
///
/// B0–B7: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
/// (2019). Lite0–Lite4: the variant without squeeze-and-excitation and with ReLU6, whose stem keeps
/// its width and whose first and last stage keep their depth at every size.
public struct EfficientNetSpecification: Sendable, Equatable {
  public enum Family: String, Sendable {
    /// B0–B7: SiLU and squeeze-and-excitation.
    case standard
    /// Lite0–Lite4: ReLU6, nothing else.
    case lite
  }

  /// `efficientnet-b4`, `efficientnet-lite0`, …
  public let name: String
  public let family: Family
  /// The side, in pixels, of the pictures that the network was designed for.
  public let nominalResolution: Int
  /// Channels after the stem (3×3, stride 2).
  public let stemChannels: Int
  /// Every block in order; `blocks[k].index == k`.
  public let blocks: [EfficientNetBlock]

  /// All thirteen networks, Lite0–Lite4 and then B0–B7.
  public static let all: [EfficientNetSpecification] =
    lites.map { EfficientNetSpecification(family: .lite, scaling: $0) }
    + standards.map { EfficientNetSpecification(family: .standard, scaling: $0) }

  /// The network called `name`, or `nil` when there is none.
  public static func named(_ name: String) -> EfficientNetSpecification? {
    all.first { $0.name == name }
  }

  /// The last block at each stride, from stride 2 to stride 32. Block counts start at 0.
  public var lastBlockAtEachStride: [Int] {
    let beforeStrideChange = blocks.indices.dropFirst().filter { blocks[$0].stride == 2 }
    return beforeStrideChange.map { $0 - 1 } + [blocks.count - 1]
  }

  /// The blocks whose outputs are used when nobody says otherwise: the last one at strides 2, 4, 8
  /// and 16 (B4: 1, 5, 9, 21; Lite0: 0, 2, 4, 10).
  public var defaultTaps: [Int] { Array(lastBlockAtEachStride.prefix(4)) }

  /// The last block at each of `strides`; throws for a stride that no block has.
  public func taps(atStrides strides: [Int]) throws -> [Int] {
    try strides.map { stride in
      guard let block = lastBlockAtEachStride.first(where: { self.stride(ofBlock: $0) == stride })
      else { throw NetworkError("\(name) has no block at stride \(stride)") }
      return block
    }
  }

  /// How many times smaller block `index`'s output is than the picture.
  public func stride(ofBlock index: Int) -> Int {
    blocks[...index].reduce(2) { $0 * $1.stride }
  }

  /// Input pictures' normalisation, as the network was trained.
  public var normalization: PictureNormalization {
    family == .lite ? .efficientNetLite : .imageNet
  }
}

/// One block: a depthwise-separable convolution (first stage) or an inverted residual.
public struct EfficientNetBlock: Sendable, Equatable {
  /// Counted over the whole network, from 0.
  public let index: Int
  /// Stage, and place within it, as in the parameter names `blocks.<stage>.<place>`.
  public let stage: Int
  public let place: Int
  public let inputChannels: Int
  /// Channels of the depthwise convolution: the input's, times the expansion ratio.
  public let expandedChannels: Int
  public let outputChannels: Int
  /// Of the depthwise convolution.
  public let kernel: Int
  public let stride: Int
  /// Channels inside squeeze-and-excitation; `nil` where there is none.
  public let squeezedChannels: Int?

  public var hasExpansion: Bool { expandedChannels != inputChannels }
  /// Whether the block's input is added to its output.
  public var hasSkip: Bool { stride == 1 && inputChannels == outputChannels }
}

/// How one member of a family is scaled from its smallest.
private struct Scaling: Sendable {
  let name: String
  let width: Double
  let depth: Double
  let resolution: Int
}

private let standards = [
  Scaling(name: "efficientnet-b0", width: 1.0, depth: 1.0, resolution: 224),
  Scaling(name: "efficientnet-b1", width: 1.0, depth: 1.1, resolution: 240),
  Scaling(name: "efficientnet-b2", width: 1.1, depth: 1.2, resolution: 260),
  Scaling(name: "efficientnet-b3", width: 1.2, depth: 1.4, resolution: 300),
  Scaling(name: "efficientnet-b4", width: 1.4, depth: 1.8, resolution: 380),
  Scaling(name: "efficientnet-b5", width: 1.6, depth: 2.2, resolution: 456),
  Scaling(name: "efficientnet-b6", width: 1.8, depth: 2.6, resolution: 528),
  Scaling(name: "efficientnet-b7", width: 2.0, depth: 3.1, resolution: 600),
]

private let lites = [
  Scaling(name: "efficientnet-lite0", width: 1.0, depth: 1.0, resolution: 224),
  Scaling(name: "efficientnet-lite1", width: 1.0, depth: 1.1, resolution: 240),
  Scaling(name: "efficientnet-lite2", width: 1.1, depth: 1.2, resolution: 260),
  Scaling(name: "efficientnet-lite3", width: 1.2, depth: 1.4, resolution: 280),
  Scaling(name: "efficientnet-lite4", width: 1.4, depth: 1.8, resolution: 300),
]

/// One stage of the smallest network.
private struct Stage: Sendable {
  let repeats: Int
  let kernel: Int
  let stride: Int
  let expansion: Int
  let channels: Int
}

private let stages = [
  Stage(repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16),
  Stage(repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24),
  Stage(repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40),
  Stage(repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80),
  Stage(repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112),
  Stage(repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192),
  Stage(repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320),
]

extension EfficientNetSpecification {
  fileprivate init(family: Family, scaling: Scaling) {
    let isLite = family == .lite
    let stem = isLite ? 32 : Self.rounded(32, times: scaling.width)
    var blocks: [EfficientNetBlock] = []
    var channels = stem
    for (number, stage) in stages.enumerated() {
      let keepsDepth = isLite && (number == 0 || number == stages.count - 1)
      let scaled = (Double(stage.repeats) * scaling.depth).rounded(.up)
      let output = Self.rounded(stage.channels, times: scaling.width)
      for place in 0..<(keepsDepth ? stage.repeats : Int(scaled)) {
        blocks.append(
          EfficientNetBlock(
            index: blocks.count, stage: number, place: place, inputChannels: channels,
            expandedChannels: channels * stage.expansion, outputChannels: output,
            kernel: stage.kernel, stride: place == 0 ? stage.stride : 1,
            // The ratio .25 is of the block's input, not of its expanded channels.
            squeezedChannels: isLite ? nil : max(1, channels / 4)))
        channels = output
      }
    }
    self.init(
      name: scaling.name, family: family, nominalResolution: scaling.resolution,
      stemChannels: stem, blocks: blocks)
  }

  /// The multiple of 8 nearest to `channels · width`, at least 8, and never more than 10 % below.
  private static func rounded(_ channels: Int, times width: Double) -> Int {
    let exact = Double(channels) * width
    let nearest = max(8, Int(exact + 4) / 8 * 8)
    return Double(nearest) < 0.9 * exact ? nearest + 8 : nearest
  }
}
