/// Everything that shapes a feature decoder.
public struct FeatureDecoderConfiguration: Codable, Equatable, Sendable {
  /// Of the feature maps that are decoded.
  public var levels: [MapShape]
  /// The grid on which the levels come together: the finest one's, as far as that is useful.
  public let grid: Grid
  /// How often the grid is doubled on the way to the picture.
  public let doublings: Int

  /// The longest side of a decoded picture, in pixels: enough to recognise a thing by, and no more
  /// than features have in them.
  public static let largestSide = 128

  /// - Parameters:
  ///   - levels: the maps that the method sees, one or more.
  ///   - imageSize: side of the pictures that they are of; decoded ones are no larger.
  public init(levels: [MapShape], imageSize: Int) {
    self.levels = levels
    let limit = max(2, min(Self.largestSide, imageSize))
    let finest = levels.map(\.grid).max { $0.count < $1.count } ?? Grid(height: 1, width: 1)
    grid = Grid(height: min(finest.height, limit / 2), width: min(finest.width, limit / 2))
    var doublings = 1
    while max(grid.height, grid.width) << (doublings + 1) <= limit { doublings += 1 }
    self.doublings = doublings
  }

  /// Size of a decoded picture, in pixels.
  public var size: Grid {
    Grid(height: grid.height << doublings, width: grid.width << doublings)
  }

  /// Channels at each grid, from the levels' to the last before the picture's.
  var widths: [Int] {
    (0..<doublings).map { step in
      switch max(grid.height, grid.width) << step {
      case ...16: 128
      case ...32: 96
      default: 48
      }
    }
  }
}

/// Turns a trunk's features back into pictures, so that people see what features say: those of a
/// picture, and those that a method takes for normal instead. The papers show such pictures (UniAD's
/// and RAS's figures) and do not print the network; this one is small enough to be trained in minutes
/// on a processor.
///
///     x = Σ_levels resize(1×1 convolution)           the levels on one grid
///     at each grid: x + conv(GELU(conv(GELU(x))))    3×3
///     between two:  1×1 convolution, resize to twice the grid
///     last:         3×3 convolution to 2×2 pixels of RGB a token, sigmoid
public struct FeatureDecoder<V: Value> {
  public let configuration: FeatureDecoderConfiguration
  private let levels: [Convolution]
  private let stages: [Stage]
  private let widenings: [Convolution]
  private let output: Convolution

  public init(
    _ configuration: FeatureDecoderConfiguration, _ parameters: Parameters<V>
  ) throws {
    let widths = configuration.widths
    guard let first = widths.first, let last = widths.last, !configuration.levels.isEmpty else {
      throw NetworkError("a decoder needs at least one feature map")
    }
    self.configuration = configuration
    levels = try configuration.levels.enumerated().map { index, level in
      try Convolution(
        parameters.scope("levels.\(index)"), from: level.channels, to: first, kernel: 1)
    }
    stages = try widths.enumerated().map { index, width in
      try Stage(parameters.scope("stages.\(index)"), width: width)
    }
    widenings = try zip(widths, widths.dropFirst()).enumerated().map { index, pair in
      try Convolution(
        parameters.scope("widenings.\(index)"), from: pair.0, to: pair.1, kernel: 1)
    }
    output = try Convolution(parameters.scope("output"), from: last, to: 12, kernel: 3)
  }

  /// - Parameter features: one map `[batch, C, h, w]` for each level of the configuration, each
  ///   channel about standardised.
  /// - Returns: pictures `[batch, 3, height, width]` of the configuration's size, RGB from 0 to 1.
  public func callAsFunction(_ features: [V]) throws -> V {
    guard features.count == levels.count else {
      throw NetworkError(
        "a decoder of \(levels.count) levels was given \(features.count) feature maps")
    }
    var x: V?
    for (level, map) in zip(levels, features) {
      let part = try level(map).onto(configuration.grid)
      x = try x.map { try $0 + part } ?? part
    }
    guard var x else { throw NetworkError("a decoder needs at least one feature map") }
    var grid = configuration.grid
    for (index, stage) in stages.enumerated() {
      if index > 0 {
        grid = Grid(height: 2 * grid.height, width: 2 * grid.width)
        x = try widenings[index - 1](x).onto(grid)
      }
      x = try stage(x)
    }
    return try output(x.gelu()).unfolded().sigmoid()
  }
}

extension FeatureDecoder {
  /// A convolution, padded so that the grid stays.
  private struct Convolution {
    let weight: V
    let bias: V
    let kernel: Int

    init(
      _ parameters: Parameters<V>, from inputs: Int, to outputs: Int, kernel: Int,
      initializer: Initializer? = nil
    ) throws {
      weight = try parameters(
        "weight", [outputs, inputs, kernel, kernel],
        initializer ?? .fanInUniform(inputs * kernel * kernel))
      bias = try parameters("bias", [outputs], .zeros)
      self.kernel = kernel
    }

    func callAsFunction(_ map: V) throws -> V {
      let edge = kernel / 2
      return try map.convolution(
        weight: weight, bias: bias, stride: 1,
        padding: Padding(top: edge, left: edge, bottom: edge, right: edge), groups: 1)
    }
  }

  /// What is done at one grid: a residual, which begins as nothing.
  private struct Stage {
    let first: Convolution
    let second: Convolution

    init(_ parameters: Parameters<V>, width: Int) throws {
      first = try Convolution(
        parameters.scope("first"), from: width, to: width, kernel: 3,
        initializer: .kaimingNormal(fanIn: 9 * width))
      second = try Convolution(
        parameters.scope("second"), from: width, to: width, kernel: 3, initializer: .zeros)
    }

    func callAsFunction(_ map: V) throws -> V {
      try map + second(first(map.gelu()).gelu())
    }
  }
}

extension Value {
  fileprivate func onto(_ grid: Grid) throws -> Self {
    guard shape[2] != grid.height || shape[3] != grid.width else { return self }
    return try resized(height: grid.height, width: grid.width)
  }

  /// Four values a channel as 2×2 pixels: `[batch, 4·C, H, W]` → `[batch, C, 2H, 2W]`.
  fileprivate func unfolded() throws -> Self {
    let (batch, channels, height, width) = (shape[0], shape[1] / 4, shape[2], shape[3])
    return try reshaped([batch, channels, 2, 2, height, width]).permuted([0, 1, 4, 2, 5, 3])
      .reshaped([batch, channels, 2 * height, 2 * width])
  }
}
