/// A backbone as data, of whichever family: what a trunk, the names of its parameters and the check of
/// a weights file need to know. Blocks are counted over the whole network, from 0.
public protocol BackboneSpecification: Sendable {
  /// As recipes name it: `efficientnet-b4`, `resnet18`, `dinov2_vits14`.
  var name: String { get }
  /// Input pictures' normalisation, as the network was trained.
  var normalization: PictureNormalization { get }
  var blockCount: Int { get }
  /// The blocks whose outputs are used when nobody says otherwise; of a hierarchical network the last one
  /// is at stride 16.
  var defaultTaps: [Int] { get }
  /// The levels that these blocks make up.
  var defaultLevels: LevelTaps { get }
  /// Whether later blocks have larger strides. The blocks of a plain vision transformer all have one.
  var isHierarchical: Bool { get }
  /// Tokens that are no patches, a vision transformer's class token and registers; 0 for other networks.
  var prefixTokens: Int { get }

  func outputChannels(ofBlock index: Int) -> Int
  /// How many times smaller block `index`'s output is than the picture.
  func stride(ofBlock index: Int) -> Int
  /// Side of the map that block `index` gives for square pictures of `imageSize` pixels, and as well one
  /// side of a map of pictures that are not square.
  func mapSize(ofBlock index: Int, imageSize: Int, padding: BackbonePadding) -> Int
  /// Why pictures cannot have a side of so many pixels; nil when they can.
  func problem(ofPictureSide side: Int) -> String?
  /// The levels for a method that asks for one at each of `strides`.
  ///
  /// - Throws: ``BackboneError`` for a stride that no block has.
  func levels(atStrides strides: [Int]) throws -> LevelTaps

  /// What comes before the first block, in the order of the forward pass.
  var stemLayers: [BackboneLayer] { get }
  /// The block's layers, in the order of the forward pass.
  func layers(ofBlock index: Int) -> [BackboneLayer]
  /// Prefixes of the names of everything that belongs to the stem and to the stages that end with
  /// `lastBlock` or before it.
  func scopes(throughBlock lastBlock: Int) -> [String]

  /// The network with its weights, from normalised pictures `[batch, 3, H, W]` to one map
  /// `[batch, C, h, w]` for each tap.
  ///
  /// - Parameters:
  ///   - taps: blocks, ascending.
  ///   - padding: for networks that were trained with TensorFlow's; others have their own.
  ///   - parameters: source of what `parameterShapes(throughBlock:)` lists.
  func network<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> [V]

  /// The same with ``prefixTokens`` beside each map, `[batch, prefixTokens, C]`: as many as maps, or none
  /// where the network has no such tokens.
  func tokenNetwork<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> (maps: [V], prefixes: [V])
}

extension BackboneSpecification {
  public var defaultLevels: LevelTaps { LevelTaps(defaultTaps) }
  public var isHierarchical: Bool { true }
  public var prefixTokens: Int { 0 }
  public func problem(ofPictureSide side: Int) -> String? { nil }

  public func levels(atStrides strides: [Int]) throws -> LevelTaps {
    LevelTaps(try taps(atStrides: strides))
  }

  public func tokenNetwork<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> (maps: [V], prefixes: [V]) {
    let network = try network(taps: taps, padding: padding, parameters: parameters)
    return { (try network($0), []) }
  }

  /// - Throws: ``BackboneError`` unless `taps` are blocks of this network in ascending order.
  public func check(taps: [Int]) throws {
    guard let first = taps.first, let last = taps.last else {
      throw BackboneError("\(name) needs at least one tap; its default is \(defaultLevels)")
    }
    guard first >= 0, last < blockCount, zip(taps, taps.dropFirst()).allSatisfy(<) else {
      throw BackboneError(
        "\(name) has the blocks 0 to \(blockCount - 1); the taps \(taps) must be among them, "
          + "ascending (default \(defaultLevels))")
    }
  }

  /// - Throws: ``BackboneError`` unless `levels` are made of blocks of this network, levels and the blocks
  ///   within them ascending, and all blocks of a level give maps of one shape.
  public func check(levels: LevelTaps) throws {
    try check(taps: levels.groups.compactMap(\.first))
    for group in levels.groups {
      try check(taps: group)
      let shapes = Set(group.map { [outputChannels(ofBlock: $0), stride(ofBlock: $0)] })
      guard shapes.count == 1 else {
        throw BackboneError(
          "the blocks \(group) of \(name) do not give maps of one size, so they have no mean; a level of "
            + "this network is one block")
      }
    }
  }

  /// The last block at each of `strides`.
  ///
  /// - Throws: ``BackboneError`` for a stride that no block has.
  public func taps(atStrides strides: [Int]) throws -> [Int] {
    try strides.map { stride in
      guard let block = (0..<blockCount).last(where: { self.stride(ofBlock: $0) == stride }) else {
        throw BackboneError("\(name) has no block at stride \(stride)")
      }
      return block
    }
  }

  /// Every layer from the stem to block `lastBlock`, in the order of the forward pass.
  public func layers(throughBlock lastBlock: Int) -> [BackboneLayer] {
    stemLayers + (0...lastBlock).flatMap { layers(ofBlock: $0) }
  }

  /// Shapes of the parameters that the network asks for when its last tap is `lastBlock`, by name: what is
  /// folded into them is left out.
  public func parameterShapes(throughBlock lastBlock: Int) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for layer in layers(throughBlock: lastBlock) {
      for parameter in layer.parameters { shapes[parameter.name] = parameter.shape }
    }
    return shapes
  }
}

/// A backbone whose weights are those of convolutions, each perhaps followed by a batch norm.
public protocol ConvolutionalBackbone: BackboneSpecification {
  /// ε of the batch norms.
  var epsilon: Double { get }
  /// The convolutions before the first block, in the order of the forward pass.
  var stemConvolutions: [ConvolutionParameters] { get }
  /// The block's convolutions, in the order of the forward pass.
  func convolutions(ofBlock index: Int) -> [ConvolutionParameters]
}

extension ConvolutionalBackbone {
  public var stemLayers: [BackboneLayer] {
    stemConvolutions.map { .convolution($0, epsilon: epsilon) }
  }

  public func layers(ofBlock index: Int) -> [BackboneLayer] {
    convolutions(ofBlock: index).map { .convolution($0, epsilon: epsilon) }
  }

  /// Every convolution from the stem to block `lastBlock`, in the order of the forward pass.
  public func convolutions(throughBlock lastBlock: Int) -> [ConvolutionParameters] {
    stemConvolutions + (0...lastBlock).flatMap { convolutions(ofBlock: $0) }
  }
}

/// The backbones that can be built.
public enum Backbones {
  public static let all: [any BackboneSpecification] =
    efficientNets + resNets + visionTransformers + convNeXts
  private static let efficientNets: [any BackboneSpecification] = EfficientNetSpecification.all
  private static let resNets: [any BackboneSpecification] = ResNetSpecification.all
  private static let visionTransformers: [any BackboneSpecification] =
    VisionTransformerSpecification.all
  private static let convNeXts: [any BackboneSpecification] = ConvNeXtSpecification.all

  /// The backbone called `name`, or `nil` when there is none.
  public static func named(_ name: String) -> (any BackboneSpecification)? {
    all.first { $0.name == name }
  }
}

/// For which picture size strided convolutions are padded.
///
/// TensorFlow's rule SAME pads a strided convolution by the size of its input, more at the right and
/// bottom when the amount is odd. The two readings differ where that size differs: for B4 at 224
/// pixels only in the 5×5 convolution of block 6, but visibly in every feature after it.
public enum BackbonePadding: String, SettingChoice {
  /// As for the network's nominal resolution, whatever the picture's size (UniAD, RAS).
  case nominal = "static"
  /// As for the actual size (RLR; the weights' original training).
  case dynamic

  /// The padding of one axis whose size is `size`: before and after.
  package static func same(size: Int, kernel: Int, stride: Int) -> (before: Int, after: Int) {
    let output = (size + stride - 1) / stride
    let total = max(0, (output - 1) * stride + kernel - size)
    return (total / 2, total - total / 2)
  }

  /// The padding of a map of `height × width`.
  static func same(height: Int, width: Int, kernel: Int, stride: Int) -> Padding {
    let vertical = same(size: height, kernel: kernel, stride: stride)
    let horizontal = same(size: width, kernel: kernel, stride: stride)
    return Padding(
      top: vertical.before, left: horizontal.before, bottom: vertical.after,
      right: horizontal.after)
  }
}

/// What a backbone expects of its pictures: `(value − mean) / deviation`, per channel, for RGB values
/// from 0 to 255.
public struct PictureNormalization: Sendable, Equatable {
  /// One number per channel, in units of 0–255.
  public let mean: [Float]
  public let deviation: [Float]

  public init(mean: [Float], deviation: [Float]) {
    (self.mean, self.deviation) = (mean, deviation)
  }

  /// Mean (.485, .456, .406) and deviation (.229, .224, .225) of values scaled to [0, 1].
  public static let imageNet = PictureNormalization(
    mean: [0.485, 0.456, 0.406].map { Float(255 * $0) },
    deviation: [0.229, 0.224, 0.225].map { Float(255 * $0) })

  /// Mean and deviation ½ of values scaled to [0, 1], as Inception had it and timm's ViTs.
  public static let inception = PictureNormalization(
    mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5])

  /// (value − 127) / 128 in every channel.
  public static let efficientNetLite = PictureNormalization(
    mean: [127, 127, 127], deviation: [128, 128, 128])

  /// Pictures as a backbone takes them.
  ///
  /// - Parameter pictures: `[batch, height, width, 3]`, 8-bit or floating point, RGB from 0 to 255.
  /// - Returns: `[batch, 3, height, width]`, floating point.
  /// - Throws: ``BackboneError`` when the pictures do not have that shape; what the engine throws.
  public func normalized<V: Value>(_ pictures: V) throws -> V {
    guard pictures.shape.count == 4, pictures.shape[3] == mean.count else {
      throw BackboneError(
        "pictures have the shape \(pictures.shape); [batch, height, width, \(mean.count)] is needed"
      )
    }
    let planes = try pictures.toFloat().permuted([0, 3, 1, 2])
    let channels = [1, mean.count, 1, 1]
    let scale = try planes.constant(deviation.map { 1 / $0 }, shape: channels)
    let offset = try planes.constant(zip(mean, deviation).map { -$0 / $1 }, shape: channels)
    return try planes * scale + offset
  }
}

/// A backbone that cannot be built, or pictures that it cannot take.
public struct BackboneError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
